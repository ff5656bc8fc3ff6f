"""What systems do differently about processes, threads and signals, but for the embedded core's pipes. Linux is tested.

It is imported at every start, so it imports nothing that `threading` has not imported already.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

TYPE_CHECKING = False  # importing `typing` would cost more than the rest of this module
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

if sys.platform == "win32":
    _CREATE_NEW_PROCESS_GROUP = 0x200  # processthreadsapi.h; `subprocess` has them too, but is slow to import
    _DETACHED_PROCESS = 0x8

    OUT_OF_REACH: dict[str, Any] = {"creationflags": _CREATE_NEW_PROCESS_GROUP}
    """See the other definition."""
    ON_ITS_OWN: dict[str, Any] = {"creationflags": _CREATE_NEW_PROCESS_GROUP | _DETACHED_PROCESS}
    """See the other definition."""

    def block_ctrl_c() -> None:
        """See the other definition: Ctrl-C is handled by the main thread alone here."""

    def after_fork(_run: Callable[[], None]) -> None:
        """See the other definition: processes are not forked here."""

else:
    OUT_OF_REACH: dict[str, Any] = {"process_group": 0}
    """Arguments of Popen for a child that Ctrl-C does not reach: that is for the parent, which ends the child."""
    ON_ITS_OWN: dict[str, Any] = {"start_new_session": True}
    """Arguments of Popen for a program of the user's, which lives on when this process and its terminal end."""

    def block_ctrl_c() -> None:
        """Have SIGINT go to other threads than this one and those that it starts, also in C++."""
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})

    def after_fork(run: Callable[[], None]) -> None:
        """Have this run in processes that are forked from this one."""
        os.register_at_fork(after_in_child=run)


def lower_priority(niceness: int) -> None:
    """Raise the niceness of this thread. Only on Linux: elsewhere the same call applies to the whole process."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        try:
            os.setpriority(os.PRIO_PROCESS, thread, max(niceness, os.getpriority(os.PRIO_PROCESS, thread)))
        except OSError:  # a sandbox may forbid it
            return
