"""The tracer: joins what a game was seen reading with what then arrived in its memories.

A stream begins where the game's decoder read it first. A first touch of a page says so only if the decoder cannot have
come from elsewhere: not at the page's edge (it read on from the page before), and not after an earlier touch of the
same family in a run of consecutive frames. In a page that was touched shortly before, it may have worked past the
frame's end, so more has to arrive. What the game reads may still be anything: the tiles of the stream have to arrive,
and no other start of its family may explain as much of what has arrived (docs/explanation/watching.md).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, final

import numpy as np
from halscope_hooks import Codec, Snapshot, Touched

from halscope.rom.image import Rom
from halscope.rom.tracing._candidate import Candidate, Output, output_at
from halscope.rom.tracing._memories import Arrival, Memories

FIRST_TOUCH: Final = "first-touch"
"""Evidence: the game touched a page first at this byte, and the stream's own tiles then arrived."""
DECODER_CALL: Final = "decoder-call"
"""Evidence: a debugger saw the game's decoder called with a pointer to this byte."""

PAGE: Final = 0x1000
WINDOW: Final = 60
"""Frames within which the tiles of a stream have to arrive."""

_RECENT: Final = 8  # snapshots: touches may arrive after the snapshot of their frame
_SPARSE: Final = 16  # frames between the older ones
_OLDER: Final = 5
_MOST_CANDIDATES: Final = 256
_MOST_OUTPUTS: Final = 64  # kept, of 64 KiB at most each
_MOST_OFFSETS: Final = 1 << 16
_SURE: Final = 4  # streams of a codec that no other codec explains, until it is the one that the game uses


class TracedStart(NamedTuple):
    """A start that was traced.

    Args:
        codec: Name of the codec.
        block_offset: File offset in the headerless image.
        by: FIRST_TOUCH or DECODER_CALL.
    """

    codec: str
    block_offset: int
    by: str


@final
class Tracer:
    """Proves starts from touches and snapshots. Not thread-safe.

    Touches and snapshots are passed in as they come. The touches of a frame may come some frames late.

    Args:
        rom: The image that runs.
        codecs: The codecs that its streams may have.
    """

    def __init__(self, rom: Rom, codecs: Sequence[Codec]) -> None:
        self._rom = rom
        self._codecs = {codec.name: codec for codec in codecs}
        self._recent: deque[Memories] = deque(maxlen=_RECENT)
        self._older: deque[Memories] = deque(maxlen=_OLDER)
        self._first: int | None = None
        self._pages: dict[int, int] = {}
        """The newest frame in which each page was touched."""
        self._runs: dict[tuple[str, int], int] = {}
        """The newest frame in which each family was touched, by codec and end."""
        self._candidates: list[Candidate] = []
        self._nothing: set[tuple[str, int]] = set()
        self._outputs: dict[tuple[str, int], Output] = {}
        """What was decoded last, by codec and offset: a game reads its streams again, some of them in most frames."""
        self._traced: dict[TracedStart, None] = {}
        self._contested: dict[TracedStart, set[str]] = {}
        """Starts that a stream of another codec explains as well, and the names of these codecs."""
        self._sure: dict[str, int] = {}
        """Number of traced starts by codec that no other codec explains."""
        self.touches = 0
        """Number of touches so far."""

    @property
    def traced(self) -> tuple[TracedStart, ...]:
        """What was traced, in the order in which it was."""
        return tuple(self._traced)

    def touched(self, touches: Iterable[Touched]) -> None:
        """Take touches, oldest first. Touches of streams whose tiles are there already have their effect at once."""
        for touch in touches:
            self.touches += 1
            if touch.codec:
                self._called(touch)
            else:
                self._touched_page(touch)

    def saw(self, snapshot: Snapshot) -> None:
        """Take the next snapshot. One whose frame is not later than the last begins anew: the emulator went back."""
        if self._recent and snapshot.frame <= self._recent[-1].frame:
            self._forget()
        now = Memories(snapshot)
        if self._recent and self._candidates:
            arrivals = now.arrivals(self._recent[-1])
            waiting = [one for one in self._candidates if not self._expired(one, now.frame)]
            self._candidates = self._unsettled(waiting, arrivals, now)
            self._settle_contested()
        if self._recent and (not self._older or now.frame - self._older[-1].frame >= _SPARSE):
            self._older.append(self._recent[0])
        self._recent.append(now)

    def _forget(self) -> None:
        self._recent.clear()
        self._older.clear()
        self._pages.clear()
        self._runs.clear()
        self._candidates.clear()
        self._first = None

    def _called(self, touch: Touched) -> None:
        codec = self._codecs.get(touch.codec)
        if codec is not None and output_at(self._rom, codec, touch.rom_offset) is not None:
            self._trace(TracedStart(codec.name, touch.rom_offset, DECODER_CALL))

    def _touched_page(self, touch: Touched) -> None:
        frame, offset = touch.frame, touch.rom_offset
        page = offset - offset % PAGE if touch.page is None else touch.page
        if self._first is None or frame < self._first:
            self._first = frame
        before = self._pages.get(page, self._first)  # nobody knows what the decoder did before the first frame
        self._pages[page] = frame
        if offset != page and 0 <= offset < len(self._rom.data):
            self._begin(frame, offset, sure=before < frame - 1)

    def _begin(self, frame: int, offset: int, *, sure: bool) -> None:
        """Wait for the tiles of the streams that begin at this offset."""
        earlier = next((one for one in reversed(self._recent) if one.frame < frame), None)
        if earlier is None:
            return
        outputs = [output for codec in self._codecs.values() if (output := self._output(codec, offset)) is not None]
        follows = False
        for output in outputs:
            key = output.codec.name, output.end
            run, self._runs[key] = self._runs.get(key), frame
            follows = follows or (run is not None and run >= frame - 1)
        if follows or any(one.block_offset == offset for one in self._traced):
            return  # what a game streams is read again in most frames
        candidates = []
        for output in outputs:
            packed = b"".join(self._rom.data[begin:end].tobytes() for begin, end in output.ranges)
            candidates.append(Candidate(output, packed, frame, earlier, sure=sure))
        for candidate in candidates:
            candidate.rivals = [other for other in candidates if other is not candidate]
        last = earlier
        for now in self._recent:  # the touch may have come late
            if now.frame >= frame:
                candidates = self._unsettled(candidates, now.arrivals(last), now)
                last = now
        self._candidates += candidates[: _MOST_CANDIDATES - len(self._candidates)]
        self._settle_contested()

    def _output(self, codec: Codec, offset: int) -> Output | None:
        """Decode the stream at an offset, unless it is known."""
        key = codec.name, offset
        if key in self._nothing:
            return None
        output = self._outputs.pop(key, None) or output_at(self._rom, codec, offset)
        if output is not None:
            self._outputs[key] = output  # the newest is the last
            if len(self._outputs) > _MOST_OUTPUTS:
                del self._outputs[next(iter(self._outputs))]
        elif len(self._nothing) < _MOST_OFFSETS:
            self._nothing.add(key)
        return output

    def _unsettled(self, candidates: list[Candidate], arrivals: list[Arrival], now: Memories) -> list[Candidate]:
        """Judge candidates by what has arrived, and return those that are not settled by it."""
        if not arrivals:
            return candidates
        every = np.concatenate([one.hashes for one in arrivals])
        for candidate in candidates:
            candidate.look(arrivals, every)
        old = self._older[0] if self._older else self._recent[0]
        for candidate in candidates:
            if candidate.ready:
                candidate.judgement = candidate.judge(self._rom, now, old)
        for candidate in candidates:
            if candidate.judgement == "traced":
                self._trace(TracedStart(candidate.output.codec.name, candidate.output.offset, FIRST_TOUCH))
        return [
            one
            for one in candidates
            if one.judgement in ("waiting", "contested") and all(rival.judgement != "traced" for rival in one.rivals)
        ]

    def _trace(self, start: TracedStart) -> None:
        if start not in self._traced:
            self._traced[start] = None
            self._sure[start.codec] = self._sure.get(start.codec, 0) + 1

    def _expired(self, candidate: Candidate, frame: int) -> bool:
        """Whether nothing more is expected of a candidate."""
        if frame - candidate.frame <= WINDOW:
            return False
        if candidate.judgement == "contested":
            start = TracedStart(candidate.output.codec.name, candidate.output.offset, FIRST_TOUCH)
            self._contested[start] = {other.output.codec.name for other in candidate.rivals}
        return True

    def _settle_contested(self) -> None:
        """Trace the starts whose codec alone tells what the game uses: several of its streams cannot be another's."""
        for start, rivals in list(self._contested.items()):
            if self._sure.get(start.codec, 0) >= _SURE and not any(self._sure.get(rival, 0) for rival in rivals):
                self._traced[start] = None
                del self._contested[start]
