"""A session completes each snapshot once, with the writes of HDMA, before anybody receives it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from halscope.formats.recording import RecordingReader
from halscope.rom.image import Rom
from halscope.session import Session
from halscope_hooks import CpuRegisters, DmaChannel, RomIdentity, Snapshot
from support import probe_rom
from support.made_host import MadeHost, made_snapshot

_TABLE = bytes([0x10, 5, 1, 6, 0])
_WRITES = [(0, 0x26, 5), (16, 0x26, 6)]


def rom(title: str = "HDMA") -> Rom:
    return Rom.from_bytes(probe_rom.build(data=_TABLE, title=title), title)


def snapshot(frame: int, runs: Rom | None = None) -> Snapshot:
    """A snapshot of a game with a table in its ROM."""
    bank, address = divmod(probe_rom.DATA_ADDRESS, 0x10000)
    end = address + len(_TABLE)
    one = DmaChannel(dmap=0, bbad=0x26, a1t=address, a1b=bank, das=0, dasb=0, a2a=end, ntrl=0)
    cpu = CpuRegisters(nmitimen=0x81, hdmaen=4, htime=0, vtime=0, dma=(one,) * 8)
    identity = None if runs is None else RomIdentity(sha256=runs.sha256)
    return replace(made_snapshot(frame), cpu=cpu, wram=np.zeros(0x20000, np.uint8), rom=identity)


class HdmaHost(MadeHost):
    """A game with HDMA."""

    def step(self) -> Snapshot | None:
        made = super().step()
        return None if made is None else snapshot(made.frame)


def rows(snapshot: Snapshot) -> list[tuple[int, ...]] | None:
    return None if snapshot.raster is None else [tuple(map(int, row)) for row in snapshot.raster.tolist()]


def test_everybody_receives_the_same_completed_snapshot(tmp_path: Path) -> None:
    seen: list[Snapshot] = []
    with (
        Session(HdmaHost(), owns_host=True, rom=rom()) as session,
        session.collect(seen.append),
        session.record(tmp_path / "hdma.halrec"),
    ):
        stepped = session.advance()
        update = session.step()
    assert stepped is not None
    assert update is not None
    assert [rows(one) for one in (stepped, update.snapshot)] == [_WRITES, _WRITES]
    assert update.snapshot.raster_effects == "some"
    assert seen[0] is stepped
    assert seen[1] is update.snapshot
    with RecordingReader(tmp_path / "hdma.halrec") as reader:
        assert [rows(one) for one in reader] == [_WRITES, _WRITES]


@pytest.mark.parametrize("threads", [False, True])
def test_submitted_and_fed_snapshots_are_completed_too(threads: bool) -> None:
    seen: list[Snapshot] = []
    host = MadeHost()
    with Session(host, threads=threads, rom=rom()) as session:
        with session.collect(seen.append):
            session.submit(snapshot(1))
        assert rows(session.feed(snapshot(2)).snapshot) == _WRITES
    assert [rows(one) for one in seen] == [_WRITES]


def test_equal_writes_of_the_next_frame_are_the_same_array() -> None:
    host = MadeHost()
    with Session(host, rom=rom()) as session:
        first, second = (session.feed(snapshot(frame)).snapshot for frame in (1, 2))
    assert first.raster is second.raster


def test_only_the_rom_that_runs_is_read() -> None:
    given, other = rom(), rom("ANOTHER")
    assert given.sha256 != other.sha256
    host = MadeHost()
    with Session(host) as session:
        assert session.feed(snapshot(1)).snapshot.raster_effects == "unknown"
        session.set_rom(given)
        assert rows(session.feed(snapshot(2, given)).snapshot) == _WRITES
        assert rows(session.feed(snapshot(3, other)).snapshot) == []
        session.set_rom(other)
        assert rows(session.feed(snapshot(4, other)).snapshot) == _WRITES


def test_frames_are_compared_with_the_hosts_picture_if_asked() -> None:
    host = MadeHost()
    black = replace(
        made_snapshot(1),
        ppu=replace(probe_rom.expected_registers(), inidisp=0x80),
        picture=np.zeros((224, 256, 3), np.uint8),
    )
    white = replace(black, picture=np.full((224, 256, 3), 255, np.uint8))
    with Session(host, compare=True) as session:
        assert [session.feed(one).frame.matches for one in (black, white)] == [True, False]
    with Session(host) as session:
        assert session.feed(black).frame.matches is None
