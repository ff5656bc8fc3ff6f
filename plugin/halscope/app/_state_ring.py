"""The console's states of the last minutes, one a second: the game can go back to any frame of the timeline."""

from __future__ import annotations

import threading
import zlib
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast, final

import numpy as np
from halscope_hooks import Host, HostError, Paced, Snapshot, Stateful, capability

from halscope.app._controls import Controls
from halscope.formats.recording import ByteRing

EVERY: Final = 60
"""Frames from one state to the next: a second."""
MOST_STATES: Final = 600
"""States that are kept: ten minutes."""
MOST_BYTES: Final = 96 << 20
"""Size of their temporary file in bytes. A state of the demo takes 53 KB of it."""
_RECENT: Final = 30  # frames after which `rewind` goes back to the last state, and not to the one before it
_PADS: Final = ("b", "y", "select", "start", "up", "down", "left", "right", "a", "x", "l", "r")


@dataclass(frozen=True, slots=True)
class State:
    """A state that is kept.

    Args:
        number: Its number among all that were taken.
        frame: The host's number of the first frame that ran after it.
        before: Number of the state that the game came from, or -1.
        at: Its offset in the file's stream.
        size: Its size there.
    """

    number: int
    frame: int
    before: int
    at: int
    size: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where the game was brought.

    Args:
        state: The state that was loaded.
        ran: Frames that were run after it, without those that the game runs by itself from then on.
        frame: The host's number of the last of them, or of the one before the next if none was run.
    """

    state: State
    ran: int
    frame: int


@final
class StateRing:
    """Takes a state of the running game each second, where its host knows of which frame a state is (the hosts that run
    a core themselves).

    Frame numbers go on counting when a state is loaded, so each names one frame of the session.

    Args:
        controls: The game's thread, which saves and loads.
        every: Frames from one state to the next.
        most_bytes: Size of the temporary file in bytes.
        folder: Where the file is; by default the system's folder for temporary files.
    """

    def __init__(
        self, controls: Controls, *, every: int = EVERY, most_bytes: int = MOST_BYTES, folder: Path | None = None
    ) -> None:
        self._controls = controls
        self._every = every
        self._file = ByteRing(most_bytes, folder)
        self._states: OrderedDict[int, State] = OrderedDict()  # by their numbers
        self._lock = threading.Lock()  # of the states, and of what tells where the game is
        self._saving: Future[tuple[bytes, int]] | None = None
        self._asked = -every  # the frame at which the last one was asked for
        self._next = 0
        self._head = -1  # number of the state that the game was at last
        self._head_frame = 0  # the first frame after that
        self._newest = -1
        self._pads = np.empty(MOST_STATES * EVERY, np.uint16)  # buttons held in the last frames, by frame number
        self._pads.fill(0)
        self._able = True

    def begin(self) -> None:
        """Forget all: another game, or another session."""
        with self._lock:
            self._states.clear()
            self._saving, self._asked, self._head, self._newest, self._able = None, -self._every, -1, -1, True

    def look(self, snapshot: Snapshot) -> None:
        """Note a frame, and take a state if one is due. On the tap's thread, for each frame in order."""
        self._newest = snapshot.frame
        held = self._controls.held
        self._pads[snapshot.frame % self._pads.size] = sum(1 << n for n, name in enumerate(_PADS) if name in held)
        saving = self._saving
        if saving is not None:
            if saving.done():
                self._saving = None
                self._keep(saving)
        elif self._able and snapshot.frame - self._asked >= self._every:
            self._asked = snapshot.frame
            self._saving = self._controls.ask(_save)

    @property
    def states(self) -> Sequence[State]:
        """The states that are kept, in the order in which they were taken."""
        with self._lock:
            return tuple(self._states.values())

    @property
    def able(self) -> bool:
        """Whether the host gives states."""
        return self._able

    @property
    def used(self) -> int:
        """Size of the temporary file now, in bytes."""
        return self._file.used

    def before(self, frame: int) -> State | None:
        """Return the last state from which running on leads to this frame, or `None`."""
        found = [one for one in self.states if one.frame <= frame]
        return max(found, key=lambda one: one.frame, default=None)

    def play_from(self, host: Host, frame: int) -> Arrival:
        """Bring the game to a frame: load the state before it and run to it, with the buttons that were held. On the
        game's thread. Raises HostError if no state is kept that leads there."""
        state = self.before(frame)
        if state is None:
            raise HostError("no state before this frame is kept, so the game cannot go on from here")
        return self._bring(host, state, frame - state.frame + 1)

    def rewind(self, host: Host) -> Arrival:
        """Bring the game a second back: to the last state, or if it is at that, to the one before it. On the game's
        thread. Raises HostError if there is none."""
        with self._lock:
            state = self._states.get(self._head)
            if state is not None and self._newest - self._head_frame < _RECENT:
                state = self._states.get(state.before, state)
        if state is None:
            if not self._able:
                _stateful(host)  # says that it cannot be done here
            raise HostError("no state is kept yet, so the game cannot go back")
        return self._bring(host, state, 1)

    def load(self, host: Host, state: bytes) -> None:
        """Load a state that was saved elsewhere; what runs from here on follows it, not the last state that is kept.
        On the game's thread. Raises HostError."""
        console = _stateful(host)
        console.load_state(state)
        packed, begin = zlib.compress(state, 1), _state_frame(host)
        with self._lock:
            self._saving, self._asked = None, begin
            self._add(begin, self._head, self._file.append(packed), len(packed))

    def close(self) -> None:
        """Remove the file."""
        with self._lock:
            self._states.clear()
        self._file.close()

    def _bring(self, host: Host, state: State, frames: int) -> Arrival:
        packed = self._file.read(state.at, state.size)
        if packed is None:
            raise HostError("this state is not kept any more")
        paused = self._controls.paused
        paced, pad = capability(host, "paced"), capability(host, "playable")
        if paced is not None:
            paced.pause()
        try:
            console = _stateful(host)
            console.load_state(zlib.decompress(packed))
            begin = _state_frame(host)
            with self._lock:  # it is also the state of which the frames from here on follow
                self._saving, self._asked = None, begin
                self._add(begin, state.before, state.at, state.size)
            for number in range(frames):
                if pad is not None:
                    pad.press(self._held(state.frame + number))
                _run_frame(host, paced)
        finally:
            if pad is not None:
                pad.press(self._controls.held)
            if paced is not None and not paused:
                paced.resume()
        return Arrival(state, frames, begin + frames - 1)

    def _held(self, frame: int) -> set[str]:
        bits = int(self._pads[frame % self._pads.size])
        return {name for n, name in enumerate(_PADS) if bits >> n & 1}

    def _keep(self, saving: Future[tuple[bytes, int]]) -> None:
        """Keep a state that the game's thread has taken."""
        try:
            data, frame = saving.result(0)
        except HostError:
            self._able = False
            return
        packed = zlib.compress(data, 1)
        with self._lock:
            self._add(frame, self._head, self._file.append(packed), len(packed))

    def _add(self, frame: int, before: int, at: int, size: int) -> None:
        """Add a state, at which the game is now, and let go of what the file does not hold any more."""
        oldest = self._file.oldest
        for number in [number for number, one in self._states.items() if one.at < oldest]:
            del self._states[number]
        while len(self._states) >= MOST_STATES:
            self._states.popitem(last=False)
        self._states[self._next] = State(self._next, frame, before, at, size)
        self._head, self._head_frame = self._next, frame
        self._next += 1


def last_frame(host: Host) -> int | None:
    """Number of the last frame that a host has run; `None` where it does not know. On the game's thread."""
    try:
        return _save(host)[1] - 1
    except HostError:
        return None


def _save(host: Host) -> tuple[bytes, int]:
    state = _stateful(host).save_state()
    return state, _state_frame(host)


def _stateful(host: Host) -> Stateful:
    console = capability(host, "stateful")
    if console is None or not hasattr(host, "state_frame"):
        raise HostError(f"{host.info.emulator}: its states cannot be used from here (host {host.info.name})")
    return console


def _state_frame(host: Host) -> int:
    """Number of the first frame after the state that was saved or loaded just now."""
    return cast("int", host.state_frame)  # type: ignore[attr-defined]  # `_stateful` has asked for it


def _run_frame(host: Host, paced: Paced | None) -> None:
    driven = capability(host, "driven")
    if paced is not None:
        paced.step_frame()
    elif driven is not None:
        driven.step()
