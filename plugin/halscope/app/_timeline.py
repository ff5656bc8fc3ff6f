"""The timeline of a game that is looked at: its past frames, and what can be done with them."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, final

from halscope.app._controls import Controls
from halscope.app._kept_frames import LiveFrames, RecordedFrames
from halscope.app._past import PastFrames
from halscope.app._workspace import Workspace
from halscope.session import Session


@final
class Timeline:
    """Context manager: the past frames of the game that runs, or of a recording. Closing it closes the frames too.

    Args:
        frames: The frames.
        workspace: Returns the ROM, or `None` if its file is unknown.
        controls: What is asked of the emulator.
    """

    def __init__(
        self, frames: LiveFrames | RecordedFrames, workspace: Callable[[], Workspace | None], controls: Controls
    ) -> None:
        self.frames = frames
        self.past = PastFrames(frames, workspace)
        """Shows past frames."""
        self.tell: Callable[[str, dict[str, Any]], None] = lambda _kind, _fields: None
        """Called with what changes: a kind and its JSON form. From any thread."""
        self._controls = controls
        if isinstance(frames, LiveFrames):
            frames.told = self.told

    def follow(self, session: Session) -> None:
        """Record this session from now on, if it is a running game."""
        if isinstance(self.frames, LiveFrames):
            self.frames.follow(session)
        self.told()

    def describe(self) -> dict[str, Any]:
        """Return the JSON form: the positions of the frames (`first`, and `end` behind the last one), and whether more
        are to come (`live`)."""
        return {"first": self.frames.first, "end": self.frames.end, "live": self.frames.live}

    def newest(self, frame: int | None) -> int:
        """Return the position of the frame with this number of the host, or of the last one if there is none such."""
        found = None
        if frame is not None and isinstance(self.frames, LiveFrames):
            found = self.frames.position(frame)
        return self.frames.end - 1 if found is None else found

    def told(self) -> None:
        """Tell how far it goes now."""
        self.tell("timeline", self.describe())

    def close(self) -> None:
        """End the recording, and remove it. Idempotent."""
        self.frames.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()
