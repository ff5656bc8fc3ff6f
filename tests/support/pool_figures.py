"""What pools cost and how fast they respond, as figures that a benchmark and a table share."""

from __future__ import annotations

import gc
import threading
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from halscope.codecs import hal
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope.session import JobContext, Pool, Priority, Work
from support.pool_work import until_cancelled


def start_latencies(jobs: int = 500) -> list[float]:
    """Seconds from `submit` to the first line of the work, with an idle pool each time."""
    with Pool("latency", 2) as pool:
        latencies = []
        for _ in range(jobs):
            begin = perf_counter()
            latencies.append(pool.submit("starts", lambda _: perf_counter(), priority=Priority.LIVE).result(10) - begin)
        return latencies


def tiny_jobs_per_second(jobs: int = 10_000) -> float:
    """Empty jobs per second that a pool of two workers completes, including `submit` and `result`."""
    with Pool("tiny", 2) as pool:
        begin = perf_counter()
        handles = [pool.submit("tiny", lambda _: None) for _ in range(jobs)]
        for handle in handles:
            handle.result(60)
        return jobs / (perf_counter() - begin)


def cancels_felt(rom: Rom, times: int = 20) -> list[float]:
    """Seconds from cancelling a running index build until its job has ended, at various moments of the build."""
    felt = []
    with Pool("cancels", 2) as pool:
        for number in range(times):
            began = threading.Event()
            job = pool.submit("build", _builds(rom, began))
            began.wait(30)
            threading.Event().wait(0.003 + 0.011 * number)
            begin = perf_counter()
            job.cancel("measured")
            job.wait(60)
            felt.append(perf_counter() - begin)
    return felt


def stops_under_load(rom: Rom, times: int = 3) -> list[float]:
    """Seconds that `stop` takes with builds on all workers that take scans, frames on the others, and a full queue."""
    stops = []
    for _ in range(times):
        pool, began = Pool("full", 4), threading.Event()
        for _number in range(4):
            pool.submit("build", _builds(rom, began))
        for _number in range(1000):
            pool.submit("waits", until_cancelled)
            pool.submit("frame", lambda _: None, priority=Priority.LIVE)
        began.wait(30)
        begin = perf_counter()
        report = pool.stop(drain=30)
        stops.append(perf_counter() - begin)
        assert report.abandoned == ()
    return stops


@dataclass(frozen=True, slots=True)
class Cycles:
    """What many pools have left behind that were started and stopped under load."""

    threads: int
    handles: int
    bytes_grown: int
    seconds_each: float


def start_stop_cycles(times: int = 1000) -> Cycles:
    """Start a pool, load it and stop it, repeatedly. Handles and bytes are 0 if there is no /proc."""

    def cycle() -> None:
        with Pool("short", 2) as pool:
            for _ in range(10):
                pool.submit("tiny", lambda _: bytes(1000), deadline=60)
                pool.submit("endless", until_cancelled, replaces="key")

    for _ in range(100):
        cycle()
    gc.collect()
    threads, handles, resident = threading.active_count(), _handles(), _resident()
    begin = perf_counter()
    for _ in range(times):
        cycle()
    seconds = (perf_counter() - begin) / times
    gc.collect()
    return Cycles(threading.active_count() - threads, _handles() - handles, _resident() - resident, seconds)


def _builds(rom: Rom, began: threading.Event) -> Work[None]:
    def work(context: JobContext) -> None:
        began.set()
        while True:
            RomIndex.build(rom, [hal.HAL], cancel=context.token.native)

    return work


def _handles() -> int:
    folder = Path("/proc/self/fd")
    return sum(1 for _ in folder.iterdir()) if folder.exists() else 0


def _resident() -> int:
    status = Path("/proc/self/statm")
    return int(status.read_text().split()[1]) * 4096 if status.exists() else 0
