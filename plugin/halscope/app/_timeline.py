"""The timeline of a game that is looked at: its past frames, and what can be done with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, final

import numpy as np
from halscope_hooks import Host, HostError, Snapshot, Update, capability

from halscope.app._controls import Controls
from halscope.app._kept_frames import LiveFrames, RecordedFrames
from halscope.app._kept_moments import KeptMoments
from halscope.app._past import Past, PastFrames
from halscope.app._state_ring import Arrival, StateRing
from halscope.app._workspace import Workspace
from halscope.project import data_folder
from halscope.session import Session

_COMPARED: Final = ("vram", "cgram", "oam")


@final
class Timeline:
    """Context manager: the past frames of the game that runs, or of a recording. Closing it closes the frames too.

    Args:
        frames: The frames.
        workspace: Returns the ROM, or `None` if its file is unknown.
        controls: What is asked of the emulator.
        folder: Where moments are kept; by default a folder for each ROM in the user's data folder.
    """

    def __init__(
        self,
        frames: LiveFrames | RecordedFrames,
        workspace: Callable[[], Workspace | None],
        controls: Controls,
        folder: Path | None = None,
    ) -> None:
        self.frames = frames
        self.past = PastFrames(frames, workspace)
        """Shows past frames."""
        self.states = StateRing(controls, folder=frames.folder if isinstance(frames, LiveFrames) else None)
        """The states of the running game."""
        self.moments = KeptMoments(lambda: _own_folder(workspace()) if folder is None else folder)
        """The moments that were kept."""
        self.tell: Callable[[str, dict[str, Any]], None] = lambda _kind, _fields: None
        """Called with what changes: a kind and its JSON form. From any thread."""
        self._controls = controls
        self._expected: tuple[int, Snapshot] | None = None
        if isinstance(frames, LiveFrames):
            frames.told = self.told
            frames.seen = self._look

    def follow(self, session: Session) -> None:
        """Record this session from now on, if it is a running game."""
        if isinstance(self.frames, LiveFrames):
            self.states.begin()
            self.frames.follow(session)
        self.told()
        self.tell("moments", self.moments.describe())

    def describe(self) -> dict[str, Any]:
        """Return the JSON form: the positions of the frames (`first`, and `end` behind the last one), whether more are
        to come (`live`), how many states are kept (`states`), which one is shown at first (`start`), and of a
        running game the `folder` of the temporary files and the `bytes` that they take."""
        frames, start = self.frames, self.newest(None)
        found: dict[str, Any] = {
            "first": frames.first,
            "end": frames.end,
            "live": frames.live,
            "states": len(self.states.states),
            "start": start,
        }
        if isinstance(frames, LiveFrames):
            found |= {"folder": str(frames.folder), "bytes": frames.used + self.states.used}
        return found

    def newest(self, frame: int | None) -> int:
        """Return the position of the frame with this number of the host, or of the last one if there is none such.

        Of a recording it is the one that is shown at first.
        """
        if not isinstance(self.frames, LiveFrames):
            return self.frames.start
        found = None if frame is None else self.frames.position(frame)
        return self.frames.end - 1 if found is None else found

    def keep(self, update: Update, state: bytes | None = None) -> str:
        """Keep a moment, and return its name. Raises HalscopeError."""
        name = self.moments.keep(update.snapshot, state)
        self.tell("moments", self.moments.describe())
        return name

    def delete(self, name: str) -> None:
        """Delete a kept moment. Raises HalscopeError."""
        self.moments.delete(name)
        self.tell("moments", self.moments.describe())

    def moment(self, name: str, position: int) -> Past:
        """Return a kept moment as a past frame; steps from it go on from this position. Raises UsageError if none has
        this name, FormatError if it is damaged."""
        return self.past.moment(name, self.moments.snapshot(name), position)

    def play_from(self, host: Host, frame: int, shown: Snapshot) -> Arrival:
        """Bring the game to a past frame. On the game's thread. What comes of it is told as "arrived": whether the game
        holds the `same` as it did then, `null` if its frame was missed. Raises HostError."""
        arrival = self.states.play_from(host, frame)
        self._expected = arrival.frame, replace(shown, picture=None)
        return arrival

    def load(self, host: Host, name: str) -> None:
        """Load the state of a kept moment. On the game's thread. Raises UsageError, HostError."""
        console = capability(host, "stateful")
        if console is None:
            raise HostError(f"{host.info.emulator}: no states can be loaded from here (host {host.info.name})")
        state = self.moments.state(name)
        if hasattr(host, "state_frame"):
            self.states.load(host, state)
        else:
            console.load_state(state)

    def told(self) -> None:
        """Tell how far it goes now."""
        self.tell("timeline", self.describe())

    def close(self) -> None:
        """End the recording, and remove it. Idempotent."""
        self.frames.close()
        self.states.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def _look(self, snapshot: Snapshot, _position: int) -> None:
        self.states.look(snapshot)
        expected = self._expected
        if expected is not None and snapshot.frame >= expected[0]:
            self._expected = None
            then = expected[1]
            same = None
            if snapshot.frame == expected[0]:
                same = all(np.array_equal(getattr(snapshot, name), getattr(then, name)) for name in _COMPARED)
            self.tell("arrived", {"frame": then.frame, "same": same})


def _own_folder(workspace: Workspace | None) -> Path:
    return data_folder() / "moments" / ("unknown" if workspace is None else workspace.rom.sha256[:16])
