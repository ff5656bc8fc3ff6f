"""The hosts of a soak: an emulator that is asked, one that hands in, one that pushes. They fail, and load ROMs."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Sequence
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import Literal

from halscope_hooks import Capability, HostError, HostGoneError, HostInfo, Snapshot, Touched, Write, WriteReceipt
from support.soak_game import Findings, Game, MadeError, identity

Way = Literal["asked", "handed in", "pushed"]
CAPABILITIES: dict[Way, frozenset[Capability]] = {
    "asked": frozenset({"driven", "tracing"}),
    "handed in": frozenset(),
    "pushed": frozenset({"pushing", "tracing"}),
}


class SoakHost:
    """An emulator in this process that plays the game.

    Args:
        game: The game.
        way: How snapshots get from it to the session.
        rng: Its moods follow from this.
        findings: Where it counts.
    """

    def __init__(self, game: Game, way: Way, rng: random.Random, findings: Findings) -> None:
        self.info = HostInfo(
            "soak",
            "a made game",
            readable=frozenset({"vram"}),
            writable=frozenset({"vram"}),
            rom=identity(game.rom),
            capabilities=CAPABILITIES[way],
        )
        self.closings = 0
        self.fails_to_close = rng.random() < 0.4
        self.gone = False
        self.moods = 0.0
        """How likely a frame or a write fails."""
        self._game = game
        self._rng = random.Random(rng.random())
        self._findings = findings
        self._touches: list[Touched] = []
        self._touched = 0

    def load_rom(self) -> None:
        """A person loads another ROM; the frames from the next on are its."""
        self._game.rom += 1
        self.info = replace(self.info, rom=identity(self._game.rom))
        self._findings.count("ROMs loaded")

    @property
    def made(self) -> int:
        """How many frames have left it."""
        return self._game.made

    def make(self) -> Snapshot:
        """The next frame."""
        if self._rng.random() < 0.02:
            self._touched += 1
            self._touches.append(Touched(self._game.made, self._touched))
        return self._game.snapshot()

    def go(self) -> None:
        """The emulator ends."""
        self.gone = True

    def step(self) -> Snapshot | None:
        if self.gone:
            raise HostGoneError("soak: the core has crashed")
        if self._rng.random() < self.moods:
            self._findings.count("steps that failed")
            raise MadeError("a step") if self._rng.random() < 0.5 else HostError("soak: the core has no frame")
        if self._rng.random() < 0.002:
            self.load_rom()
        return self.make()

    def write(self, writes: Sequence[Write]) -> WriteReceipt:
        """Everything is taken, and nothing is kept."""
        if self._rng.random() < self.moods:
            raise HostError("soak: not writable just now")
        return WriteReceipt(done=True)

    def watch_rom(self, ranges: Sequence[tuple[int, int]]) -> None:
        """Nothing is watched; touches come by themselves."""

    def take_touches(self) -> Sequence[Touched]:
        taken, self._touches = self._touches, []
        return taken

    def close(self) -> None:
        self._findings.check_process()
        self.closings += 1
        if self.fails_to_close:
            self._findings.count("hosts that failed to close")
            raise MadeError("the core does not let go")


class SoakRemote(SoakHost):
    """An emulator of its own process, which sends what it likes: nothing while it is paused, another ROM, its end."""

    def __init__(self, game: Game, way: Way, rng: random.Random, findings: Findings) -> None:
        super().__init__(game, way, rng, findings)
        self.coming: SimpleQueue[Snapshot | HostInfo | None] = SimpleQueue()
        self._sent = self.info
        self._polled = 0
        self._asked: list[WriteReceipt] = []

    def load_rom(self) -> None:
        """It loads another ROM, and says so before the next frame."""
        self._game.rom += 1
        self._sent = replace(self._sent, rom=identity(self._game.rom))
        self.coming.put(self._sent)
        self._findings.count("ROMs loaded")

    @property
    def made(self) -> int:
        return self._polled

    def go(self) -> None:
        self.coming.put(None)

    def send(self) -> None:
        """A frame arrives, or several at a time, or none."""
        for _ in range(self._rng.choice((0, 1, 1, 1, 1, 2, 5))):
            if self._rng.random() < 0.002:
                self.load_rom()
            self.coming.put(self.make())

    def poll(self, timeout: float) -> Snapshot | None:
        while self._asked and self._rng.random() < 0.3:
            error = HostError("soak: the emulator is in a menu") if self._rng.random() < self.moods else None
            self._asked.pop(0).complete(error)
        while True:
            try:
                come = self._next(min(timeout, 0.001))
            except Empty:
                return None
            if come is None:
                raise HostGoneError("soak: the emulator has closed the connection")
            if not isinstance(come, HostInfo):
                self._polled += 1
                return come
            self.info = come
            if self._rng.random() < 0.5:
                return None

    def _next(self, timeout: float) -> Snapshot | HostInfo | None:
        # Not get(timeout=...): CPython 3.12 waits for ever where a signal handler returns after the time-out.
        with contextlib.suppress(Empty):
            return self.coming.get_nowait()
        time.sleep(timeout)
        return self.coming.get_nowait()

    def write(self, writes: Sequence[Write]) -> WriteReceipt:
        """It answers later, or never."""
        receipt = WriteReceipt()
        if self._rng.random() < 0.9:
            self._asked.append(receipt)
        return receipt
