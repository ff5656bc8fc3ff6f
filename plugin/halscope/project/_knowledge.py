"""What has been learnt about a game, as a value: proven starts, palettes seen with blocks, names, merges and labels.

Knowledge only grows. `merge` is commutative, associative and idempotent, so copies (a project's, another machine's, the
user's own) can be merged in any order and any number of times.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Self, get_args

from halscope_hooks import StartEvidence, UsageError

import halscope._fields as read
from halscope._fields import InvalidFieldError
from halscope.inject import PROVEN_STARTS
from halscope.project._rom_notes import Ranges, RomLabel, latest_labels, united

MOST_PALETTES: Final = 16
"""Palettes kept per block, the most frequent ones: a fade shows a figure in dozens of palettes."""
MOST_TEXT: Final = 200

_STRONGEST_FIRST: Final[tuple[StartEvidence, ...]] = get_args(StartEvidence)


@dataclass(frozen=True, slots=True, order=True)
class ProvenStart:
    """A proven start of a compressed block, with its evidence.

    Args:
        codec: Name of the codec.
        block_offset: File offset in the headerless image.
        start: "traced" or "pointer".
        places: File offsets of the evidence, such as the pointers that lead there, ascending.
        by: How it was found, such as "first-touch" and "decoder-call" for traced starts, ascending.
        callers: 24-bit addresses of the calls of the game's decoder with this block, ascending.
        buffers: 24-bit addresses in WRAM: the first byte of each stretch that held unpacked bytes of the block when DMA
            took them to VRAM, ascending.
        writers: 24-bit addresses of code that was seen writing there, ascending.
    """

    codec: str
    block_offset: int
    start: StartEvidence
    places: tuple[int, ...] = ()
    by: tuple[str, ...] = ()
    callers: tuple[int, ...] = ()
    buffers: tuple[int, ...] = ()
    writers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class SeenPalette:
    """A palette that a block's tiles were displayed with.

    Args:
        codec: Name of the codec.
        block_offset: File offset of the block in the headerless image.
        colours: BGR555, colour 0 first.
        times: Number of sheets that showed the block with this palette.
    """

    codec: str
    block_offset: int
    colours: tuple[int, ...]
    times: int = 1


@dataclass(frozen=True, slots=True, order=True)
class FigureName:
    """The name that a user gave to a figure.

    Args:
        figure: Key of the figure.
        name: The name; empty if it was removed.
        made: When it was given, an aware datetime in UTC.
    """

    figure: str
    name: str
    made: datetime


@dataclass(frozen=True, slots=True, order=True)
class FigureSplit:
    """Whether the user wants a figure to be the sprites, or the merged figures, that it is made up of.

    Args:
        figure: Key of the figure.
        is_split: Whether it is to be split; `False` takes an earlier wish back.
        made: When that was said, an aware datetime in UTC.
    """

    figure: str
    is_split: bool
    made: datetime


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known about one ROM.

    The entries passed in may be in any order and may repeat or contradict each other. They are resolved as follows:

    - Two starts of one block: the stronger evidence wins ("traced" over "pointer"); if equal, their places and
      their `by` unite.
    - Two counts of one palette: the larger wins. A block keeps its 16 most frequent palettes; ties go to those with
      lower colours.
    - Two names of one figure: the later wins. If both have the same time, the lexicographically greater one wins.
    - Two wishes to split one figure or not: as two names of one figure; at one time it is split.
    - Merged groups that share a figure become one group.
    - Two labels of one place: as two names of one figure.
    - Stretches of executed or read bytes unite, as do places where colours were read.

    Args:
        rom_sha256: SHA-256 of the headerless image, lower-case hex.
        starts: Proven starts, ordered by codec and block.
        palettes: Palettes, ordered by codec and block, most frequent first.
        names: Names, ordered by figure.
        merges: Figures that the user merged: groups of two or more keys, each ascending.
        read_padding: A file offset for each run of FF or 00 in which the game was seen reading, ascending: it is no
            free space.
        labels: Names of places in the ROM, ordered by place.
        executed: Bytes that a debugger saw the game execute: they are no graphics.
        read: Bytes that it saw the game read as data.
        splits: Which figures the user wants split, or no longer split, ordered by figure.
        read_colours: File offsets at which the game began to read plain colours that then were in CGRAM, ascending.

    Raises:
        UsageError: A start is not proven, or a value is out of range.
    """

    rom_sha256: str
    starts: tuple[ProvenStart, ...] = field(default=(), repr=False)
    palettes: tuple[SeenPalette, ...] = field(default=(), repr=False)
    names: tuple[FigureName, ...] = field(default=(), repr=False)
    merges: tuple[tuple[str, ...], ...] = field(default=(), repr=False)
    read_padding: tuple[int, ...] = field(default=(), repr=False)
    labels: tuple[RomLabel, ...] = field(default=(), repr=False)
    executed: Ranges = field(default=(), repr=False)
    read: Ranges = field(default=(), repr=False)
    splits: tuple[FigureSplit, ...] = field(default=(), repr=False)
    read_colours: tuple[int, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        self._check()
        object.__setattr__(self, "starts", _starts(self.starts))
        object.__setattr__(self, "palettes", _most_seen(self.palettes))
        object.__setattr__(self, "names", _latest(self.names))
        object.__setattr__(self, "merges", _closure(self.merges))
        object.__setattr__(self, "read_padding", tuple(sorted({*self.read_padding})))
        object.__setattr__(self, "labels", latest_labels(self.labels))
        object.__setattr__(self, "executed", united(self.executed))
        object.__setattr__(self, "read", united(self.read))
        object.__setattr__(self, "splits", _latest_splits(self.splits))
        object.__setattr__(self, "read_colours", tuple(sorted({*self.read_colours})))

    def saw(self, sightings: Iterable[tuple[str, int, tuple[int, ...]]]) -> Self:
        """Return this knowledge with one more sighting of each palette that a sheet showed a block with.

        Args:
            sightings: Name of the codec, block offset, and colours (BGR555) of each.
        """
        times = {(one.codec, one.block_offset, one.colours): one.times for one in self.palettes}
        seen: dict[tuple[str, int, tuple[int, ...]], SeenPalette] = {}
        for one in sightings:
            times[one] = times.get(one, 0) + 1
            seen[one] = SeenPalette(*one, times[one])
        return replace(self, palettes=(*self.palettes, *seen.values()))

    def proved(self, starts: Iterable[ProvenStart]) -> Self:
        """Return this knowledge with more proven starts."""
        return replace(self, starts=(*self.starts, *starts))

    def has_read_padding(self, offsets: Iterable[int]) -> Self:
        """Return this knowledge with more file offsets that the game was seen reading."""
        return replace(self, read_padding=(*self.read_padding, *offsets))

    def has_read_colours(self, offsets: Iterable[int]) -> Self:
        """Return this knowledge with more file offsets at which the game began to read colours."""
        return replace(self, read_colours=(*self.read_colours, *offsets))

    def seen_with(self, codec: str, block_offset: int, colours: int) -> tuple[SeenPalette, ...]:
        """Return the palettes of a number of colours that a block was shown with, the likeliest first.

        That is the most frequent one. Of equally frequent ones it is the one with the most different colours, then the
        brightest: a scene that fades in shows a figure in darker ones too.
        """

        def likelihood(one: SeenPalette) -> tuple[int, int, int]:
            bright = sum(colour >> shift & 31 for colour in one.colours[1:] for shift in (0, 5, 10))
            return one.times, len(set(one.colours[1:])), bright

        block = codec, block_offset, colours
        seen = [one for one in self.palettes if (one.codec, one.block_offset, len(one.colours)) == block]
        return tuple(sorted(seen, key=likelihood, reverse=True))

    def colours_of(self, codec: str, block_offset: int) -> int | None:
        """Return how many colours the palettes had that a block was shown with most often; `None` if it was not."""
        counts: Counter[int] = Counter()
        for one in self.palettes:
            if (one.codec, one.block_offset) == (codec, block_offset):
                counts[len(one.colours)] += one.times
        return max(counts, key=lambda number: (counts[number], number)) if counts else None

    def _check(self) -> None:
        places = [(one.codec, one.block_offset) for one in self.starts]
        places += [(one.codec, one.block_offset) for one in self.palettes]
        for codec, block_offset in places:
            _take(read.codec_name, codec)
            _take(read.rom_offset, block_offset)
        for proven in self.starts:
            _take(read.choice(PROVEN_STARTS), proven.start)
            for place in proven.places:
                _take(read.rom_offset, place)
            for way in proven.by:
                _take(read.any_text(MOST_TEXT), way)
            for address in (*proven.callers, *proven.buffers, *proven.writers):
                _take(read.snes_address, address)
        for place in (*self.read_padding, *self.read_colours):
            _take(read.rom_offset, place)
        for palette in self.palettes:
            _take(read.listed(256, read.whole(0, 0x7FFF)), list(palette.colours))
            _take(read.whole(1, 1 << 31), palette.times)
        for name in self.names:
            _take(read.any_text(MOST_TEXT), name.figure)
            _take(read.any_text(MOST_TEXT), name.name)
            if name.made.tzinfo is None:
                raise UsageError(f"knowledge: the time of the name {name.name!r} has no time zone")
        for split in self.splits:
            _take(read.any_text(MOST_TEXT), split.figure)
            if split.made.tzinfo is None:
                raise UsageError(f"knowledge: the time of the split of {split.figure!r} has no time zone")
        for figure in (figure for group in self.merges for figure in group):
            _take(read.any_text(MOST_TEXT), figure)
        for label in self.labels:
            _take(read.rom_offset, label.rom_offset)
            _take(read.text, label.name)
            if label.made.tzinfo is None:
                raise UsageError(f"knowledge: the time of the label {label.name!r} has no time zone")
        for start, stop in (*self.executed, *self.read):
            if not 0 <= start < stop <= 1 << 24:
                raise UsageError(f"knowledge: a stretch of the ROM from {start} to {stop}")


def merge(first: Knowledge, second: Knowledge) -> Knowledge:
    """Merge two copies. Raises UsageError if they belong to different ROMs."""
    if first.rom_sha256 != second.rom_sha256:
        raise UsageError(
            f"knowledge of the ROM {first.rom_sha256} cannot be merged with that of the ROM {second.rom_sha256}"
        )
    return Knowledge(
        first.rom_sha256,
        first.starts + second.starts,
        first.palettes + second.palettes,
        first.names + second.names,
        first.merges + second.merges,
        first.read_padding + second.read_padding,
        first.labels + second.labels,
        first.executed + second.executed,
        first.read + second.read,
        first.splits + second.splits,
        first.read_colours + second.read_colours,
    )


def _take(reader: Callable[[Any], object], value: object) -> None:
    """Validate a value in the same way as when it is read back."""
    try:
        reader(value)
    except InvalidFieldError as error:
        raise UsageError(f"knowledge: {value!r:.60} where {error} is expected") from None


def _starts(starts: Iterable[ProvenStart]) -> tuple[ProvenStart, ...]:
    """Keep the strongest start of each block, with the evidence of all starts of that strength."""
    strongest: dict[tuple[str, int], StartEvidence] = {}
    for one in starts:
        key = one.codec, one.block_offset
        strongest[key] = min(strongest.get(key, one.start), one.start, key=_STRONGEST_FIRST.index)
    same: dict[tuple[str, int], list[ProvenStart]] = {key: [] for key in strongest}
    for one in starts:
        if one.start == strongest[one.codec, one.block_offset]:
            same[one.codec, one.block_offset].append(one)
    return tuple(sorted(_united(group) for group in same.values()))


def _united(same: Sequence[ProvenStart]) -> ProvenStart:
    """Unite the evidence for one start."""

    def union[T: (int, str)](parts: Iterable[tuple[T, ...]]) -> tuple[T, ...]:
        return tuple(sorted({part for each in parts for part in each}))

    return replace(
        same[0],
        places=union(one.places for one in same),
        by=union(one.by for one in same),
        callers=union(one.callers for one in same),
        buffers=union(one.buffers for one in same),
        writers=union(one.writers for one in same),
    )


def _most_seen(palettes: Iterable[SeenPalette]) -> tuple[SeenPalette, ...]:
    """Keep each palette of a block once with its largest count, and only the most frequent palettes of each block."""
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
    """Keep the latest name of each figure."""
    latest: dict[str, FigureName] = {}
    for one in names:
        present = latest.get(one.figure, one)
        latest[one.figure] = max(present, one, key=lambda name: (name.made, name.name))
    return tuple(sorted(latest.values()))


def _latest_splits(splits: Iterable[FigureSplit]) -> tuple[FigureSplit, ...]:
    """Keep the latest wish about each figure."""
    latest: dict[str, FigureSplit] = {}
    for one in splits:
        present = latest.get(one.figure, one)
        latest[one.figure] = max(present, one, key=lambda split: (split.made, split.is_split))
    return tuple(sorted(latest.values()))


def _closure(merges: Iterable[Iterable[str]]) -> tuple[tuple[str, ...], ...]:
    """Unite groups that have a figure in common."""
    groups: dict[str, set[str]] = {}
    for merged in merges:
        union = set(merged).union(*(groups.get(figure, ()) for figure in merged))
        for figure in union:
            groups[figure] = union
    return tuple(sorted({tuple(sorted(group)) for group in groups.values() if len(group) > 1}))
