"""What a live session costs its host, and how fast it responds: the figures of `tests/benchmarks/live_table.py`."""

from __future__ import annotations

import gc
import random
import threading
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep

from halscope.app import Plugins
from halscope.codecs import hal
from halscope.demo import rom_path
from halscope.hosts.recording import ReplayHost
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope.rom.vram_tracker import VramTracker
from halscope.session import Job, JobContext, Pool, Session, Subscription, Tap
from halscope.session._engine import Engine
from halscope_hooks import Event, Frame, Update, hookimpl
from support.frame_speed import demo_snapshots, record_demo
from support.hal_data import tiles
from support.made_host import MadeHost, eventually, made_snapshot, session_threads
from support.pool_work import until_cancelled


@dataclass(frozen=True, slots=True)
class HostCost:
    """Seconds per frame that `submit` and `pump` together take on the emulator's thread."""

    p50: float
    p99: float
    worst: float
    frames: int
    decoded: int


@dataclass(frozen=True, slots=True)
class Left:
    """What many sessions under load have left behind, and the seconds that each took."""

    threads: int
    handles: int
    objects: int
    bytes_grown: int
    seconds_each: float


class Named:
    """A plugin that reads each frame."""

    def __init__(self) -> None:
        self.shown = 0

    @hookimpl
    def halscope_update(self, frame: Frame) -> None:
        self.shown += sum(sprite.y < 224 for sprite in frame.sprites)


def demo_rom() -> Rom:
    """The demo game's image."""
    with rom_path() as path:
        return Rom.load(path)


def host_thread_cost(frames: int, pace: float = 0.005) -> HostCost:
    """Submit the demo's snapshots, one every `pace` seconds, to a session with threads, which decodes and locates them;
    a plugin and a subscriber on the host's thread read every sprite."""
    snapshots = list(demo_snapshots(min(frames, 1200)))
    plugins, located, costs = Plugins([Named()]), [0], []
    host = MadeHost()
    tracker = VramTracker(RomIndex.build(demo_rom(), [hal.HAL]))

    def look(event: Event) -> None:
        if isinstance(event, Update) and event.origins is not None:
            located[0] += len(event.origins.origins)

    with Session(host, threads=True, locate=tracker.update, dispatch=plugins.dispatch) as session:
        handle = session.subscribe(look, Update)
        session.feed(snapshots[0])
        begin = perf_counter()
        for number in range(frames):
            sleep(max(0.0, begin + number * pace - perf_counter()))
            before = perf_counter()
            session.submit(snapshots[number % len(snapshots)])
            session.pump()
            costs.append(perf_counter() - before)
        decoded = session.stats().decoded
        handle.close()
    costs.sort()
    return HostCost(costs[frames // 2], costs[frames * 99 // 100], costs[-1], frames, decoded)


def replayed_per_second(frames: int, folder: Path) -> float:
    """Snapshots per second that an inline session reads from the demo's recording (with WRAM), decodes and locates."""
    path = folder / "demo.rec"
    record_demo(path, frames)
    tracker = VramTracker(RomIndex.build(demo_rom(), [hal.HAL]))
    with Session(ReplayHost(path), owns_host=True, locate=tracker.update) as session:
        begin = perf_counter()
        while session.step() is not None:
            pass
        return session.stats().decoded / (perf_counter() - begin)


def encode_cancels_felt(times: int) -> list[float]:
    """Seconds from cancelling a minimal encoding of 64 KiB of repetitive data until its job has ended."""
    data, felt, chance = tiles(random.Random(1), 0x10000), [], random.Random(2)

    def encode(context: JobContext) -> None:
        while True:
            hal.encode(data, cancel=context.token.native)

    with Pool("cancels", 2) as pool:
        for _ in range(times):
            job = pool.submit("encode", encode)
            sleep(0.002 + 0.02 * chance.random())
            begin = perf_counter()
            job.cancel("measured")
            job.wait(60)
            felt.append(perf_counter() - begin)
    return felt


def session_stops(rom: Rom, times: int) -> list[float]:
    """Seconds that `Session.stop` takes while workers build an index, previews run, 1000 jobs wait, another thread
    submits frames, and the queues of a collector and a subscriber fill up."""
    stops = []
    snapshots = [made_snapshot(frame) for frame in range(50)]
    for _ in range(times):
        host, over = MadeHost(), threading.Event()
        session = Session(host, threads=True)

        def build(context: JobContext) -> None:
            while True:
                RomIndex.build(rom, [hal.HAL], cancel=context.token.native)

        def play(session: Session = session, over: threading.Event = over) -> None:
            while not over.wait(0.001):
                for snapshot in snapshots:
                    session.submit(snapshot)

        with session:
            kept = session.subscribe(lambda _: sleep(0.001), delivery="own"), session.collect(lambda _: sleep(0.001))
            jobs = [session.run("build", build) for _ in range(4)]
            jobs += [session.run("waits", until_cancelled) for _ in range(1000)]
            jobs += [session.preview("preview", until_cancelled, key=number) for number in range(100)]
            emulator = threading.Thread(target=play)
            emulator.start()
            sleep(0.5)
            begin = perf_counter()
            report = session.stop()
            stops.append(perf_counter() - begin)
            assert report.abandoned == ()
            assert all(job.ended for job in jobs)
            over.set()
            emulator.join(30)
            del kept
    return stops


def session_cycles(times: int, folder: Path, warm_up: int = 100) -> Left:
    """Start a session, load it with frames, jobs, a recorder and subscribers, and end it, repeatedly."""
    snapshots = [made_snapshot(frame) for frame in range(5)]

    def cycle() -> None:
        host = MadeHost()
        with Session(host, threads=True, workers=2, locate=None) as session:
            kept = session.subscribe(lambda _: None), session.subscribe(lambda _: None, delivery="own")
            session.record(folder / "cycle.rec")
            session.run("scan", until_cancelled)
            session.preview("preview", until_cancelled, key="one")
            for _ in range(10):
                session.run("tiny", lambda _: bytes(1000), deadline=60)
            for snapshot in snapshots:
                session.submit(snapshot)
                session.pump()
            del kept

    for _ in range(warm_up):
        cycle()
    eventually(lambda: not session_threads())
    threads, handles, objects, resident = len(session_threads()), _handles(), left_over(), _resident()
    begin = perf_counter()
    for _ in range(times):
        cycle()
    seconds = (perf_counter() - begin) / times
    eventually(lambda: not session_threads())
    left = left_over() - objects
    return Left(len(session_threads()) - threads, _handles() - handles, left, _resident() - resident, seconds)


def left_over() -> int:
    """Session objects that are still alive."""
    gc.collect()
    return sum(isinstance(thing, (Session, Engine, Job, Subscription, Tap)) for thing in gc.get_objects())


def _handles() -> int:
    folder = Path("/proc/self/fd")
    return sum(1 for _ in folder.iterdir()) if folder.exists() else 0


def _resident() -> int:
    status = Path("/proc/self/statm")
    return int(status.read_text().split()[1]) * 4096 if status.exists() else 0
