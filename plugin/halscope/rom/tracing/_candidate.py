"""A stream that may have been read from its first byte, and how much of its output has arrived in the memories."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple, final

import numpy as np
from halscope_hooks import TILE_BYTES, Codec, CodecError
from numpy.typing import NDArray

from halscope.rom.image import Rom
from halscope.rom.tracing._memories import Arrival, Memories, contained, window_hashes

SMALLEST: Final = 64
"""Minimum decoded bytes, as in the index: a stream of less than two tiles is as likely an accident as not."""

_MOST_MEMBERS: Final = 2048
_MOST_PACKED: Final = 0x10000
_MOST_PLACES: Final = 32
_MOST_LEAD: Final = 64  # bytes before the first tile, which the game may not copy to VRAM
_PART: Final = 0.5
_NEARLY_ALL: Final = 0.9  # of a stream whose bytes are stored as they are
_TILES: Final = 2
_EDGE: Final = 4  # bytes


Judgement = Literal["waiting", "refused", "contested", "traced"]


class Output(NamedTuple):
    """A stream and what it decodes to.

    Args:
        codec: The codec.
        offset: File offset of its first byte.
        ranges: File offsets of its bytes, (begin, end) each.
        data: uint8, the decoded bytes.
    """

    codec: Codec
    offset: int
    ranges: tuple[tuple[int, int], ...]
    data: NDArray[np.uint8]

    @property
    def end(self) -> int:
        """File offset behind its last byte: the same for all streams of a family."""
        return self.ranges[-1][1]


def output_at(rom: Rom, codec: Codec, offset: int) -> Output | None:
    """Decode the stream at an offset; `None` if none is there, or it is too small to tell it from chance."""
    try:
        stream = rom.read_stream(codec, offset)
    except CodecError:
        return None
    data = np.asarray(stream.block.data)
    if len(data) < SMALLEST:
        return None
    return Output(codec, offset, tuple((begin, end) for begin, end in stream.ranges), data)


def family_of(rom: Rom, output: Output) -> list[Output] | None:
    """Return the other streams that share a stream's end.

    Returns:
        The streams; `None` if there are too many to compare, or if the stream is not contiguous.
    """
    if len(output.ranges) > 1:
        return None
    codec, end = output.codec, output.end
    first = max(0, end - _MOST_PACKED)
    rows = codec.scan(np.ascontiguousarray(rom.data[first:end]))
    rows = rows[rows["offset"].astype(np.int64) + rows["packed_size"] == end - first]
    offsets = [first + offset for offset in rows["offset"].tolist() if first + offset != output.offset]
    if len(offsets) > _MOST_MEMBERS:
        return None
    members = (output_at(rom, codec, offset) for offset in offsets)
    return [member for member in members if member is not None and member.end == end]


class Place(NamedTuple):
    """A place in a memory where an output may stand.

    Args:
        memory: Name of the memory.
        end: Byte offset in it behind the last decoded byte. The streams of a family agree there: they share their last
            commands.
    """

    memory: str
    end: int


class Compared(NamedTuple):
    """An output beside a place in a memory.

    Args:
        first: First byte of the output that is inside of the memory.
        equal: bool[n], which bytes from there on stand in the memory.
        changed: bool[n], which bytes of the memory have changed.
    """

    first: int
    equal: NDArray[np.bool_]
    changed: NDArray[np.bool_]

    def runs(self) -> list[tuple[int, int]]:
        """Return the runs of a tile or more of equal bytes in which a byte has changed: begin and end in the output."""
        edges = np.flatnonzero(np.diff(np.concatenate(([False], self.equal, [False])).view(np.int8))).reshape(-1, 2)
        edges = edges[edges[:, 1] - edges[:, 0] >= TILE_BYTES]
        return [
            (self.first + begin, self.first + end) for begin, end in edges.tolist() if self.changed[begin:end].any()
        ]


def compared(data: NDArray[np.uint8], place: Place, now: Memories, old: Memories) -> Compared | None:
    """Compare an output with a place in the memories; `None` if they do not overlap, or it is not known what was there.

    Args:
        data: The decoded bytes.
        place: The place.
        now: The memories.
        old: The memories some frames earlier.
    """
    part, earlier = now.parts[place.memory], old.parts.get(place.memory)
    base = place.end - len(data)
    low, high = max(0, -base), min(len(data), len(part) - base)
    if earlier is None or len(earlier) != len(part) or high - low < TILE_BYTES:
        return None
    there = part[base + low : base + high]
    return Compared(low, data[low:high] == there, there != earlier[base + low : base + high])


class Explained(NamedTuple):
    """How much of an output stands in the memories.

    Args:
        there: bool[n], which of its bytes stand there, in runs of a tile at least in which something has changed.
        changed: bool[n], which of these have changed.
        runs: The runs.
        places: The places that have a part in this.
    """

    there: NDArray[np.bool_]
    changed: NDArray[np.bool_]
    runs: list[tuple[int, int]]
    places: list[Place]

    @property
    def score(self) -> int:
        """Bytes that came, less those that did not. Bytes that were there before speak neither for nor against."""
        return int(self.changed.sum()) - int((~self.there).sum())

    @property
    def arrived(self) -> int:
        """Bytes that came, less a tile for each place: a wrong stream is put together from many."""
        return int(self.changed.sum()) - TILE_BYTES * len(self.places)


def explained(data: NDArray[np.uint8], places: Iterable[Place], now: Memories, old: Memories) -> Explained:
    """Return how much of an output stands in the memories, at the first of the places that show it."""
    found = Explained(np.zeros(len(data), np.bool_), np.zeros(len(data), np.bool_), [], [])
    for place in places:
        one = compared(data, place, now, old)
        runs = [] if one is None else [run for run in one.runs() if not found.there[slice(*run)].all()]
        if one is None or not runs:
            continue
        found.places.append(place)
        for begin, end in runs:
            found.there[begin:end] = True
            found.changed[begin:end] |= one.changed[begin - one.first : end - one.first]
            found.runs.append((begin, end))
    return found


def explains(data: NDArray[np.uint8], least: int, places: list[Place], now: Memories, old: Memories) -> bool:
    """Whether an output of the same family has at least this score."""
    equal, came = np.zeros(len(data), np.bool_), np.zeros(len(data), np.bool_)
    for place in places:
        one = compared(data, place, now, old)
        if one is not None:
            equal[one.first : one.first + len(one.equal)] |= one.equal
            came[one.first : one.first + len(one.equal)] |= one.equal & one.changed
    if int(came.sum()) - int((~equal).sum()) < least:  # it cannot; the runs need not be looked for
        return False
    return explained(data, places, now, old).score >= least


@final
class Candidate:
    """A stream that the game has touched first at its first byte.

    Args:
        output: The stream.
        packed: Its bytes.
        sure: Whether the game cannot have read the bytes before shortly before. Otherwise, more has to arrive.
        frame: The frame of the touch.
        before: The memories before that frame.
    """

    def __init__(self, output: Output, packed: bytes, frame: int, before: Memories, *, sure: bool) -> None:
        self.output, self.frame, self.before, self.sure = output, frame, before, sure
        self.rivals: Sequence[Candidate] = ()
        """Streams of other codecs that begin at the same byte."""
        self.judgement: Judgement = "waiting"
        self._packed = packed
        hashes = window_hashes(output.data)
        self._order = np.argsort(hashes, kind="stable")
        self._hashes = hashes[self._order]
        self._places: dict[Place, int] = {}  # and how many tiles say so
        self._came: set[int] = set()
        self._grown = False

    def look(self, arrivals: list[Arrival], every: NDArray[np.uint64]) -> None:
        """Note which tiles of the stream have arrived that were nowhere before.

        Args:
            arrivals: What has arrived.
            every: The hashes of all of it.
        """
        if not contained(every, self._hashes).any():  # most often
            return
        size = len(self.output.data)
        for memory, places, hashes in arrivals:
            own = contained(hashes, self._hashes)
            if not own.any():
                continue
            own[own] = ~contained(hashes[own], self.before.hashes)
            windows = self._order[np.searchsorted(self._hashes, hashes[own])]
            for end, window in zip((places[own] - windows + size).tolist(), windows.tolist(), strict=True):
                place = Place(memory, end)
                self._places[place] = self._places.get(place, 0) + 1
                self._came.add(window)
                self._grown = True

    @property
    def ready(self) -> bool:
        """Whether more tiles have arrived since this was last asked, and enough to judge."""
        ready = self._grown and len(self._came) >= _TILES
        self._grown = False
        return ready

    def judge(self, rom: Rom, now: Memories, old: Memories) -> Judgement:
        """Judge whether the stream was read from here.

        Args:
            rom: The image.
            now: The memories now.
            old: The memories before the game can have begun to read the stream.

        Returns:
            "waiting" if too little of it has arrived so far; "contested" if a stream of another codec explains as much,
            as one without copies can; "refused" if that, or another start of its family, explains more.
        """
        mine = self._explained(now, old)
        part = mine.there.mean()
        if part < (_PART if self.sure and not self.rivals else _NEARLY_ALL) or not mine.there[:_MOST_LEAD].any():
            return "waiting"
        if not self._was_unpacked(mine.runs) and (part < _NEARLY_ALL or self._was_copied(now)):
            return "waiting"
        came = mine.arrived
        rival = max((other._explained(now, old).arrived for other in self.rivals), default=0)
        if rival > came:
            return "refused"
        family = family_of(rom, self.output)
        if family is None:
            return "refused"
        score = mine.score
        if any(
            explains(member.data, score + (self.sure and member.offset > self.output.offset), mine.places, now, old)
            for member in family
        ):
            return "refused"
        return "contested" if rival == came else "traced"

    def _explained(self, now: Memories, old: Memories) -> Explained:
        return explained(self.output.data, self._likeliest(), now, old)

    def _likeliest(self) -> list[Place]:
        """Return the places that most tiles speak for."""
        return sorted(self._places, key=lambda place: -self._places[place])[:_MOST_PLACES]

    def _was_unpacked(self, runs: list[tuple[int, int]]) -> bool:
        """Whether something has arrived that does not stand in the stream as it is: else it may be a plain copy.

        The edges of a run may be equal by accident.
        """
        data = self.output.data
        return any(data[begin + _EDGE : end - _EDGE].tobytes() not in self._packed for begin, end in runs)

    def _was_copied(self, now: Memories) -> bool:
        """Whether the first command itself has arrived before its bytes."""
        head = self._packed.find(self.output.data[: TILE_BYTES // 2].tobytes())
        bases = ((now.parts[memory], end - len(self.output.data)) for memory, end in self._likeliest())
        return any(
            base >= head > 0 and part[base - head : base].tobytes() == self._packed[:head] for part, base in bases
        )
