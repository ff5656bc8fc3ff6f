"""When an edit was saved, written into the running game, and shown by it."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, final

import numpy as np
from halscope_hooks import Snapshot, Write

_SHOWN: Final = ("vram", "cgram")
"""Memories that the picture is drawn from."""
MOST_FRAMES: Final = 120
"""Frames after which an edit that is not in VRAM counts as not shown: its graphics may be loaded later."""


@dataclass(frozen=True, slots=True)
class AppliedEdit:
    """A saved sheet that was written into the running game.

    Args:
        edit: The sheet's path in the watched folder.
        saved_ns: When the file was saved, in nanoseconds since 1970.
        written_frame: The last frame before it was written.
        shown_frame: The first frame by which all edited tiles were in VRAM; `None` if some were not there within two
            seconds, as the game had not loaded them, or has loaded others, or if the edit was taken back meanwhile.
    """

    edit: str
    saved_ns: int
    written_frame: int
    shown_frame: int | None = None


@final
class _Expected:
    """Writes that are looked for."""

    def __init__(self, edit: AppliedEdit, writes: Sequence[Write], steps: int) -> None:
        self.edit = edit
        self.steps = steps  # that the edit had gone through when it was written
        self.missing = [write for write in writes if write.space in _SHOWN]  # no frame has shown these yet
        self.loaded = bool(self.missing)
        """Whether the game had any of its tiles in VRAM."""
        self.failed = False


@final
class ShownEdits:
    """Looks in the frames after each edit for its tiles."""

    def __init__(self) -> None:
        self._open: deque[_Expected] = deque()
        self._found: deque[_Expected] = deque()
        self._steps: dict[str, int] = {}  # how often each edit was taken back or done again

    @contextlib.contextmanager
    def expected(self, edit: AppliedEdit | None, frame: int, writes: Sequence[Write]) -> Iterator[None]:
        """Look for these writes from now on, unless making them fails. `frame` is the last one before them."""
        if edit is None:
            yield
            return
        one = _Expected(replace(edit, written_frame=frame), writes, self._steps.get(edit.edit, 0))
        self._open.append(one)
        try:
            yield
        except BaseException:
            one.failed = True
            raise

    def saw(self, snapshot: Snapshot) -> None:
        """Look in a frame. Call it for each, on one thread."""
        for _ in range(len(self._open)):
            one = self._open.popleft()
            passed = snapshot.frame - one.edit.written_frame
            if one.failed:
                continue
            if passed > 0:  # a game may stream its frames into one place, so they need not be there all at once
                one.missing = [write for write in one.missing if not _is_there(write, snapshot)]
            if one.loaded and not one.missing:
                one.edit = replace(one.edit, shown_frame=snapshot.frame)
                self._found.append(one)
            elif not one.loaded or not 0 <= passed < MOST_FRAMES or self._is_over(one):
                self._found.append(one)
            else:
                self._open.append(one)

    def give_up(self) -> None:
        """Decide what is still open: no more frames come."""
        for _ in range(len(self._open)):
            one = self._open.popleft()
            if not one.failed:
                self._found.append(one)

    def stepped(self, edits: Iterable[str]) -> None:
        """Look no more for what was written of these edits: they were taken back, or done again. Any thread."""
        for edit in edits:
            self._steps[edit] = self._steps.get(edit, 0) + 1

    def take(self) -> list[AppliedEdit]:
        """Return the edits that are decided since the last call: they are shown, or cannot be expected to be."""
        found = [self._found.popleft() for _ in range(len(self._found))]
        return [replace(one.edit, shown_frame=None) if self._is_over(one) else one.edit for one in found]

    def _is_over(self, one: _Expected) -> bool:
        return one.steps != self._steps.get(one.edit.edit, 0)


def _is_there(write: Write, snapshot: Snapshot) -> bool:
    memory = snapshot.vram if write.space == "vram" else snapshot.cgram.astype("<u2").view(np.uint8)
    there = memory[write.offset : write.offset + len(write.data)]
    return bool(np.array_equal(there, np.frombuffer(write.data, np.uint8)))
