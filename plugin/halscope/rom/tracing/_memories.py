"""The memories that graphics are unpacked to, and what arrives in them from one frame to another, in 32-byte units."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from functools import cached_property
from typing import Final, NamedTuple, final

import numpy as np
from halscope_hooks import TILE_BYTES, Snapshot
from numpy.typing import NDArray

import halscope._codec as _codec

_MIX: Final = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x27D4EB2F165667C5], np.uint64
)  # odd, and otherwise arbitrary


class Arrival(NamedTuple):
    """Units of a memory that have changed and are informative.

    Args:
        memory: Name of the memory.
        places: int64[n], byte offsets of the units in the memory, ascending.
        hashes: uint64[n], hashes of their bytes.
    """

    memory: str
    places: NDArray[np.int64]
    hashes: NDArray[np.uint64]


def window_hashes(data: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return the hash of each 32 bytes of `data`, at every alignment: uint64[len - 31].

    Equal bytes have equal hashes. The reverse holds nearly always and has to be checked.
    """
    count = len(data) - TILE_BYTES + 1
    if count <= 0:
        return np.empty(0, np.uint64)
    words = np.ndarray(len(data) - 7, "<u8", np.ascontiguousarray(data), strides=(1,))
    hashes: NDArray[np.uint64] = words[:count] * _MIX[0]
    for number in range(1, 4):
        hashes += words[8 * number : 8 * number + count] * _MIX[number]
    return hashes


@final
class Memories:
    """The memories of a snapshot: VRAM, WRAM and BW-RAM, as far as the host reads them.

    Args:
        snapshot: The snapshot.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.frame = snapshot.frame
        self._last: tuple[weakref.ref[Memories], list[Arrival]] | None = None
        parts = {"vram": snapshot.vram, "wram": snapshot.wram, "bwram": snapshot.bwram}
        self.parts: Mapping[str, NDArray[np.uint8]] = {
            name: part for name, part in parts.items() if part is not None and len(part) % TILE_BYTES == 0
        }

    def arrivals(self, before: Memories) -> list[Arrival]:
        """Return the informative units that differ from those at the same place before.

        The last answer is kept: a touch that comes late is judged by frames that were looked at before.
        """
        if self._last is not None and self._last[0]() is before:
            return self._last[1]
        found = self._arrivals(before)
        self._last = weakref.ref(before), found
        return found

    def _arrivals(self, before: Memories) -> list[Arrival]:
        found = []
        for name, part in self.parts.items():
            earlier = before.parts.get(name)
            if earlier is None or len(earlier) != len(part):
                continue
            changed = _codec.snes_changed(earlier, part, TILE_BYTES)
            units = _units(part)
            if len(changed):
                changed = changed[_codec.locate_informative(units[changed].view(np.uint8).reshape(-1))]
            if len(changed):
                found.append(Arrival(name, changed * TILE_BYTES, units[changed] @ _MIX))
        return found

    @cached_property
    def hashes(self) -> NDArray[np.uint64]:
        """The hashes of all units of all memories, ascending."""
        parts = [np.empty(0, np.uint64), *(_units(part) @ _MIX for part in self.parts.values())]
        return np.sort(np.concatenate(parts))


def contained(hashes: NDArray[np.uint64], ascending: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Return which of the hashes are in an ascending array."""
    if not len(ascending):
        return np.zeros(len(hashes), np.bool_)
    found: NDArray[np.bool_] = ascending.take(ascending.searchsorted(hashes), mode="clip") == hashes
    return found


def _units(part: NDArray[np.uint8]) -> NDArray[np.uint64]:
    return np.ascontiguousarray(part).view("<u8").reshape(-1, TILE_BYTES // 8)
