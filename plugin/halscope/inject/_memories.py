"""The memories of a running game that hold copies of its tiles, and the bytes to write to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Literal

import numpy as np
from halscope_hooks import MemorySpace, Snapshot, Write
from numpy.typing import NDArray

VRAM: Final = "vram"
CGRAM: Final = "cgram"
MODE7: Final = "mode7"
"""The pixels of mode 7: every other byte of the first half of VRAM."""
MODE7_NUMBERS: Final = "mode7-numbers"
"""The map of mode 7: the bytes between its pixels."""
STAGING: Final[tuple[Literal["wram", "bwram", "iram"], ...]] = ("wram", "bwram", "iram")
"""The memories in which games unpack and convert graphics on their way to VRAM."""

_VRAM_STEP: Final = 16
"""2bpp tiles begin at multiples of 16 bytes of VRAM, and so do all larger tiles."""
_MODE7_STEP: Final = 64
_COLOUR_BYTES: Final = 2
_MODE7_END: Final = 0x8000


class Memory:
    """One memory of the snapshot, and the bytes to write to it."""

    def __init__(self, data: NDArray[np.uint8], step: int, space: MemorySpace = "vram") -> None:
        self._space: MemorySpace = space
        self.data = data
        self.bytes = data.tobytes()
        self.step = step
        self._planned = np.full(data.size, -1, np.int16)
        self._areas: set[tuple[int, int]] = set()

    def plan(self, at: int, new: bytes) -> None:
        """Plan to write these bytes, unless a conflicting write is already planned."""
        area = self._planned[at : at + len(new)]
        wanted = np.frombuffer(new, np.uint8)
        if bool(((area >= 0) & (area != wanted)).any()):
            return
        area[:] = wanted
        self._areas.add((at, at + len(new)))

    def writes(self) -> Iterator[Write]:
        """Yield the writes, ascending. Overlapping tiles share a write: a second one's `expected` would not match."""
        for at, end in joined(self._areas):
            yield self._write(at, self._planned[at:end].astype(np.uint8))

    def _write(self, at: int, new: NDArray[np.uint8]) -> Write:
        return Write(self._space, at, new.tobytes(), self.bytes[at : at + len(new)])


class _Mode7Numbers(Memory):
    """The map of mode 7. `_Mode7` writes it."""

    def __init__(self, vram: NDArray[np.uint8]) -> None:
        super().__init__(np.ascontiguousarray(vram[:_MODE7_END:2]), 1)

    def writes(self) -> Iterator[Write]:
        return iter(())


class _Mode7(Memory):
    """The pixels of mode 7. A write to VRAM includes the bytes of the map between them, edited or as they are."""

    def __init__(self, vram: NDArray[np.uint8], numbers: _Mode7Numbers) -> None:
        super().__init__(np.ascontiguousarray(vram[1:_MODE7_END:2]), _MODE7_STEP)
        self._vram = vram
        self._numbers = numbers

    def writes(self) -> Iterator[Write]:
        areas = [(2 * at + 1, 2 * end) for at, end in self._areas]
        areas += [(2 * at, 2 * end - 1) for at, end in self._numbers._areas]
        for first, end in joined(areas):
            old = self._vram[first:end]
            new = old.copy()
            for half, planned in ((0, self._numbers._planned), (1, self._planned)):
                mine = np.arange(first, end)[(first + half) % 2 :: 2]
                is_planned = planned[mine // 2] >= 0
                new[mine[is_planned] - first] = planned[mine[is_planned] // 2]
            yield Write("vram", first, new.tobytes(), old.tobytes())


def memories_of(snapshot: Snapshot) -> dict[str, Memory]:
    """Return the memories of a snapshot by name."""
    cgram = Memory(snapshot.cgram.astype("<u2").view(np.uint8), _COLOUR_BYTES, CGRAM)
    numbers = _Mode7Numbers(snapshot.vram)
    mode7 = _Mode7(snapshot.vram, numbers)
    memories = {VRAM: Memory(snapshot.vram, _VRAM_STEP), MODE7: mode7, MODE7_NUMBERS: numbers, CGRAM: cgram}
    for name in STAGING:
        memory = getattr(snapshot, name)
        if memory is not None:
            memories[name] = Memory(memory, 1, name)
    return memories


def joined(areas: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sort areas (start, end) and merge overlapping ones."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(areas):
        if joined and start < joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined
