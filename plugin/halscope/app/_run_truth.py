"""What a run's frames are worth: whether their pictures are true, and how much of what they show is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, final

from halscope_hooks import Frame, Update

from halscope.app._coverage_text import coverage_json, coverage_lines
from halscope.app._doubts import judged_doubts
from halscope.ppu import with_match
from halscope.ppu.coverage import Coverage, RunCoverage

SAMPLED: Final = 30
"""Of so many frames one is measured: measuring takes as long as decoding twenty."""


SAMPLED_LIVE: Final = 50
"""The same for a game that runs in real time, of which every sixth frame is decoded: once in five seconds."""


COMPARED_LIVE: Final = 30
"""Of so many frames of a game in real time one is compared: twice a second. Comparing takes 1 to 2 ms."""


@dataclass(frozen=True, slots=True, eq=False)
class JudgedFrame:
    """A frame of a run.

    Args:
        frame: The frame, compared with the emulator's picture if it was to be.
        coverage: Its coverage, if it was measured.
    """

    frame: Frame
    coverage: Coverage | None

    def describe(self) -> dict[str, Any]:
        """Return the JSON form: `matches`, `raster_effects`, `doubts` if there are any, and `coverage` if measured."""
        document: dict[str, Any] = {
            "matches": self.frame.matches,
            "raster_effects": self.frame.snapshot.raster_effects,
        }
        if found := judged_doubts(self.frame):
            document["doubts"] = list(found)
        if self.coverage is not None:
            document["coverage"] = coverage_json(self.coverage)
        return document


@final
class RunTruth:
    """Judges the frames of a run: compares them with the emulator's picture, and measures the coverage of some.

    Args:
        compare_every: Of so many frames one is compared; so are those that are measured.
        every: Of so many frames one is measured; so is the last one.
    """

    def __init__(self, *, compare_every: int = 1, every: int = SAMPLED) -> None:
        self._compare_every = compare_every
        self._every = every
        self._coverage = RunCoverage()
        self._frames = 0
        self._covered = False
        self._unmeasured: tuple[Update, Frame] | None = None  # the last frame as it was judged, unless it was measured
        self._compared = 0
        self._differing: list[int] = []  # frame numbers
        self._uncompared = 0  # frames that should have been
        self._without_picture = 0  # of these
        self._doubts: dict[str, int] = {}  # of frames that could not be compared

    def begin(self, update: Update) -> None:
        """Take this frame as the beginning of the run, without judging it; without effect later."""
        self._coverage.begin(update.snapshot)

    def look(self, update: Update) -> JudgedFrame:
        """Judge the next frame."""
        sampled = self._frames % self._every == 0
        compared = sampled or self._frames % self._compare_every == 0
        self._frames += 1
        self.begin(update)
        frame = self._compare(update.frame) if compared else update.frame
        self._unmeasured = None if sampled else (update, frame)
        return JudgedFrame(frame, self._measure(frame, update) if sampled else None)

    def finish(self) -> None:
        """Compare and measure the last frame too. Call it once, after the last `look`."""
        last, self._unmeasured = self._unmeasured, None
        if last is not None:
            update, frame = last
            if (self._frames - 1) % self._compare_every:
                frame = self._compare(frame)
            self._measure(frame, update)

    def _measure(self, frame: Frame, update: Update) -> Coverage | None:
        """Add a frame to the run's coverage, if there is an index."""
        if update.origins is None:
            return None
        self._covered = True
        return self._coverage.add(frame, update.origins)

    @property
    def coverage(self) -> Coverage | None:
        """The coverage of the run, or `None` if no frame was measured (there is no index)."""
        return self._coverage.total if self._covered else None

    def lines(self) -> list[str]:
        """Return what a person should know: what the pictures are worth, then the coverage."""
        lines = [self._comparison()] if self._frames else []
        checked = self._compared + self._uncompared
        lines += [f"{count} of {checked} checked frames: {doubt}" for doubt, count in self._doubts.items()]
        return lines if self.coverage is None else [*lines, *coverage_lines(self.coverage)]

    def describe(self) -> dict[str, Any]:
        """Return the same as JSON."""
        document: dict[str, Any] = {
            "decoded": self._frames,
            "compared": self._compared,
            "differing": len(self._differing),
        }
        if self._doubts:
            document["doubts"] = dict(self._doubts)
        if self.coverage is not None:
            document["coverage"] = coverage_json(self.coverage)
        return document

    def _comparison(self) -> str:
        """How many frames were compared with the emulator's picture, and what came of it."""
        frames = f"{self._frames} decoded frame{'s' * (self._frames != 1)}"
        if not self._compared:
            why = "there is none" if self._without_picture == self._uncompared else "not enough is known of them"
            return f"none of {frames} was compared with the emulator's picture: {why}"
        text = f"{self._compared} of {frames} compared with the emulator's picture: "
        if not self._differing:
            return text + ("equal" if self._compared == 1 else "all equal")
        return (
            f"{text}{len(self._differing)} differ{'s' * (len(self._differing) == 1)}, the first is frame "
            f"{self._differing[0]}: something changed while it was drawn"
        )

    def _compare(self, frame: Frame) -> Frame:
        """Compare a frame, and note the result."""
        frame = with_match(frame)
        if frame.matches is None:
            self._uncompared += 1
            self._without_picture += frame.snapshot.picture is None
            for doubt in judged_doubts(frame):
                self._doubts[doubt] = self._doubts.get(doubt, 0) + 1
        else:
            self._compared += 1
            if not frame.matches:
                self._differing.append(frame.snapshot.frame)
        return frame
