"""A memory of the console as the script has sent it so far."""

from __future__ import annotations

import numpy as np
from halscope_hooks import HostGoneError
from numpy.typing import NDArray


class Memory:
    """A memory as the script has sent it so far.

    Args:
        size: Its size in bytes.
    """

    __slots__ = ("_data", "_frozen", "_missing")

    def __init__(self, size: int) -> None:
        self._data = np.zeros(size, np.uint8)
        self._missing = np.ones(size, np.bool_)
        self._frozen: NDArray[np.uint8] | None = None

    def put(self, at: int, data: bytes) -> None:
        end = at + len(data)
        if end > len(self._data):
            raise HostGoneError(f"Mesen sent {len(data)} bytes for {at:#x} of a memory of {len(self._data):#x} bytes")
        self._data[at:end] = np.frombuffer(data, np.uint8)
        self._missing[at:end] = False
        self._frozen = None

    def frozen(self) -> NDArray[np.uint8] | None:
        """Return the memory, read-only, or `None` until all of it has been sent."""
        if self._frozen is None:
            if self._missing.any():
                return None
            self._frozen = self._data.copy()
            self._frozen.flags.writeable = False
        return self._frozen
