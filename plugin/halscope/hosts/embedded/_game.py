"""The game in the child: its core, its ring, its clock, and what the parent can ask of it."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final, final

from halscope_hooks import HostError

from halscope.hosts.embedded._bell import FRAME, TROUBLE, Ringer
from halscope.hosts.embedded._clock import Clock
from halscope.hosts.embedded._frames import FrameWriter, Published
from halscope.hosts.embedded._platform import wait
from halscope.hosts.embedded._tracing import Tracer
from halscope.hosts.libretro import LibretroHost
from halscope.hosts.libretro.parts import SnapshotParts

_LOOK_EVERY: Final = 0.05  # seconds between looks whether the parent reads again


@final
class RunningGame:
    """A game that is stepped by the parent's requests, or runs by its own clock between them.

    Args:
        rom, core, parts: As for `LibretroHost`, with the same errors.
        folder: Where the ring is made.
        bell: Tells the parent of frames that no request has asked for.
    """

    def __init__(self, rom: Path | bytes, core: Path, parts: SnapshotParts, folder: Path, bell: Ringer) -> None:
        self.host = LibretroHost(rom, core, own_process=True, **parts)
        self._ring = FrameWriter(folder, self.host.info, self.host.bwram_bytes)
        self._bell = bell
        self._clock = Clock(self.host.frames_a_second)
        self._trouble: HostError | None = None
        self._tracer = Tracer(lambda: self.host)
        self.actions: dict[str, Callable[..., object]] = {
            "step": self._step,
            "press": self._press,
            "write": lambda writes: self.host.write(writes).error,
            "reset": self.host.reset,
            "save": lambda: (self.host.save_state(), self.host.state_frame),
            "load": self._load,
            "run": lambda: self._clock.start(time.monotonic()),
            "pause": self._clock.stop,
            "step frame": self._step_frame,
            "speed": lambda factor: self._clock.set_speed(factor, time.monotonic()),
            "look": self._look,
            **self._tracer.actions(),
        }
        """What the parent can ask, by name."""

    def wait_for(self, requests: int) -> bool:
        """Wait until the parent asks something, or a frame is due. That is run and published, for as long as the parent
        reads: a game that nobody sees stands still, for example because its program is stopped.

        Args:
            requests: The pipe of the requests.

        Returns:
            Whether the parent asks something, or has closed the pipe.
        """
        rest = self._clock.rest(time.monotonic())
        seen = not self._clock.runs or self._ring.is_read
        if wait((requests,), (), rest if seen else max(rest, _LOOK_EVERY)):
            return True
        if seen and self._clock.runs:
            self._run_frame()
            self._clock.ran(time.monotonic())
        return False

    def _run_frame(self) -> None:
        try:
            self._publish()
        except Exception as error:
            traceback.print_exc()  # goes to the log of the parent
            self._clock.stop()
            self._trouble = error if isinstance(error, HostError) else HostError(f"the core's process failed: {error}")
            self._bell.ring(TROUBLE)
        else:
            self._bell.ring(FRAME)

    def _step(self, pads: dict[int, frozenset[str]]) -> Published:
        self._press(pads)
        return self._publish()

    def _publish(self) -> Published:
        """Run a frame and publish it."""
        frame = self.host.run_frame()
        return self._ring.publish(frame, self._tracer.touched, self._tracer.latest)

    def _press(self, pads: dict[int, frozenset[str]]) -> None:
        for port, buttons in pads.items():
            self.host.press(buttons, port)

    def _load(self, state: bytes) -> int:
        self.host.load_state(state)
        return self.host.state_frame

    def _step_frame(self) -> None:
        if self._clock.runs:
            raise HostError("the game runs; pause it before a single frame")
        self._run_frame()
        self._look()

    def _look(self) -> None:
        """Raise what a frame failed with that no request has asked for."""
        trouble, self._trouble = self._trouble, None
        if trouble is not None:
            raise trouble
