"""A host for tests of sessions: a synthetic game in which every frame differs, and which records its callers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

import numpy as np
from halscope_hooks import HostError, HostGoneError, HostInfo, PpuRegisters, Snapshot, Touched, Write, WriteReceipt

WAIT = 60.0  # seconds that a test waits for an expected event; not a measure of speed


def made_snapshot(frame: int) -> Snapshot:
    """A snapshot that is unique to this frame number: a counter in its first tile, a sprite that moves."""
    vram = np.zeros(0x10000, np.uint8)
    vram[:8] = np.frombuffer(frame.to_bytes(8, "little"), np.uint8)
    vram[32:64] = np.arange(32)
    oam = np.zeros(544, np.uint8)
    oam[0] = frame & 0xFF
    return Snapshot(
        vram=vram, cgram=np.zeros(256, np.uint16), oam=oam, ppu=PpuRegisters(obsel=0x63, bgmode=1), frame=frame
    )


def frame_in(snapshot: Snapshot) -> int:
    """The frame number that is stored in the memory itself."""
    return int.from_bytes(snapshot.vram[:8].tobytes(), "little")


class MadeHost:
    """A Host (see `halscope_hooks.Host`).

    Args:
        frames: How many frames it has; `None`: no limit.
    """

    def __init__(self, frames: int | None = None) -> None:
        self.info = HostInfo(
            name="made",
            emulator="a made game",
            readable=frozenset({"vram"}),
            writable=frozenset({"vram"}),
            capabilities=frozenset({"driven"}),
        )
        self.frames = frames
        self.frame = 0
        self.memory = bytearray(0x10000)
        self.writers: list[int] = []
        self.closings: list[int] = []

    def step(self) -> Snapshot | None:
        if self.frames is not None and self.frame >= self.frames:
            return None
        self.frame += 1
        return made_snapshot(self.frame)

    def write(self, writes: Sequence[Write]) -> WriteReceipt:
        for write in writes:
            if write.space != "vram":
                raise HostError(f"made: {write.space} is not writable")
            if write.expected is not None and self.memory[write.offset :][: len(write.expected)] != write.expected:
                raise HostError(f"made: {write.offset:#x} does not hold the expected bytes")
        for write in writes:
            self.memory[write.offset : write.offset + len(write.data)] = write.data
        self.writers.append(threading.get_ident())
        return WriteReceipt(done=True)

    def close(self) -> None:
        self.closings.append(threading.get_ident())


class MadeRemote:
    """A pushing Host, like one behind a socket: an emulator that runs by itself and answers writes later.

    `send` and `answer` are the emulator's side; they may be called from any thread.
    """

    def __init__(self) -> None:
        self.info = HostInfo(
            name="remote",
            emulator="a made emulator",
            readable=frozenset({"vram"}),
            writable=frozenset({"vram"}),
            capabilities=frozenset({"pushing", "tracing"}),
        )
        self.arrived: SimpleQueue[Snapshot | None] = SimpleQueue()
        self.answers: SimpleQueue[HostError | None] = SimpleQueue()
        self.asked: list[tuple[Sequence[Write], WriteReceipt]] = []
        self.touches: list[Touched] = []
        self.polls = 0
        self.closed = False

    def send(self, snapshot: Snapshot | None) -> None:
        """A frame arrives; `None`: the connection is lost."""
        self.arrived.put(snapshot)

    def answer(self, error: HostError | None = None) -> None:
        """The emulator answers the oldest write that it has not answered."""
        self.answers.put(error)

    def poll(self, timeout: float) -> Snapshot | None:
        self.polls += 1
        while not self.answers.empty():
            waiting = next(receipt for _, receipt in self.asked if not receipt.done)
            waiting.complete(self.answers.get())
        try:
            snapshot = self.arrived.get(timeout=timeout)
        except Empty:
            return None
        if snapshot is None:
            raise HostGoneError("the emulator has closed the connection; attach again")
        return snapshot

    def write(self, writes: Sequence[Write]) -> WriteReceipt:
        receipt = WriteReceipt()
        self.asked.append((writes, receipt))
        return receipt

    def watch_rom(self, ranges: Sequence[tuple[int, int]]) -> None:
        """Nothing is watched; a test fills `touches`."""

    def take_touches(self) -> Sequence[Touched]:
        taken, self.touches = self.touches, []
        return taken

    def close(self) -> None:
        self.closed = True


def eventually(condition: Callable[[], object], every: float = 0.001) -> bool:
    """Whether the condition holds, now or soon. It is looked at after so many seconds again."""
    until = time.monotonic() + WAIT
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(every)
    return True


def session_threads() -> list[threading.Thread]:
    """Threads of sessions that are running now."""
    return [thread for thread in threading.enumerate() if thread.name.startswith("halscope ")]
