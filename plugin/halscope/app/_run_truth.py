"""What a run's frames are worth: whether their pictures are true, and how much of what they show is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, final

from halscope_hooks import Frame, Update

from halscope.app._coverage_text import coverage_json, coverage_lines
from halscope.app._doubts import doubts
from halscope.ppu import with_match
from halscope.ppu.coverage import Coverage, RunCoverage

SAMPLED: Final = 30
"""Of so many frames one is measured: measuring takes as long as decoding twenty."""


SAMPLED_LIVE: Final = 50
"""The same for a game that runs in real time, of which every sixth frame is decoded: once in five seconds."""


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
        if found := doubts(self.frame):
            document["doubts"] = list(found)
        if self.coverage is not None:
            document["coverage"] = coverage_json(self.coverage)
        return document


@final
class RunTruth:
    """Judges the frames of a run, some of them and the last one thoroughly.

    Args:
        compare_all: Whether every frame is compared with the emulator's picture.
        every: Of so many frames one is judged thoroughly.
    """

    def __init__(self, *, compare_all: bool = False, every: int = SAMPLED) -> None:
        self._compare_all = compare_all
        self._every = every
        self._coverage = RunCoverage()
        self._frames = 0
        self._covered = False
        self._unmeasured: Update | None = None  # the last frame, unless it was measured
        self._compared = 0
        self._differing: list[int] = []  # frame numbers
        self._uncompared = 0
        self._doubts: dict[str, int] = {}  # of frames that could not be compared

    def begin(self, update: Update) -> None:
        """Take this frame as the beginning of the run, without judging it; without effect later."""
        self._coverage.begin(update.snapshot)

    def look(self, update: Update) -> JudgedFrame:
        """Judge the next frame."""
        sampled = self._frames % self._every == 0
        self._frames += 1
        self._unmeasured = None if sampled else update
        self.begin(update)
        frame = update.frame
        if sampled or self._compare_all:
            frame = with_match(frame)
            self._note(frame)
        return JudgedFrame(frame, self._measure(frame, update) if sampled else None)

    def finish(self) -> None:
        """Measure the last frame too. Call it once, after the last `look`."""
        last, self._unmeasured = self._unmeasured, None
        if last is not None:
            frame = with_match(last.frame)
            if not self._compare_all:
                self._note(frame)
            self._measure(frame, last)

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
        lines = []
        if self._differing:
            first = self._differing[0]
            lines.append(
                f"{len(self._differing)} of {self._compared} compared frames differ from the emulator's picture, "
                f"the first is frame {first}: something changed while it was drawn"
            )
        checked = self._compared + self._uncompared
        lines += [f"{count} of {checked} checked frames: {doubt}" for doubt, count in self._doubts.items()]
        return lines if self.coverage is None else [*lines, *coverage_lines(self.coverage)]

    def describe(self) -> dict[str, Any]:
        """Return the same as JSON."""
        document: dict[str, Any] = {"compared": self._compared, "differing": len(self._differing)}
        if self._doubts:
            document["doubts"] = dict(self._doubts)
        if self.coverage is not None:
            document["coverage"] = coverage_json(self.coverage)
        return document

    def _note(self, frame: Frame) -> None:
        if frame.matches is not None:
            self._compared += 1
            if not frame.matches:
                self._differing.append(frame.snapshot.frame)
            return
        self._uncompared += 1
        for doubt in doubts(frame):
            self._doubts[doubt] = self._doubts.get(doubt, 0) + 1
