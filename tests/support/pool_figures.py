"""What pools cost and how fast they respond, as figures that a benchmark and a table share."""

from __future__ import annotations

import contextlib
import gc
import threading
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from time import clock_gettime, perf_counter, process_time, pthread_getcpuclockid, thread_time

from halscope._codec import CancelToken
from halscope.codecs import hal
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope.session import JobContext, Pool, Priority, Work
from halscope_hooks import CancelledError
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


def cancels_cost(rom: Rom, times: int = 50) -> list[float]:
    """Processor seconds of a building thread from the cancel until its end, at moments all over the build.

    Unlike `cancels_felt`, it does not depend on what else the machine does. Linux and macOS alone.
    """
    costs = []
    RomIndex.build(rom, [hal.HAL], threads=1)
    began = process_time()
    RomIndex.build(rom, [hal.HAL], threads=1)
    whole = process_time() - began
    for number in range(times):
        token, clocks, ends = CancelToken(), Queue[int](), Queue[float]()

        def build(token: CancelToken = token, clocks: Queue[int] = clocks, ends: Queue[float] = ends) -> None:
            clocks.put(pthread_getcpuclockid(threading.get_ident()))
            try:
                RomIndex.build(rom, [hal.HAL], threads=1, cancel=token)
            except CancelledError:
                ends.put(thread_time())

        thread = threading.Thread(target=build)
        thread.start()
        clock, moment = clocks.get(), whole * (number + 0.5) / times
        cancelled = None
        while cancelled is None and thread.is_alive():
            with contextlib.suppress(OSError):  # the thread has just ended
                now = clock_gettime(clock)
                if now >= moment:
                    token.cancel()
                    cancelled = now
            threading.Event().wait(0.0005)
        thread.join()
        if cancelled is not None and not ends.empty():  # else the build was faster this time
            costs.append(ends.get() - cancelled)
    return costs


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
