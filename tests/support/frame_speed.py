"""The speed of frames: decoded and looked up while an index is being built, replayed, and recorded.

    python tests/support/frame_speed.py

prints the figures that have a target. The demo game needs an installed core.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from halscope.app._background import background_threads, in_background
from halscope.codecs import hal
from halscope.demo import rom_path
from halscope.formats.recording import RecordingReader, RecordingWriter
from halscope.hosts.libretro import LibretroHost, available_cores
from halscope.hosts.recording import ReplayHost
from halscope.ppu import FrameDecoder
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope.rom.vram_tracker import VramTracker
from halscope.session import JobContext, Session
from halscope_hooks import CancelledError, Snapshot
from support.ppu_states import add_layers, noise, random_oam
from support.truth_rom import TruthRom, make_truth_rom

FRAME = 1 / 60
TEN_MINUTES = 36_000


@dataclass(frozen=True, slots=True)
class Latency:
    """Snapshot in → frame ready for delivery, in seconds, while `builds` index builds finished."""

    p50: float
    p90: float
    p99: float
    worst: float
    frames: int
    dropped: int
    builds: int

    def __str__(self) -> str:
        times = ", ".join(f"{name} {getattr(self, name) * 1e3:.2f} ms" for name in ("p50", "p90", "p99", "worst"))
        return f"{times} of {self.frames} frames ({self.dropped} dropped) during {self.builds} index builds"


@dataclass(frozen=True, slots=True)
class Replay:
    """A replay on one thread: snapshots per second of wall-clock time and of CPU time (which other programs on the
    machine affect little), and the wall-clock seconds per snapshot that each part takes."""

    rate: float
    cpu_rate: float
    read: float
    decode: float
    locate: float
    frames: int

    def __str__(self) -> str:
        parts = ", ".join(f"{name} {getattr(self, name) * 1e6:.0f} µs" for name in ("read", "decode", "locate"))
        return f"{self.rate:.0f} a second ({self.cpu_rate:.0f} by CPU time) of {self.frames}: {parts}"


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of recording: seconds per frame of CPU and wall-clock time, and bytes for ten minutes."""

    p50: float
    p99: float
    worst: float
    mean_cpu: float
    ten_minutes: float
    frames: int

    def __str__(self) -> str:
        times = ", ".join(f"{name} {getattr(self, name) * 1e3:.2f} ms" for name in ("p50", "p99", "worst"))
        return (
            f"{times}, mean CPU {self.mean_cpu * 1e3:.2f} ms a frame of {self.frames}; "
            f"ten minutes {self.ten_minutes / 1e6:.1f} MB"
        )


def busy_snapshots(truth: TruthRom, count: int = 8) -> list[Snapshot]:
    """Frames that each change everything: 128 sprites of up to 64 × 64 pixels, the four layers of mode 0 with
    random maps and scrolls, all palettes, and a VRAM full of graphics from the ROM, shifted from frame to frame."""
    graphics = np.concatenate([np.frombuffer(block.data, np.uint8)[block.lead :] for block in truth.blocks[:60]])
    states = []
    for number in range(count):
        rng = np.random.default_rng(number)
        state = noise(rng)
        add_layers(state, rng, 0)
        state.vram = np.resize(np.roll(graphics, -32 * 64 * number), 0x10000)
        state.oam = random_oam(rng)
        state.registers["obsel"] = 0x83  # 16 × 16 and 64 × 64
        states.append(state.snapshot())
    return states


