"""The running core's own copy of the ROM, found through its memory maps and compared byte by byte before use."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def find_rom(pointers: Iterable[int], rom: bytes) -> NDArray[np.uint8] | None:
    """Return the core's copy of the ROM as a writable view, or `None` if no pointer leads to one.

    Args:
        pointers: Addresses in this process where the image may begin. They may be unmapped.
        rom: The headerless image. The core's copy must equal it in full.
    """
    for address in pointers:
        if _read(address, len(rom)) == rom:
            return np.frombuffer((ctypes.c_uint8 * len(rom)).from_address(address), np.uint8)
    return None


def _read(address: int, size: int) -> bytes | None:
    """Read this process's memory without crashing on unmapped addresses; `None` where that is not possible."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        with Path("/proc/self/mem").open("rb", buffering=0) as memory:
            memory.seek(address)
            return memory.read(size)
    except (OSError, OverflowError, ValueError):
        return None
