"""What each part of a ROM holds, as far as it is known, and which tiles of VRAM have a known origin."""

from __future__ import annotations

from collections import Counter
from typing import Final, NamedTuple, final

import numpy as np
from halscope_hooks import RAW_CODEC, TILE_BYTES, Update, VramOrigins
from numpy.typing import NDArray

from halscope.app._room import room_options
from halscope.app._workspace import Workspace
from halscope.inject import free_areas
from halscope.rom.index import RomIndex

ROM_KINDS: Final = ("unknown", "block", "tiles", "palette", "code", "free")
"""What a part of a ROM holds, by the number in `RomMap.cells`: nothing known, compressed blocks, uncompressed tiles and
colours that the game has shown, code that a debugger saw executed, free space."""
_UNKNOWN, _BLOCK, _TILES, _PALETTE, _CODE, _FREE = range(len(ROM_KINDS))
_COLOUR_BYTES: Final = 2

UNKNOWN_TILE: Final = 0
KNOWN_TILE: Final = 1
BLANK_TILE: Final = 2


class RomRange(NamedTuple):
    """A stretch of a ROM that holds one kind of thing.

    Args:
        offset: Its first byte in the file, without a copier header.
        size: Its size in bytes.
        kind: One of `ROM_KINDS`.
    """

    offset: int
    size: int
    kind: str


@final
class RomMap:
    """The map of one ROM. It grows with what is seen. Not for several threads.

    Args:
        workspace: The ROM, indexed.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._seen = np.zeros(workspace.rom.data.size, np.uint8)  # tiles and colours
        self._known: tuple[RomIndex, NDArray[np.uint8]] | None = None
        self._last: tuple[VramOrigins | None, bytes] = None, b""

    def see(self, update: Update) -> None:
        """Take note of the uncompressed tiles and colours that a frame shows."""
        origins, cgram = update.origins, update.snapshot.cgram.tobytes()
        if origins is not None and origins is not self._last[0]:
            sizes = {one.name: one.unit_bytes for one in origins.transforms}
            for unit in np.flatnonzero(origins.informative).tolist():
                best = origins.origins[unit][:1]
                if best and best[0].codec == RAW_CODEC:
                    at = best[0].block_offset
                    self._seen[at : at + sizes.get(best[0].transform, TILE_BYTES)] = _TILES
        if cgram != self._last[1]:
            for run in self._workspace.colours().locate(update.snapshot.cgram).runs:
                if run.origin.codec == RAW_CODEC:
                    at = run.origin.block_offset
                    self._seen[at : at + _COLOUR_BYTES * run.count] = _PALETTE
        self._last = origins, cgram

    def cells(self, count: int) -> NDArray[np.uint8]:
        """Return what `count` equal parts of the ROM hold, uint8[count], each a number in `ROM_KINDS`.

        Tiles and colours that were seen are shown however few they are; else the kind that most bytes are of.
        """
        marks = self._shown()
        begins = np.arange(count, dtype=np.int64) * marks.size // count
        counts = np.stack([np.add.reduceat((marks == kind).astype(np.int32), begins) for kind in range(len(ROM_KINDS))])
        cells = counts.argmax(axis=0).astype(np.uint8)
        cells[counts[_TILES] > 0] = _TILES
        cells[counts[_PALETTE] > 0] = _PALETTE
        return cells

    def ranges(self) -> list[RomRange]:
        """Return what the whole ROM holds, byte for byte, in stretches of one kind that follow each other."""
        marks = self._shown()
        begins = [0, *(np.flatnonzero(np.diff(marks)) + 1).tolist()]
        ends = [*begins[1:], marks.size]
        return [RomRange(at, end - at, ROM_KINDS[marks[at]]) for at, end in zip(begins, ends, strict=True)]

    def _shown(self) -> NDArray[np.uint8]:
        """Return what is known with what was seen, uint8[size]."""
        marks = self._marks().copy()
        fresh = (self._seen > 0) & (marks != _BLOCK)
        marks[fresh] = self._seen[fresh]
        return marks

    def _marks(self) -> NDArray[np.uint8]:
        """Return what is known without a running game, uint8[size]."""
        workspace, index = self._workspace, self._workspace.index()
        if self._known is None or self._known[0] is not index:
            marks = np.zeros(workspace.rom.data.size, np.uint8)
            for area in free_areas(workspace.rom, index, room_options(workspace)):
                marks[area.begin : area.end] = _FREE
            marks[workspace.rom_notes.executed_bytes(marks.size)] = _CODE
            for block in workspace.blocks():
                for begin, end in workspace.rom.stream_ranges(block.codec, block.offset, block.packed_size):
                    marks[begin:end] = _BLOCK
            self._known = index, marks
        return self._known[1]


def tiles_in_vram(origins: VramOrigins) -> Counter[tuple[str, int]]:
    """Return for each block (codec, file offset) the number of its tiles in VRAM, of which it is the best origin. For
    uncompressed tiles the codec is `RAW_CODEC` and the offset their own."""
    units = np.flatnonzero(origins.informative).tolist()
    return Counter((best.codec, best.block_offset) for unit in units for best in origins.origins[unit][:1])


def tile_states(origins: VramOrigins) -> NDArray[np.uint8]:
    """Return for each 32-byte unit of VRAM, uint8[2048], `UNKNOWN_TILE`, `KNOWN_TILE` or (it holds too little to tell)
    `BLANK_TILE`."""
    states = np.full(len(origins.informative), BLANK_TILE, np.uint8)
    states[origins.informative] = np.where(origins.known[origins.informative], KNOWN_TILE, UNKNOWN_TILE)
    return states
