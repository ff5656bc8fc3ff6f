"""The ring of the newest snapshots: it returns what was added, and stays within its bounds."""

from __future__ import annotations

import gc
import os
import warnings
from pathlib import Path

import numpy as np
import pytest
from halscope.formats.recording import ByteRing, SnapshotSpool
from halscope_hooks import PpuRegisters, RomIdentity, Snapshot, UsageError


def snapshot(frame: int, rom: RomIdentity | None = None) -> Snapshot:
    vram = np.random.default_rng(frame // 3).integers(0, 256, 65536, np.uint8)  # changes every third frame
    oam = np.full(544, frame % 251, np.uint8)
    registers = PpuRegisters(obsel=frame % 8)
    return Snapshot(vram=vram, cgram=np.zeros(256, np.uint16), oam=oam, ppu=registers, frame=frame, rom=rom)


def test_frames_are_returned_as_they_were_in_any_order() -> None:
    spool = SnapshotSpool(most_frames=100, most_bytes=8 << 20, keyframe_every=7)
    other = RomIdentity(path="other.sfc")
    for frame in range(40):
        assert spool.append(snapshot(frame, None if frame < 20 else other)) == frame
    for frame in [0, 39, 13, 14, 12, 20, 19, 38]:
        found, expected = spool.snapshot(frame), snapshot(frame)
        assert np.array_equal(found.vram, expected.vram)
        assert np.array_equal(found.oam, expected.oam)
        assert (found.ppu.obsel, found.frame, found.rom) == (frame % 8, frame, None if frame < 20 else other)
    assert spool.position(17) == 17
    assert spool.position(99) is None


@pytest.mark.parametrize(("most_frames", "most_bytes"), [(30, 8 << 20), (1000, 600_000)])
def test_the_oldest_frames_go_and_the_others_stay_whole(most_frames: int, most_bytes: int) -> None:
    spool = SnapshotSpool(most_frames=most_frames, most_bytes=most_bytes, keyframe_every=6)
    for frame in range(90):
        spool.append(snapshot(frame))
    assert 0 < spool.first < spool.end == 90
    assert spool.end - spool.first <= most_frames
    for position in range(spool.first, spool.end):
        assert np.array_equal(spool.snapshot(position).vram, snapshot(position).vram)
    with pytest.raises(UsageError, match="is not kept"):
        spool.snapshot(spool.first - 1)


def test_bytes_are_read_across_the_end_of_the_file() -> None:
    ring = ByteRing(10)
    assert ring.append(b"abcdefg") == 0
    assert ring.append(b"hijkl") == 7
    assert ring.read(7, 5) == b"hijkl"
    assert ring.read(1, 3) is None  # written over
    assert ring.read(2, 10) == b"cdefghijkl"


def test_a_ring_that_is_dropped_closes_its_file_and_a_closed_one_refuses(tmp_path: Path) -> None:
    ring = ByteRing(10)
    file = ring._file
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Python warns of a file that nobody closed
        del ring
        gc.collect()
    assert file.closed
    with ByteRing(10, tmp_path) as ring:
        ring.append(b"abcdefgh")
        ring.append(b"ijk")
        assert ring.used == 10
        assert os.name == "nt" or not list(tmp_path.iterdir())  # it has no name: nothing is left whatever happens
    ring.close()
    assert ring.read(2, 3) is None
    with pytest.raises(UsageError, match="is closed"):
        ring.append(b"d")
