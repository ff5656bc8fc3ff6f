"""What is learnt about a game, as a value: proven starts, palettes that blocks were seen with, names, joined figures.

It only grows, and two copies of it join to one whichever way they are put together: `merge` is commutative, associative
and idempotent. So a project's own copy, another machine's and the user's can meet in any order, any number of times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Self, get_args

from halscope_hooks import StartEvidence, UsageError

import halscope._fields as read
from halscope._fields import InvalidFieldError
from halscope.inject import PROVEN_STARTS

MOST_PALETTES: Final = 16
"""Palettes kept for a block, those that were seen most: a fade shows a figure in dozens."""
MOST_TEXT: Final = 200

_STRONGEST_FIRST: Final[tuple[StartEvidence, ...]] = get_args(StartEvidence)


@dataclass(frozen=True, slots=True, order=True)
class ProvenStart:
    """Where a compressed block begins, and how that is known.

    Args:
        codec: The codec's name.
        block_offset: File offset in the headerless image.
        start: "traced" or "pointer".
        places: File offsets of what proves it, such as the pointers that lead there; ascending.
    """

    codec: str
    block_offset: int
    start: StartEvidence
    places: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class SeenPalette:
    """A palette that a block's tiles were shown with.

    Args:
        codec: The codec's name.
        block_offset: File offset of the block in the headerless image.
        colours: BGR555, colour 0 first.
        times: Sheets that showed the block with it.
    """

    codec: str
    block_offset: int
    colours: tuple[int, ...]
    times: int = 1


@dataclass(frozen=True, slots=True, order=True)
class FigureName:
    """What a person calls a figure.

    Args:
        figure: The figure's key.
        name: Its name; empty where it was taken away.
        made: When it was given; aware, in UTC.
    """

    figure: str
    name: str
    made: datetime


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known of one ROM.

    It may be made from parts in any order that repeat or contradict each other; what is kept is their join:

    - of two starts of one block the stronger evidence wins ("traced" before "pointer"); the places of equal ones unite;
    - of two counts of one palette the larger wins; of a block's palettes the 16 that were seen most stay, of equally
      frequent ones those with lower colours;
    - of two names of one figure the later wins, of two given at the same moment the greater by its characters;
    - joined figures that have one in common are one.

    Args:
        rom_sha256: SHA-256 of the headerless image, lower-case hex.
        starts: By codec and block.
        palettes: By codec and block, the most seen first.
        names: By figure.
        merges: Figures that a person joined: groups of two or more keys, each ascending.

    Raises:
        UsageError: A start is not proven, or a part is out of range.
    """

    rom_sha256: str
    starts: tuple[ProvenStart, ...] = field(default=(), repr=False)
    palettes: tuple[SeenPalette, ...] = field(default=(), repr=False)
    names: tuple[FigureName, ...] = field(default=(), repr=False)
    merges: tuple[tuple[str, ...], ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        self._check()
        object.__setattr__(self, "starts", _starts(self.starts))
        object.__setattr__(self, "palettes", _most_seen(self.palettes))
        object.__setattr__(self, "names", _latest(self.names))
        object.__setattr__(self, "merges", _closure(self.merges))

    def saw(self, codec: str, block_offset: int, palettes: Iterable[tuple[int, ...]]) -> Self:
        """Count palettes that a sheet showed a block with."""
        times = {
            one.colours: one.times for one in self.palettes if (one.codec, one.block_offset) == (codec, block_offset)
        }
        seen = [SeenPalette(codec, block_offset, colours, times.get(colours, 0) + 1) for colours in palettes]
        return type(self)(self.rom_sha256, self.starts, (*self.palettes, *seen), self.names, self.merges)

    def _check(self) -> None:
        places = [(one.codec, one.block_offset) for one in self.starts]
        places += [(one.codec, one.block_offset) for one in self.palettes]
        for codec, block_offset in places:
            _take(read.codec_name, codec)
            _take(read.rom_offset, block_offset)
        for start in self.starts:
            _take(read.choice(PROVEN_STARTS), start.start)
            for place in start.places:
                _take(read.rom_offset, place)
        for palette in self.palettes:
            _take(read.listed(256, read.whole(0, 0x7FFF)), list(palette.colours))
            _take(read.whole(1, 1 << 31), palette.times)
        for name in self.names:
            _take(read.any_text(MOST_TEXT), name.figure)
            _take(read.any_text(MOST_TEXT), name.name)
            if name.made.tzinfo is None:
                raise UsageError(f"knowledge: the time of the name {name.name!r} has no time zone")
        for figure in (figure for group in self.merges for figure in group):
            _take(read.any_text(MOST_TEXT), figure)


def merge(first: Knowledge, second: Knowledge) -> Knowledge:
    """Join what two copies know. Raises UsageError: they are of two ROMs."""
    if first.rom_sha256 != second.rom_sha256:
        raise UsageError(
            f"knowledge of the ROM {first.rom_sha256} cannot be joined with that of the ROM {second.rom_sha256}"
        )
    return Knowledge(
        first.rom_sha256,
        first.starts + second.starts,
        first.palettes + second.palettes,
        first.names + second.names,
        first.merges + second.merges,
    )


def _take(reader: Callable[[Any], object], value: object) -> None:
    """Check a value as it will be checked when it is read back."""
    try:
        reader(value)
    except InvalidFieldError as error:
        raise UsageError(f"knowledge: {value!r:.60} where {error} is expected") from None


def _starts(starts: Iterable[ProvenStart]) -> tuple[ProvenStart, ...]:
    """One start for each block: the strongest, with the places of all that are as strong."""
    strongest: dict[tuple[str, int], StartEvidence] = {}
    for one in starts:
        key = one.codec, one.block_offset
        strongest[key] = min(strongest.get(key, one.start), one.start, key=_STRONGEST_FIRST.index)
    places: dict[tuple[str, int], set[int]] = {key: set() for key in strongest}
    for one in starts:
        if one.start == strongest[one.codec, one.block_offset]:
            places[one.codec, one.block_offset].update(one.places)
    return tuple(sorted(ProvenStart(*key, strongest[key], tuple(sorted(places[key]))) for key in strongest))


def _most_seen(palettes: Iterable[SeenPalette]) -> tuple[SeenPalette, ...]:
    """Each palette of a block once, at its largest count, and of each block those that were seen most."""
    blocks: dict[tuple[str, int], dict[tuple[int, ...], int]] = {}
    for one in palettes:
        times = blocks.setdefault((one.codec, one.block_offset), {})
        times[one.colours] = max(times.get(one.colours, 0), one.times)
    return tuple(
        SeenPalette(*key, colours, times)
        for key in sorted(blocks)
        for colours, times in sorted(blocks[key].items(), key=lambda item: (-item[1], item[0]))[:MOST_PALETTES]
    )


def _latest(names: Iterable[FigureName]) -> tuple[FigureName, ...]:
    """One name for each figure: the latest."""
    latest: dict[str, FigureName] = {}
    for one in names:
        present = latest.get(one.figure, one)
        latest[one.figure] = max(present, one, key=lambda name: (name.made, name.name))
    return tuple(sorted(latest.values()))


def _closure(merges: Iterable[Iterable[str]]) -> tuple[tuple[str, ...], ...]:
    """Groups without a figure in common: those that had one are one group."""
    groups: dict[str, set[str]] = {}
    for merged in merges:
        union = set(merged).union(*(groups.get(figure, ()) for figure in merged))
        for figure in union:
            groups[figure] = union
    return tuple(sorted({tuple(sorted(group)) for group in groups.values() if len(group) > 1}))
