"""Free space: runs of padding in a ROM that nothing known uses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from halscope.inject.edits import PROVEN_STARTS
from halscope.inject.room.model import RoomIndex
from halscope.inject.room.rats import tagged_areas
from halscope.inject.room.tables import entry_targets, table_areas
from halscope.rom.image import Rom
from halscope.rom.mapping import PAGE_BYTES

SHORTEST: Final = 32
"""Bytes of one value that count as padding."""

MARGIN: Final = 16
"""Bytes of a run that are left alone on either side where data borders on it: its last bytes, or its first, may have
the value of the padding too (a terminator, a blank row)."""

_LIKELY: Final = 0.5
_LONG: Final = 1024
_NEAR: Final = 512
_SHORT_RUN: Final = 8
_FEW: Final = 3
_HEADER_BEGIN: Final = 0x10  # before $FFC0: the extended header
_HEADER_END: Final = 0x40  # the vectors are its last bytes
_FILLS: Final = (0xFF, 0x00)


class Area(NamedTuple):
    """A stretch of the file that may be written over.

    Args:
        begin: First byte.
        end: The one behind its last byte.
        fill: The value of its bytes.
        run: The whole run of that value that it is a part of, (begin, end).
    """

    begin: int
    end: int
    fill: int
    run: tuple[int, int]

    @property
    def size(self) -> int:
        """Number of bytes."""
        return self.end - self.begin


def runs_of(data: NDArray[np.uint8], fill: int, shortest: int = SHORTEST) -> NDArray[np.int64]:
    """Return the runs of a value, int64[n, 2]: begin and end of each, ascending."""
    same = np.zeros(data.size + 2, np.int8)
    same[1:-1] = data == fill
    edges = np.flatnonzero(np.diff(same)).reshape(-1, 2)
    return edges[edges[:, 1] - edges[:, 0] >= shortest]


def used_areas(rom: Rom, index: RoomIndex) -> list[tuple[int, int]]:
    """Return what is known to be used: blocks, pointers and their tables, tagged areas, the header and the vectors."""
    areas = [*tagged_areas(rom.data), *table_areas(index.every_reference)]
    header = rom.header_offset
    areas.append((header - _HEADER_BEGIN, header + _HEADER_END))
    if header >= 4 << 20:  # a copy of the header, for tools
        areas.append((header - (4 << 20) - _HEADER_BEGIN, header - (4 << 20) + _HEADER_END))
    blocks = index.blocks
    known = (blocks["score"] >= _LIKELY) | (blocks["start"] == PROVEN_STARTS[0]) | (blocks["start"] == PROVEN_STARTS[1])
    for row in blocks[known]:
        areas += rom.stream_ranges(str(row["codec"]), int(row["offset"]), int(row["packed_size"]))
    return areas


def free_areas(
    rom: Rom, index: RoomIndex, *, read: Sequence[int] = (), taken: Iterable[tuple[int, int]] = ()
) -> list[Area]:
    """Find free space in an image.

    A run counts if it is padding by its looks (see `_is_padding`), if no pointer of a believed table leads into it, and
    if the game was not seen reading it. What is left of it does not touch anything that is known to be used.

    Args:
        rom: The image.
        index: Its index.
        read: File offsets that the game was seen reading.
        taken: Further stretches (begin, end) that are used.

    Returns:
        The areas, the longest runs first.
    """
    used = np.zeros(rom.data.size + 1, np.bool_)
    for begin, end in (*used_areas(rom, index), *taken):
        used[max(begin, 0) : end] = True
    pointed = np.concatenate([entry_targets(rom, index.every_reference), np.array(sorted(read), np.int64)])
    areas: list[Area] = []
    for fill in _FILLS:
        for begin, end in runs_of(rom.data, fill).tolist():
            run = begin, end
            # What reads or points at the first bytes may mean the end of what stands before.
            seen = pointed[(pointed >= begin + MARGIN) & (pointed < end)]
            if seen.size or not _is_padding(rom, run, fill):
                continue
            low = begin + MARGIN if begin else 0
            high = end if end % PAGE_BYTES == 0 else end - MARGIN
            areas += (Area(*piece, fill, run) for piece in _unused(used, low, high))
    return sorted(areas, key=lambda area: (-area.size, area.begin))


def slack_behind(rom: Rom, index: RoomIndex, end: int, *, read: Sequence[int] = ()) -> int:
    """Return the number of bytes of padding right behind a block that it may take.

    They have one value, FF or 00, and end where the index proves something else to begin, or at the end of a bank.
    If they end at something unknown, they count as far as free space does.

    Args:
        rom: The image.
        index: Its index.
        end: File offset just past the block.
        read: File offsets that the game was seen reading.
    """
    limit = min((end // PAGE_BYTES + 1) * PAGE_BYTES, rom.data.size) if end % PAGE_BYTES else end
    if end >= limit or int(rom.data[end]) not in _FILLS:
        return 0
    same = rom.data[end:limit] == rom.data[end]
    stop = end + (int(same.argmin()) if not same.all() else same.size)
    pointed = np.concatenate([entry_targets(rom, index.every_reference), np.array(sorted(read), np.int64)])
    inside = pointed[(pointed >= end) & (pointed < stop)]
    closed = stop == limit
    if inside.size:
        stop, closed = int(inside.min()), True
    for begin, after in used_areas(rom, index):
        if begin < stop and after > end:
            stop, closed = max(begin, end), True
        closed = closed or begin == stop
    if closed or index.proven_streams(((stop, stop + 1),)):
        return stop - end
    return max(0, stop - MARGIN - end) if stop - end >= SHORTEST + MARGIN else 0


def _is_padding(rom: Rom, run: tuple[int, int], fill: int) -> bool:
    """Whether a run looks like padding, not like a blank part of uncompressed data.

    It reaches the end of a bank, or is long, or the bytes around it have no further runs of its value, as pictures and
    tables with blank parts do.
    """
    begin, end = run
    if end % PAGE_BYTES == 0 or end - begin >= _LONG:
        return True
    around = (rom.data[max(0, begin - _NEAR) : begin], rom.data[end : end + _NEAR])
    return sum(len(runs_of(part, fill, _SHORT_RUN)) for part in around) < _FEW


def _unused(used: NDArray[np.bool_], low: int, high: int) -> list[tuple[int, int]]:
    """Return the stretches between two offsets that are not used, with a margin to what is."""
    if high - low <= 0:
        return []
    free = runs_of((~used[low:high]).view(np.uint8), 1, 1).tolist()
    pieces = []
    for begin, end in free:
        first = low + begin + (MARGIN if begin else 0)
        last = low + end - (MARGIN if end < high - low else 0)
        if first < last:
            pieces.append((first, last))
    return pieces
