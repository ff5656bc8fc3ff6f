"""The session: takes snapshots; delivers frames, origins and patches. The only package that uses threads.

State shared by threads is a value in a cell (`_cells`), exclusive access is a right (`_rights`), and pending items are
in a queue (`_queue`). docs/explanation/threads.md shows how they fit together.
"""

from halscope.session._cancel import CancelToken
from halscope.session._decoding import Locate
from halscope.session._delivery import Delivery, Subscription
from halscope.session._errors import forget_frames
from halscope.session._figures import SessionStats, State
from halscope.session._hub import SubscriptionStats
from halscope.session._job_terms import JobState, JobTimeoutError, Priority, Progress, WriteTimeoutError
from halscope.session._jobs import Job, JobContext, Work
from halscope.session._plugin_hooks import Dispatch
from halscope.session._pool import Executor, InlinePool, Pool
from halscope.session._pull import Pull
from halscope.session._session import Session
from halscope.session._stats import Latencies, Percentiles, PoolStats
from halscope.session._stopping import PhaseSeconds, PoolStoppedError, StopReport, exit_left
from halscope.session._taps import Recording, Tap, TapOverflowError, TapStats
from halscope.session._threads import new_thread

__all__ = [
    "CancelToken",
    "Delivery",
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
    "Pull",
    "Recording",
    "Session",
    "SessionStats",
    "State",
    "StopReport",
    "Subscription",
    "SubscriptionStats",
    "Tap",
    "TapOverflowError",
    "TapStats",
    "Work",
    "WriteTimeoutError",
    "exit_left",
    "forget_frames",
    "new_thread",
]