def frame_latency_under_index(seconds: float = 10.0, *, rom_bytes: int = 0x400000, blocks: int = 384) -> Latency:
    """Submit a snapshot in which everything changed to a live session, sixty times a second for the given time. The
    session decodes it with its layers and looks all of it up, while its own pool builds the index of a ROM (4 MiB) over
    and over in the background, as `halscope play` does."""
    truth = make_truth_rom(5, size=rom_bytes, blocks=blocks)
    snapshots = busy_snapshots(truth)
    index = RomIndex.build(truth.rom, [hal.HAL])
    builds, threads = 0, background_threads()

    def build(context: JobContext) -> None:
        nonlocal builds
        while True:
            in_background(lambda: RomIndex.build(truth.rom, [hal.HAL], cancel=context.token.native, threads=threads))
            builds += 1

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "host.rec"
        with RecordingWriter(path) as writer:
            writer.append(snapshots[0])
        host = ReplayHost(path)
        with Session(host, threads=True, owns_host=True, layers=True, locate=VramTracker(index).update) as session:
            session.feed(snapshots[0])  # the first update looks everything up
            before = session.stats()
            job = session.run("index", build)
            begin = time.perf_counter()
            for number in range(int(seconds / FRAME)):
                session.submit(snapshots[number % len(snapshots)])
                session.pump()
                time.sleep(max(0.0, begin + (number + 1) * FRAME - time.perf_counter()))
            job.cancel("enough was measured")
            after = session.stats()
            if not isinstance(error := job.exception(5), CancelledError):
                raise AssertionError("the index was not built all the time") from error
    latency = after.latency
    return Latency(
        latency.p50,
        latency.p90,
        latency.p99,
        latency.worst,
        after.decoded - before.decoded,
        after.dropped - before.dropped,
        builds,
    )


def replay_rate(recording: Path | None = None, *, rom: Rom | None = None, layers: bool = False) -> Replay:
    """Read, decode and locate every frame of a recording, by default half a minute of the demo with WRAM, on one
    thread. The index is built beforehand."""
    with tempfile.TemporaryDirectory() as folder:
        if recording is None:
            recording = Path(folder) / "demo.rec"
            record_demo(recording, 1800)
        if rom is None:
            with rom_path() as path:
                rom = Rom.load(path)
        tracker, decoder = VramTracker(RomIndex.build(rom, [hal.HAL])), FrameDecoder()
        spent = np.zeros(3)
        clock, begin_cpu = time.perf_counter, time.thread_time()
        with RecordingReader(recording) as reader:
            for position in range(len(reader)):
                times = [clock()]
                snapshot = reader[position]
                times.append(clock())
                decoder.decode(snapshot, layers=layers)
                times.append(clock())
                tracker.update(snapshot.vram, decoder.changes.tiles)
                times.append(clock())
                spent += np.diff(times)
            frames = len(reader)
        cpu = time.thread_time() - begin_cpu
    read, decode, locate = (spent / frames).tolist()
    return Replay(frames / float(spent.sum()), frames / cpu, read, decode, locate, frames)


def recording_cost(frames: int = 3600, *, wram: bool = True) -> Cost:
    """Record the demo while it runs, keyframes included; the size of ten minutes is extrapolated from it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "demo.rec"
        durations, cpu = record_demo(path, frames, wram=wram)
        size = path.stat().st_size
    ordered = sorted(durations)
    return Cost(
        ordered[len(ordered) // 2],
        ordered[len(ordered) * 99 // 100],
        ordered[-1],
        cpu / frames,
        size / frames * TEN_MINUTES,
        frames,
    )


def record_demo(path: Path, frames: int, *, wram: bool = True) -> tuple[list[float], float]:
    """Record the demo game; returns the seconds that recording each frame took, and the CPU time of all of them."""
    durations, cpu = [], 0.0
    with RecordingWriter(path, emulator="demo") as writer:
        for snapshot in demo_snapshots(frames, wram=wram):
            begin, begin_cpu = time.perf_counter(), time.thread_time()
            writer.append(snapshot)
            cpu += time.thread_time() - begin_cpu
            durations.append(time.perf_counter() - begin)
    return durations, cpu


def demo_snapshots(frames: int, *, wram: bool = True) -> Iterator[Snapshot]:
    """The first frames of the demo game, in its attract mode."""
    with rom_path() as path:
        image = path.read_bytes()
    with LibretroHost(image, available_cores()[0].path, picture=False, wram=wram) as host:
        for _ in range(frames):
            yield host.step()


def main() -> None:
    print(f"frame latency under an index build: {frame_latency_under_index()}")
    print(f"replay, located: {replay_rate()}")
    print(f"replay, located, with layers: {replay_rate(layers=True)}")
    print(f"recording: {recording_cost(wram=False)}")
    print(f"recording with WRAM: {recording_cost()}")


if __name__ == "__main__":
    main()
