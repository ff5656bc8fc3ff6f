"""Ends the child with its parent, also while a core does not return."""

from __future__ import annotations

import os
import shutil
import threading
import time
from typing import Final

from halscope.hosts.embedded._platform import wait_for_end

_TIME_TO_CLOSE: Final = 3.0  # seconds for the main thread, which sees its pipe end, to unload the core
_REMOVALS: Final = 20  # Windows removes no folder with an open file in it: that is left to the parent
_REMOVE_AGAIN: Final = 0.005  # seconds


def end_with_parent(requests: int, folder: str) -> None:
    """End this process soon after its parent closes the pipe of requests, or is gone.

    Args:
        requests: Descriptor of the pipe, which the main thread reads.
        folder: A folder to remove first.
    """
    threading.Thread(target=_watch, args=(requests, folder), daemon=True, name="parent").start()


def _watch(requests: int, folder: str) -> None:
    wait_for_end(requests)
    time.sleep(_TIME_TO_CLOSE)
    remove_folder(folder)
    os._exit(1)


def remove_folder(folder: str) -> None:
    """Remove a folder with all that is in it, and what another thread puts into it meanwhile."""
    for _ in range(_REMOVALS):
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.lexists(folder):
            return
        time.sleep(_REMOVE_AGAIN)
