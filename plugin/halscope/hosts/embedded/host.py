"""EmbeddedHost: a libretro core in a child process, so that one that hangs, crashes or prints affects nothing else."""

from __future__ import annotations

import weakref
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Self, Unpack, cast

from halscope_hooks import HostInfo, Snapshot, Write, WriteReceipt, capabilities_of

from halscope.hosts.embedded._process import CoreProcess
from halscope.hosts.embedded._tracing import RomTracing
from halscope.hosts.libretro.cores import find_core
from halscope.hosts.libretro.facts import CoreFacts
from halscope.hosts.libretro.pads import check_pad
from halscope.hosts.libretro.parts import SnapshotParts

PATIENCE: Final = 5.0
"""Seconds without an answer after which a core counts as hung; a frame takes milliseconds."""
_START_PATIENCE: Final = 30.0  # seconds for Python to start and the core to load the game; one second is usual


class CoreHost(RomTracing):
    """A Host (see `halscope_hooks.Host`) around a libretro core in a process of its own.

    It is playable and stateful, and tracing where the core's copy of the ROM is found.
    How frames are run is left to its subclasses. Snapshots are those of `LibretroHost`. In addition:

    - A core that crashes, or that does not return within `patience`, ends its own process alone: the call raises
      HostGoneError, which says what happened.
    - What the core prints goes to the log "halscope.hosts.embedded", never to this process's output.
    - Ctrl-C works while the core runs.
    - The process ends with the host, with this process, and with a `close` in a signal handler or another thread.

    Args:
        rom, core, parts: As for `LibretroHost`, with the same errors.
        patience: Seconds that the core may take for one frame; on Linux, up to five times as long while other programs
            leave it less processor time than two fifths of that.
    """

    def __init__(
        self,
        rom: Path | bytes,
        core: Path | str | None = None,
        *,
        patience: float = PATIENCE,
        **parts: Unpack[SnapshotParts],
    ) -> None:
        self._core: CoreFacts
        self._core_path = find_core(core)
        self._patience = patience
        self._frame = self._state_frame = 0
        self._pads: dict[int, frozenset[str]] = {}
        self._process = CoreProcess(self._core_path)
        self._end = weakref.finalize(self, self._process.end)
        try:
            info, self._core = self._process.ask(
                ("start", rom, self._core_path, parts), "loaded the game", max(_START_PATIENCE, patience)
            )
            self._process.read_frames(info.rom)
        except BaseException:
            self._process.end()
            raise
        lacking = {"tracing"} if self._core.rom_source is None else set()
        self._info: HostInfo = replace(info, name="embedded", capabilities=capabilities_of(self) - lacking)

    @property
    def info(self) -> HostInfo:
        """The emulator, and the memories that can be read and written."""
        return self._info

    @property
    def core_path(self) -> Path:
        """The core's shared library."""
        return self._core_path

    @property
    def core(self) -> CoreFacts:
        """What is known of the core."""
        return self._core

    @property
    def pid(self) -> int:
        """Id of the core's process."""
        return self._process.pid

    def reset(self) -> None:
        """Press the console's reset button. The frame number keeps counting."""
        self._ask(("reset",), "was reset")

    def save_state(self) -> bytes:
        """Return the core's state, for `load_state` on the same core and ROM."""
        state, self._state_frame = cast("tuple[bytes, int]", self._ask(("save",), "wrote its state"))
        return state

    def load_state(self, state: bytes) -> None:
        """Restore a state that `save_state` returned. The frame number keeps counting. Raises HostError."""
        self._state_frame = cast("int", self._ask(("load", bytes(state)), "loaded a state"))

    @property
    def state_frame(self) -> int:
        """Number of the first frame after the state that was saved or loaded last."""
        return self._state_frame

    def write(self, writes: Sequence[Write]) -> WriteReceipt:
        """Write into the running game. All writes are checked first: a refused call changes nothing.

        The receipt is already complete. For the rest see `LibretroHost.write`.

        Raises:
            HostError: A memory is not writable here, an offset is outside it, or the expected bytes do not match.
        """
        self._ask(("write", tuple(writes)), "took a write")
        return WriteReceipt(done=True)

    def close(self) -> None:
        """End the core's process. Idempotent."""
        self._process.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, request: tuple[object, ...], what: str) -> object:
        return self._process.ask(request, what, self._patience)

    def _touched(self) -> int:
        return self._process.touched

    def _touches_in_frames(self, first: int) -> list[tuple[int, int, int]] | None:
        return self._process.touches(first)


class EmbeddedHost(CoreHost):
    """A core in a process of its own that is driven: each `step` runs one frame, so that a run is reproducible.

    A step that Ctrl-C interrupted is not lost: the next one returns its snapshot. For the rest see `CoreHost`;
    `LiveEmbeddedHost` runs by its own clock.
    """

    def step(self) -> Snapshot:
        """Run one frame and return its state. The first frame has number 0. Raises HostError."""
        snapshot = cast("Snapshot", self._ask(("step", dict(self._pads)), f"ran frame {self._frame}"))
        self._frame = snapshot.frame + 1
        return snapshot

    def press(self, buttons: Collection[str], port: int = 0) -> None:
        """Hold exactly these buttons of the pad in `port` (0 or 1) in the next steps; an empty set releases all.

        Names: b y select start up down left right a x l r. Raises HostError for another name or port.
        """
        check_pad(buttons, port)
        self._pads[port] = frozenset(buttons)
