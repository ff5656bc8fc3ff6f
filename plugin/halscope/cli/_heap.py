"""The memory of a command that runs for hours."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

_M_ARENA_MAX: Final = -8  # glibc, malloc.h


def share_one_heap() -> None:
    """Have all threads that are started from now on allocate from the same heap, where this is glibc's.

    It gives each thread a heap of its own otherwise, and what is free in one is of no use to the others: of a session's
    twenty threads each would keep what it once needed most.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:  # musl has none
            mallopt(_M_ARENA_MAX, 1)
