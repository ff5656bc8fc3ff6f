"""Jobs in the background: an index is built while the game runs, and origins appear when it is ready."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from halscope.codecs.hal import HAL
from halscope.demo import rom_path
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope.rom.vram_tracker import VramTracker
from halscope.session import JobContext, Priority, Session
from halscope_hooks import (
    CancelledError,
    Event,
    HostError,
    JobFailed,
    JobProgress,
    PpuRegisters,
    Snapshot,
    Update,
    VramOrigins,
)
from numpy.typing import NDArray
from support.made_host import WAIT, MadeHost, eventually, made_snapshot

NOTHING = VramOrigins(((),) * 2048, np.zeros(2048, np.bool_))


@pytest.fixture(scope="module")
def rom() -> Rom:
    with rom_path() as path:
        return Rom.load(path)


def decoded(session: Session, count: int) -> bool:
    """Whether this many frames are decoded, now or soon."""
    return eventually(lambda: session.stats().decoded >= count)


def with_tiles_of(rom: Rom) -> Snapshot:
    """A snapshot whose VRAM holds a block of the ROM."""
    index = RomIndex.build(rom, [HAL])
    best = max(index.blocks, key=lambda block: int(block["size"]))
    data = index.block(("hal", int(best["offset"]))).data[:0x4000]
    vram = np.zeros(0x10000, np.uint8)
    vram[: len(data)] = data
    return Snapshot(
        vram=vram,
        cgram=np.zeros(256, np.uint16),
        oam=np.zeros(544, np.uint8),
        ppu=PpuRegisters(obsel=0x63),
        frame=1,
    )


def found_in(heard: list[Event]) -> list[Update]:
    """The updates whose origins are known."""
    return [event for event in heard if isinstance(event, Update) and event.origins is not None]


@pytest.mark.parametrize("threads", [False, True])
def test_origins_appear_once_the_index_is_built(rom: Rom, threads: bool) -> None:
    host = MadeHost()
    snapshot = with_tiles_of(rom)
    with Session(host, threads=threads, workers=2) as session:
        heard: list[Event] = []
        handle = session.subscribe(heard.append)

        def build(context: JobContext) -> RomIndex:
            return RomIndex.build(rom, [HAL], progress=context.report, cancel=context.token.native)

        job = session.run("index", build)
        session.submit(snapshot)
        assert eventually(lambda: session.stats().decoded == 1), "frames wait for the index"
        index = job.result(WAIT)
        session.pump(WAIT)
        assert not found_in(heard)
        session.set_locate(VramTracker(index).update)  # the game is paused: the last frame is located again
        assert eventually(lambda: session.pump(WAIT) or found_in(heard))
        (found,) = found_in(heard)
        assert found.frame.snapshot.frame == 1
        assert found.origins is not None
        assert found.origins.located > 100
        assert found.origins.known.tolist() == [bool(origins) for origins in found.origins.origins]
        assert not found.changes, "the frame is the same, its origins alone are new"
        progress = [event for event in heard if isinstance(event, JobProgress)]
        assert progress[-1].job == "index"
        assert progress[-1].done == progress[-1].total > 0
        assert not any(isinstance(event, JobFailed) for event in heard)
        assert not handle.closed


def test_frames_pass_while_every_scan_worker_is_busy() -> None:
    host = MadeHost()
    with Session(host, threads=True, workers=2) as session:
        go_on = threading.Event()
        scans = [session.run(f"scan {number}", lambda _context: go_on.wait(WAIT)) for number in range(8)]
        for _ in range(20):
            before = session.stats().decoded
            session.tick()
            assert decoded(session, before + 1)
        assert session.preview("thumbnail", lambda _context: 1, key="a").result(WAIT) == 1
        assert not any(scan.ended for scan in scans)
        go_on.set()
        for scan in scans:
            scan.result(WAIT)


def test_the_newest_preview_of_a_key_cancels_the_older_one() -> None:
    host = MadeHost()
    with Session(host, threads=True, workers=2) as session:
        old = session.preview("old", lambda context: context.token.wait(WAIT), key="tile")
        other = session.preview("other", lambda _context: 2, key="else")
        new = session.preview("new", lambda _context: 1, key="tile")
        assert (new.result(WAIT), other.result(WAIT)) == (1, 2)
        with pytest.raises(CancelledError, match="newer"):
            old.result(WAIT)


def test_an_error_in_a_job_is_told_with_its_traceback_and_belongs_to_the_job() -> None:
    def breaks(_context: JobContext) -> None:
        raise HostError("broken")

    host = MadeHost()
    with Session(host, threads=True, workers=2) as session:
        heard: list[JobFailed] = []

        def note(event: Event) -> None:
            assert isinstance(event, JobFailed)
            heard.append(event)

        handle = session.subscribe(note, JobFailed)
        job = session.run("breaks", breaks)
        with pytest.raises(HostError, match="broken"):
            job.result(WAIT)
        assert eventually(lambda: session.pump(1) or heard)
        assert heard[0].job == "breaks"
        assert "in breaks" in heard[0].traceback
        assert not handle.closed


@pytest.mark.parametrize("threads", [False, True])
def test_a_lookup_that_fails_costs_no_frame_and_is_switched_off_after_three(threads: bool) -> None:
    calls = 0

    def failing(_vram: NDArray[np.uint8]) -> VramOrigins:
        nonlocal calls
        calls += 1
        raise ValueError("no index")

    host = MadeHost()
    with Session(host, threads=threads, workers=2, locate=failing) as session:
        heard: list[Event] = []
        handle = session.subscribe(heard.append)
        for frame in range(1, 7):
            session.submit(made_snapshot(frame))
            assert decoded(session, frame)
            session.pump(1)
        assert calls == 3
        assert [event.job for event in heard if isinstance(event, JobFailed)] == ["lookup of a frame"] * 3
        assert sum(isinstance(event, Update) for event in heard) == 6
        session.set_locate(lambda _vram: NOTHING)
        assert eventually(lambda: session.pump(1) or found_in(heard[-1:]))
        assert not handle.closed


def test_stats_say_what_happened() -> None:
    host = MadeHost()
    with Session(host, threads=True, workers=3) as session:
        heard: list[Event] = []
        handle = session.subscribe(heard.append, name="watcher")
        for _ in range(10):
            session.tick()
        session.run("x", lambda _context: None, priority=Priority.SCAN).result(WAIT)
        assert eventually(lambda: session.stats().decoded + session.stats().dropped == 10)
        session.pump(1)
        stats = session.stats()
        assert stats.seen == 10
        assert stats.submit.times == 10
        assert stats.pump.times == 11
        assert stats.latency.times == stats.decoded
        assert 0 < stats.latency.p50 <= stats.latency.p99
        (watcher,) = stats.subscriptions
        assert (watcher.name, watcher.waiting, watcher.delivered) == ("watcher", 0, len(heard))
        assert [pool.workers for pool in stats.pools] == [3, 1]
        assert stats.delivered == watcher.delivered == stats.decoded - watcher.dropped
        assert not handle.closed
