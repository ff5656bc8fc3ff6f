"""The pools of a session: one for frames and scans, one for previews; or one that runs each job at once."""

from __future__ import annotations

import os
import weakref
from typing import TYPE_CHECKING, Final

from halscope.session._jobs import Job
from halscope.session._pool import Executor, InlinePool, Pool
from halscope.session._threads import PREFIX

if TYPE_CHECKING:
    from halscope.session._engine import Engine

FEWEST_WORKERS: Final = 2
MOST_WORKERS: Final = 8
PREVIEW_WORKERS: Final = 1


def make_pools(engine: weakref.ref[Engine], workers: int | None, *, threads: bool) -> tuple[Executor, Executor]:
    """Return the codec pool and the preview pool, which report to the engine; without threads they are the same.

    They hold the engine weakly, because an idle worker keeps its pool alive.
    """

    def failed(job: Job[object], error: BaseException, text: str) -> None:
        if (alive := engine()) is not None:
            alive.job_failed(job, error, text)

    def progressed(job: Job[object]) -> None:
        if (alive := engine()) is not None:
            alive.job_progressed(job)

    if not threads:
        inline = InlinePool(PREFIX + "inline", on_failed=failed, on_progress=progressed)
        return inline, inline
    count = workers or min(MOST_WORKERS, max(FEWEST_WORKERS, os.cpu_count() or FEWEST_WORKERS))
    codec = Pool(PREFIX + "codec", count, on_failed=failed, on_progress=progressed, live_reserve=1)
    preview = Pool(PREFIX + "preview", PREVIEW_WORKERS, on_failed=failed, on_progress=progressed, live_reserve=0)
    return codec, preview
