"""Background work during a game: at low priority, on one core less than the machine has."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from typing import Final

from halscope._processes import lower_priority
from halscope.session import CancelToken, new_thread

log: Final = logging.getLogger("halscope.app")

NICENESS: Final = 10
"""Niceness of background threads: a tenth of the game's share where both compete for one core."""
ANSWER_SECONDS: Final = 1.0
"""How long cancelled work may take to stop, in seconds."""
_LOOK_SECONDS: Final = 0.02
"""Interval between two checks of the token, in seconds."""


def background_threads() -> int:
    """Number of threads for background work: one less than the machine has cores, and at least one."""
    return max(1, (os.cpu_count() or 1) - 1)


def in_background[T](work: Callable[[], T], token: CancelToken | None = None) -> T:
    """Run `work` on a thread of low priority, wait for it, and return its result or raise its exception.

    The work gets a thread of its own, because an unprivileged thread cannot raise its priority again: a pool's worker
    would stay slow. On Linux, threads that the work starts, also in C++, inherit the priority; on other systems the
    priority is unchanged.

    Args:
        work: The work; it checks the token frequently.
        token: Cancels the work; `None` if it is never cancelled.

    Raises:
        CancelledError: The token was cancelled and the work did not stop within a second. Its thread is abandoned.
    """
    values: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        lower_priority(NICENESS)
        try:
            values.append(work())
        except BaseException as error:  # raised again on the caller's thread
            errors.append(error)

    token = CancelToken() if token is None else token
    thread = new_thread(f"{threading.current_thread().name} background", run)
    try:
        thread.start()
    except RuntimeError:  # the system cannot start another thread
        return work()
    while thread.is_alive() and not token.cancelled:
        thread.join(_LOOK_SECONDS)
    if token.cancelled:
        thread.join(ANSWER_SECONDS)
        if thread.is_alive():
            log.warning("%s did not stop when cancelled (%s) and is abandoned", thread.name, token.reason)
            token.raise_if_cancelled()
    if not errors:
        return values[0]
    try:
        raise errors[0]
    finally:
        errors.clear()  # its traceback refers to this frame
