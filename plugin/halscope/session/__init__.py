"""The session: snapshots in, frames, origins and patches out.

The only room with threads. Locks: each guards one object (a pool's queues, a job's state, a watch's heap, a list of
durations) for a few lines. No thread of `_jobs`, `_workers`, `_pool`, `_watch` and `_stats` takes a second one while it
holds one, so these have no order; none is held while anything foreign is called: work, callbacks, hooks, destructors.
"""

from halscope.session._cancel import CancelToken
from halscope.session._jobs import Job, JobContext, JobState, JobTimeoutError, Priority, Progress, Work
from halscope.session._pool import Executor, InlinePool, Pool
from halscope.session._session import Dispatch, Locate, Session, Update
from halscope.session._stats import Latencies, Percentiles, PoolStats
from halscope.session._workers import PhaseSeconds, PoolStoppedError, StopReport

__all__ = [
    "CancelToken",
    "Dispatch",
    "Executor",
    "InlinePool",
    "Job",
    "JobContext",
    "JobState",
    "JobTimeoutError",
    "Latencies",
    "Locate",
    "Percentiles",
    "PhaseSeconds",
    "Pool",
    "PoolStats",
    "PoolStoppedError",
    "Priority",
    "Progress",
    "Session",
    "StopReport",
    "Update",
    "Work",
]
