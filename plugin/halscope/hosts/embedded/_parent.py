"""Ends the child with its parent, also while a core does not return; what platforms do differently is in this file."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from typing import Final

_TIME_TO_CLOSE: Final = 3.0  # seconds for the main thread, which sees its pipe end, to unload the core


def end_with_parent(requests: int, folder: str) -> None:
    """End this process soon after its parent closes the pipe of requests, or is gone.

    Args:
        requests: Descriptor of the pipe, which the main thread reads.
        folder: A folder to remove first.
    """
    threading.Thread(target=_watch, args=(requests, folder), daemon=True, name="parent").start()


def _watch(requests: int, folder: str) -> None:
    _wait_for_end(requests)
    time.sleep(_TIME_TO_CLOSE)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


if sys.platform == "win32":
    import _winapi

    _SYNCHRONIZE: Final = 0x100000

    def _wait_for_end(requests: int) -> None:  # noqa: ARG001 - a pipe cannot be waited for here
        parent = _winapi.OpenProcess(_SYNCHRONIZE, False, os.getppid())
        _winapi.WaitForSingleObject(parent, _winapi.INFINITE)

else:
    import select

    def _wait_for_end(requests: int) -> None:
        """Wait until the pipe's other end is closed, without reading from it."""
        poll = select.poll()
        poll.register(requests, 0)  # POLLHUP and POLLERR are always reported
        poll.poll()
