"""The way of a block from the ROM to VRAM: who had it unpacked, where it was staged in WRAM, and what DMA took there.

A debugger tells three kinds of things: calls of the decoder, DMA to VRAM with its source, and the code that writes a
buffer. They are joined by content. What DMA has brought to VRAM stood in WRAM at its source; where that is a part of a
block that the decoder was called with, the block's bytes were staged there, at once or piece by piece.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, NamedTuple, final

import numpy as np
from halscope_hooks import TILE_BYTES, VRAM_BYTES, Codec, Snapshot
from numpy.typing import NDArray

import halscope._codec as _codec
from halscope.rom.image import Rom
from halscope.rom.tracing._candidate import Output, output_at
from halscope.rom.tracing._memories import window_hashes

WINDOW: Final = 60
"""Frames within which what DMA brought to VRAM has to be seen there."""

_MOST_BLOCKS: Final = 256
_MOST_WAITING: Final = 512
_MOST_PROBES: Final = 16  # units of a transfer that are looked for in each block
_TILES: Final = 2  # of a block that have to come from one buffer
_WRAM_BANK: Final = 0x7E0000


class Passage(NamedTuple):
    """How a block came from the ROM to VRAM, as far as it was seen. Addresses are 24-bit SNES addresses, ascending.

    Args:
        codec: Name of the codec.
        block_offset: File offset in the headerless image.
        callers: The JSL or JSR instructions that called the decoder.
        buffers: First byte of each stretch of WRAM that held unpacked bytes of it when DMA took them.
        writers: Program counters of code that was seen writing there.
    """

    codec: str
    block_offset: int
    callers: tuple[int, ...] = ()
    buffers: tuple[int, ...] = ()
    writers: tuple[int, ...] = ()


class FilledBuffer(NamedTuple):
    """A stretch of WRAM that DMA takes to VRAM, and the code that was seen writing it.

    Args:
        first: 24-bit address of its first byte.
        last: 24-bit address of its last byte.
        writer: The code's program counter.
    """

    first: int
    last: int
    writer: int


class _Waiting(NamedTuple):
    """DMA to VRAM whose content was not found in a block yet."""

    frame: int
    source: int
    vram_byte: int
    size: int
    looked: bool = False


class _Block:
    """A block that the decoder was called with."""

    def __init__(self, output: Output) -> None:
        self.data = np.ascontiguousarray(output.data)
        hashes = window_hashes(self.data)
        self._order = np.argsort(hashes, kind="stable")
        self._hashes = hashes[self._order]
        self.callers: set[int] = set()
        self.stretches: list[tuple[int, int]] = []
        """Where its bytes stood in WRAM: begin and end, ascending, without overlaps."""
        self._tiles: dict[tuple[int, int], set[int]] = {}
        """Tiles that were seen in VRAM, by the place of their stretch while it is too short to tell it from chance."""

    def places(self, wanted: np.uint64) -> Sequence[int]:
        """Return the places of a unit of this hash."""
        low, high = np.searchsorted(self._hashes, wanted, "left"), np.searchsorted(self._hashes, wanted, "right")
        places: list[int] = self._order[low : min(high, low + _MOST_PROBES)].tolist()
        return places

    def note_stretch(self, tile: int, begin: int, end: int) -> None:
        """Note that bytes of this block stood in WRAM from `begin` to `end`, with a tile (its place in the block)."""
        joined = [one for one in (*self.stretches, *self._tiles) if one[0] <= end and begin <= one[1]]
        tiles = {tile}.union(*(self._tiles.pop(one, ()) for one in joined))
        stretch = min([begin, *(one[0] for one in joined)]), max([end, *(one[1] for one in joined)])
        sure = [one for one in self.stretches if one not in joined]
        if len(sure) < len(self.stretches) or len(tiles) >= _TILES:
            self.stretches = sorted([*sure, stretch])
        else:
            self._tiles[stretch] = tiles


@final
class Passages:
    """Joins calls, DMA and snapshots. Not thread-safe.

    Args:
        rom: The image that runs.
        codecs: The codecs of its decoders.
    """

    def __init__(self, rom: Rom, codecs: Sequence[Codec]) -> None:
        self._rom = rom
        self._codecs = {codec.name: codec for codec in codecs}
        self._blocks: OrderedDict[tuple[str, int], _Block] = OrderedDict()
        self._waiting: list[_Waiting] = []
        self._vram: NDArray[np.uint8] | None = None
        self._filled: dict[FilledBuffer, None] = {}

    @property
    def found(self) -> tuple[Passage, ...]:
        """The blocks that the decoder was called with, in the order of their newest calls."""
        return tuple(
            Passage(
                *key,
                tuple(sorted(block.callers)),
                tuple(begin for begin, _ in block.stretches),
                tuple(sorted({one.writer for one in self._filled if _overlaps(one, block)})),
            )
            for key, block in self._blocks.items()
        )

    @property
    def filled(self) -> tuple[FilledBuffer, ...]:
        """The buffers whose writers were seen, in the order in which they were."""
        return tuple(self._filled)

    def called(self, codec: str, rom_offset: int, caller: int | None) -> None:
        """Note a call of the decoder; `caller` is `None` if no call instruction led there."""
        key = codec, rom_offset
        if key not in self._blocks:
            output = None if codec not in self._codecs else output_at(self._rom, self._codecs[codec], rom_offset)
            if output is None:
                return
            self._blocks[key] = _Block(output)
            if len(self._blocks) > _MOST_BLOCKS:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(key)
        if caller is not None:
            self._blocks[key].callers.add(caller)

    def transferred(self, frame: int, source: int, vram_word: int, size: int) -> None:
        """Note DMA to VRAM.

        Args:
            frame: The frame of its start.
            source: 24-bit address.
            vram_word: Word address.
            size: Bytes.
        """
        if (place := _in_wram(source)) is not None:
            new = _Waiting(frame, place, vram_word * 2, size)
            kept = [one for one in self._waiting[1 - _MOST_WAITING :] if not _overwrites(new, one)]
            self._waiting = [*kept, new]

    def written(self, address: int, first: int, last: int) -> None:
        """Note code that writes a buffer: its program counter, and the buffer's offsets in WRAM."""
        self._filled[FilledBuffer(_WRAM_BANK + first, _WRAM_BANK + last, address)] = None

    def saw(self, snapshot: Snapshot) -> None:
        """Look in VRAM for what DMA has brought there from blocks."""
        before, self._vram = self._vram, snapshot.vram
        rest = []
        for one in self._waiting:
            if one.frame > snapshot.frame:
                rest.append(one)
            elif one.frame >= snapshot.frame - WINDOW:
                area = slice(one.vram_byte, min(one.vram_byte + one.size, VRAM_BYTES))
                same = one.looked and before is not None and np.array_equal(before[area], snapshot.vram[area])
                if same or not self._join(one, snapshot.vram[area]):
                    rest.append(one._replace(looked=True))
        self._waiting = rest

    def _join(self, one: _Waiting, came: NDArray[np.uint8]) -> bool:
        """Find what DMA brought in the blocks, the newest first; return whether it is a part of one."""
        units = np.ascontiguousarray(came[: len(came) // TILE_BYTES * TILE_BYTES])
        if not len(units) or not self._blocks:
            return False
        told = np.flatnonzero(_codec.locate_informative(units))
        told = told[:: max(1, -(-len(told) // _MOST_PROBES))] * TILE_BYTES
        hashes = window_hashes(units)
        joined = False
        for place in told.tolist():
            joined = self._note(one.source, units, place, hashes[place]) or joined
        return joined

    def _note(self, source: int, units: NDArray[np.uint8], place: int, wanted: np.uint64) -> bool:
        """Note the block in which a tile of a transfer stands; return whether there is one."""
        for block in reversed(self._blocks.values()):
            for inside in block.places(wanted):
                back, ahead = min(place, inside), min(len(units) - place, len(block.data) - inside)
                there = units[place - back : place + ahead]
                if np.array_equal(block.data[inside - back : inside + ahead], there):
                    block.note_stretch(inside, source + place - back, source + place + ahead)
                    return True
        return False


def _overwrites(later: _Waiting, one: _Waiting) -> bool:
    """Whether later DMA went to the same place: what stands there then came with that one."""
    return later.vram_byte < one.vram_byte + one.size and one.vram_byte < later.vram_byte + later.size


def _overlaps(filled: FilledBuffer, block: _Block) -> bool:
    return any(filled.first < end and begin <= filled.last for begin, end in block.stretches)


def _in_wram(address: int) -> int | None:
    """Return a place in WRAM as an address in banks $7E and $7F, or `None` if an address is elsewhere."""
    bank, low = address >> 16, address & 0xFFFF
    if bank & 0xFE == 0x7E:
        return address
    return _WRAM_BANK + low if bank & 0x7F < 0x40 and low < 0x2000 else None
