"""A past frame as it was when it was the newest: decoded, its tiles looked up, its picture composed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np
from halscope_hooks import Changes, Frame, Snapshot, Update, UsageError
from numpy.typing import NDArray

from halscope.app._judged import followed
from halscope.app._kept_frames import Frames
from halscope.app._workspace import Workspace
from halscope.ppu import FrameDecoder
from halscope.ppu.compose import compose_screen
from halscope.session import Locate


@dataclass(frozen=True, slots=True)
class Past:
    """A past frame.

    Args:
        position: Its place in the timeline; of a kept moment, the place of the frame that was shown before.
        update: The decoded frame and the origins of its tiles, which are `None` while the ROM is not indexed.
        picture: Its picture as uint8[height, width, 3]: the emulator's, or else a composed one; `None` if it cannot be
            composed.
        composed: Whether the picture was composed.
        moment: Name of the kept moment that it is, or `None`.
    """

    position: int
    update: Update
    picture: NDArray[np.uint8] | None
    composed: bool
    moment: str | None = None


@final
class PastFrames:
    """Shows frames of a timeline as a session shows those of a running game. For any thread; one is shown at a time.

    Args:
        frames: The timeline.
        workspace: Returns the ROM, or `None` if its file is unknown.
    """

    def __init__(self, frames: Frames, workspace: Callable[[], Workspace | None]) -> None:
        self.frames = frames
        self._workspace = workspace
        self._lock = threading.Lock()
        self._decoder = FrameDecoder()
        self._locate: tuple[Workspace, Locate] | None = None

    def show(self, position: int) -> Past:
        """Return a frame. Raises UsageError if it is not kept, FormatError if it is damaged."""
        return self._shown(self.frames.snapshot(position), position)

    def moment(self, name: str, snapshot: Snapshot, position: int) -> Past:
        """Return a kept moment as a frame that was shown at a position."""
        return self._shown(snapshot, position, name)

    def _shown(self, snapshot: Snapshot, position: int, moment: str | None = None) -> Past:
        workspace = self._workspace()
        snapshot = followed(snapshot, None if workspace is None else workspace.rom)
        with self._lock:
            frame = self._decoder.decode(snapshot)
            locate = self._tracker()
            update = Update(frame, None if locate is None else locate(snapshot.vram), Changes.everything(frame))
        return Past(position, update, picture_of(frame), snapshot.picture is None, moment)

    def _tracker(self) -> Locate | None:
        workspace = self._workspace()
        if workspace is None or workspace.built_index is None:
            return None
        if self._locate is None or self._locate[0] is not workspace:
            self._locate = workspace, workspace.tracker()
        return self._locate[1]


def picture_of(frame: Frame) -> NDArray[np.uint8] | None:
    """Return the emulator's picture of a frame, or else a composed one; `None` if a register is not known."""
    if frame.snapshot.picture is not None:
        return frame.snapshot.picture
    try:
        return compose_screen(frame).rgb
    except UsageError:
        return None
