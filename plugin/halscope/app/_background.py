"""Work beside a running game: on fewer cores than there are, and after everything else that wants one."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from collections.abc import Callable
from typing import Final

from halscope.session import CancelToken, new_thread

log: Final = logging.getLogger("halscope.app")

NICENESS: Final = 10
"""Of what is done in the background: a tenth of the game's share where both want one core."""
ANSWER_SECONDS: Final = 1.0
"""How long cancelled work may take to answer."""
_LOOK_SECONDS: Final = 0.02
"""From one look at the token to the next."""


def background_threads() -> int:
    """How many threads work beside a game may fill: one less than there are cores, and at least one."""
    return max(1, (os.cpu_count() or 1) - 1)


def in_background[T](work: Callable[[], T], token: CancelToken | None = None) -> T:
    """Do `work` on a thread of lower priority, wait for it, and give what it gives or raise what it raises.

    A thread without privileges cannot raise its priority again, so a pool's worker would be slow ever after: the work
    gets a thread of its own. On Linux the threads that it begins, in C++ too, inherit the priority; elsewhere all runs
    as usual.

    Args:
        work: Looks at the token by itself, often.
        token: Asks it to stop; `None`: nobody does.

    Raises:
        CancelledError: The token was cancelled, and the work has not answered for a second. It is left behind.
    """
    values: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        _lower_priority()
        try:
            values.append(work())
        except BaseException as error:  # it belongs to the caller
            errors.append(error)

    token = CancelToken() if token is None else token
    thread = new_thread(f"{threading.current_thread().name} background", run)
    try:
        thread.start()
    except RuntimeError:  # the system has no more threads
        return work()
    while thread.is_alive() and not token.cancelled:
        thread.join(_LOOK_SECONDS)
    if token.cancelled:
        thread.join(ANSWER_SECONDS)
        if thread.is_alive():
            log.warning("%s has not answered its cancel (%s) and is left behind", thread.name, token.reason)
            token.raise_if_cancelled()
    if not errors:
        return values[0]
    try:
        raise errors[0]
    finally:
        errors.clear()  # its traceback leads to this frame


def _lower_priority() -> None:
    """Of this thread alone, which only Linux knows: elsewhere the same call means the whole process."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        with contextlib.suppress(OSError):  # a sandbox may forbid it
            os.setpriority(os.PRIO_PROCESS, thread, max(NICENESS, os.getpriority(os.PRIO_PROCESS, thread)))
