"""LiveEmbeddedHost: a libretro core in a child process that runs by its own clock, at the console's speed."""

from __future__ import annotations

import math
import time
from collections.abc import Collection
from typing import Final

from halscope_hooks import HostError, Snapshot

from halscope.hosts.embedded.host import CoreHost
from halscope.hosts.libretro.pads import check_pad

_SILENCE: Final = 1.0  # seconds without a frame after which the child is asked whether it still runs


class LiveEmbeddedHost(CoreHost):
    """A core in a process of its own that runs by itself: pushing and paced.

    The game begins with the first `poll`. Its process publishes each frame into a ring in shared memory and never waits
    for this one. While nobody polls, the game stands still after two seconds. For the rest see `CoreHost`.

    Args:
        rom, core, patience, parts: As for `CoreHost`, with the same errors.
    """

    _begun = False
    _runs = False
    _silent = 0.0  # seconds of polling since the last frame, or since the child last answered

    @property
    def missed(self) -> int:
        """Frames that were lost because nobody polled for a quarter of a second."""
        return self._process.missed

    def poll(self, timeout: float) -> Snapshot | None:
        """Return the next snapshot, or `None` if none comes within `timeout` seconds. The first frame has number 0.

        Raises:
            HostError: The core failed.
            HostGoneError: The core has crashed, or it hung and was ended.
        """
        if not self._begun:
            self.resume()
        began = time.monotonic()
        snapshot = self._process.next_frame(timeout, self._doing, self._patience)
        if snapshot is not None:
            self._frame = snapshot.frame + 1
            self._silent = 0.0
            return snapshot
        self._silent = self._silent + time.monotonic() - began if self._runs else 0.0
        if self._silent >= _SILENCE:
            self._silent = 0.0
            self._ask(("look",), self._doing)  # a core that hangs is ended
        return None

    def pause(self) -> None:
        """Stop after the current frame. Idempotent. Frames that were run before can still be polled."""
        self._ask(("pause",), self._doing)
        self._begun, self._runs = True, False

    def resume(self) -> None:
        """Go on. Idempotent."""
        self._ask(("run",), self._doing)
        self._begun = self._runs = True

    def step_frame(self) -> None:
        """Run one frame while paused; the next `poll` returns it. Raises HostError while the game runs."""
        self._ask(("step frame",), self._doing)

    def set_speed(self, factor: float) -> None:
        """Run at this multiple of the console's speed; 0: as fast as possible. Raises HostError for another number."""
        if not math.isfinite(factor) or factor < 0:
            raise HostError(f"a speed of {factor} is not possible; give a factor from 0 on (0: as fast as possible)")
        self._ask(("speed", float(factor)), self._doing)

    def press(self, buttons: Collection[str], port: int = 0) -> None:
        """Hold exactly these buttons of the pad in `port` (0 or 1), from the next frame on; an empty set releases all.

        Names: b y select start up down left right a x l r. Raises HostError for another name or port.
        """
        check_pad(buttons, port)
        held = frozenset(buttons)
        if self._pads.get(port, frozenset()) != held:  # called for every frame, it costs nothing
            self._ask(("press", {port: held}), self._doing)
            self._pads[port] = held

    @property
    def _doing(self) -> str:
        return f"ran frame {self._frame}"
