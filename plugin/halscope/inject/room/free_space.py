"""Free space: runs of padding in a ROM that nothing known uses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from halscope.inject.edits import PROVEN_STARTS
from halscope.inject.room.model import RoomIndex, RoomOptions
from halscope.inject.room.rats import tagged_areas
from halscope.inject.room.tables import entry_targets, table_areas
from halscope.rom.edges import Ranges
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
_LINEAR_BYTES: Final = 4 << 20


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


def padding_read(rom: Rom, offset: int) -> int | None:
    """Return the file offset that stands for the run of FF or 00 in which the game has read a byte.

    Args:
        rom: The image.
        offset: Where it has read.

    Returns:
        The same offset for all bytes of the run; `None` if the byte is in none that could be taken for free space, or
        so near to the run's beginning that it may belong to what stands before.
    """
    if not 0 <= offset < rom.data.size or int(rom.data[offset]) not in _FILLS:
        return None
    low = offset // PAGE_BYTES * PAGE_BYTES
    other = np.flatnonzero(rom.data[low : low + PAGE_BYTES] != rom.data[offset])
    after = int(np.searchsorted(other, offset - low))
    begin = low + (int(other[after - 1]) + 1 if after else 0)
    end = low + (int(other[after]) if after < other.size else PAGE_BYTES)
    stands_for = begin + MARGIN
    return stands_for if end - begin >= SHORTEST and offset >= stands_for else None


@dataclass(frozen=True, slots=True, eq=False)
class Usage:
    """What of an image is known to be used.

    Args:
        rom: The image.
        index: Its index.
        areas: Stretches that are used, int64[n, 2]: blocks, pointers and their tables, tagged areas, the header and
            the vectors.
        pointed: File offsets that entries of tables lead to, or that the game was seen reading, ascending.
    """

    rom: Rom
    index: RoomIndex
    areas: NDArray[np.int64]
    pointed: NDArray[np.int64]

    @classmethod
    def of(cls, rom: Rom, index: RoomIndex, read: Sequence[int] = (), used: Ranges = ()) -> Self:
        """Collect it.

        Args:
            rom: The image.
            index: Its index.
            read: File offsets that the game was seen reading.
            used: Stretches that a debugger saw the game execute or read.
        """
        references = index.every_reference
        areas = [*tagged_areas(rom.data), *table_areas(references), *used]
        header = rom.header_offset
        areas.append((header - _HEADER_BEGIN, header + _HEADER_END))
        if header >= _LINEAR_BYTES:  # a copy of the header, for tools
            areas.append((header - _LINEAR_BYTES - _HEADER_BEGIN, header - _LINEAR_BYTES + _HEADER_END))
        blocks = index.blocks
        known = blocks["score"] >= _LIKELY
        for start in PROVEN_STARTS:
            known |= blocks["start"] == start
        for row in blocks[known]:
            areas += rom.stream_ranges(str(row["codec"]), int(row["offset"]), int(row["packed_size"]))
        pointed = np.concatenate([entry_targets(rom, references), np.array(sorted(read), np.int64)])
        return cls(rom, index, np.array(areas, np.int64).reshape(-1, 2), np.sort(pointed))

    def free_areas(self, taken: Iterable[tuple[int, int]] = ()) -> list[Area]:
        """Find free space in the image.

        A run counts if it is padding by its looks (see `_is_padding`), if no pointer of a believed table leads into it,
        and if the game was not seen reading it. What is left of it does not touch anything that is known to be used.

        Args:
            taken: Further stretches (begin, end) that are used.

        Returns:
            The areas, the longest first.
        """
        used = np.zeros(self.rom.data.size + MARGIN, np.bool_)
        for begin, end in (*self.areas.tolist(), *taken):
            used[max(begin, 0) : end] = True
        areas: list[Area] = []
        for fill in _FILLS:
            for begin, end in runs_of(self.rom.data, fill).tolist():
                # What reads or points at the first bytes may mean the end of what stands before.
                first, last = np.searchsorted(self.pointed, [begin + MARGIN, end])
                if first < last or not _is_padding(self.rom, (begin, end), fill, used):
                    continue
                low = begin + MARGIN if begin else 0
                high = end if _ends_bank(self.rom, end) else end - MARGIN
                areas += (Area(*piece, fill, (begin, end)) for piece in _unused(used, low, high))
        return sorted(areas, key=lambda area: (-area.size, area.begin))

    def slack_behind(self, end: int) -> int:
        """Return the number of bytes of padding right behind a block that it may take.

        They have one value, FF or 00, and end where the index proves something else to begin, or at the end of a bank.
        If they end at something unknown, they count as far as free space does.

        Args:
            end: File offset just past the block.
        """
        data = self.rom.data
        limit = end if _ends_bank(self.rom, end) else _next_bank(self.rom, end)
        if end >= limit or int(data[end]) not in _FILLS:
            return 0
        same = data[end:limit] == data[end]
        stop = limit if same.all() else end + int(same.argmin())
        begins, ends = self.areas.T
        first, last = np.searchsorted(self.pointed, [end, stop])
        nearest = [int(self.pointed[first])] if first < last else []
        nearest += begins[(begins <= stop) & (ends > end)].clip(end).tolist()
        if nearest or stop == limit or self.index.proven_streams(((stop, stop + 1),)):
            return min([*nearest, stop]) - end
        return stop - MARGIN - end if stop - end >= SHORTEST + MARGIN else 0


def slack_behind(rom: Rom, index: RoomIndex, end: int, options: RoomOptions) -> int:
    """Return the number of bytes of padding behind a block that ends at a file offset, which it may take."""
    return Usage.of(rom, index, options.read, options.used).slack_behind(end)


def _next_bank(rom: Rom, offset: int) -> int:
    """Return the file offset behind the bank that holds a byte. The SA-1 reads its data in banks of 64 KiB."""
    bank = rom.mapping.window or 2 * PAGE_BYTES
    return min((offset // bank + 1) * bank, rom.data.size)


def _ends_bank(rom: Rom, end: int) -> bool:
    """Whether nothing follows in the bank behind the byte before an offset."""
    return end > 0 and _next_bank(rom, end - 1) == end


def _is_padding(rom: Rom, run: tuple[int, int], fill: int, used: NDArray[np.bool_]) -> bool:
    """Whether a run looks like padding, not like a blank part of uncompressed data.

    It reaches the end of a bank, or is long, or the bytes around it have no further runs of its value, as pictures and
    tables with blank parts do. Zeros are common in data: a short run of them has to border on something known.
    """
    begin, end = run
    if _ends_bank(rom, end) or end - begin >= _LONG:
        return True
    if not fill and not used[max(0, begin - MARGIN) : begin].any() and not used[end : end + MARGIN].any():
        return False
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


def free_areas(rom: Rom, index: RoomIndex, options: RoomOptions) -> list[Area]:
    """Return the free space of an image, the longest areas first. Arguments as for `make_room`; see `Usage`."""
    return Usage.of(rom, index, options.read, options.used).free_areas()
