"""Recordings return what was written, in any order; a writer reports what it cannot store, and a replay is a host."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from halscope.formats.recording import RecordingReader, RecordingWriter
from halscope.hosts.recording import ReplayHost
from halscope_hooks import (
    HalscopeError,
    Host,
    HostError,
    PpuRegisters,
    RomIdentity,
    Snapshot,
    UsageError,
    Write,
)
from support.recordings import ROM, assert_same, record, run_of_snapshots


@pytest.mark.parametrize("wram", [True, False])
@pytest.mark.parametrize("picture", [True, False])
def test_every_frame_comes_back_in_sequence_and_in_any_order(tmp_path: Path, wram: bool, picture: bool) -> None:
    snapshots = run_of_snapshots(30, wram=wram, picture=picture)
    record(tmp_path / "run.rec", snapshots)
    with RecordingReader(tmp_path / "run.rec") as reader:
        assert reader.complete
        assert (len(reader), reader.rom, reader.emulator) == (30, ROM, "test")
        for original, read in zip(snapshots, reader, strict=True):
            assert_same(original, read)
        for position in [*np.random.default_rng(1).permutation(30).tolist(), 4, 4, -1, -30]:
            assert_same(snapshots[position], reader[position])
        for outside in (30, -31):
            with pytest.raises(IndexError):
                reader[outside]


def test_memories_that_come_and_go_are_kept(tmp_path: Path) -> None:
    bare = run_of_snapshots(2, wram=False, picture=False)
    snapshots = [bare[0], *run_of_snapshots(3), bare[1], *run_of_snapshots(2, 5, picture=False)]
    record(tmp_path / "run.rec", snapshots)
    with RecordingReader(tmp_path / "run.rec") as reader:
        for original, read in zip(snapshots, reader, strict=True):
            assert_same(original, read)


def test_frames_that_do_not_change_cost_almost_nothing(tmp_path: Path) -> None:
    snapshot = run_of_snapshots(1)[0]
    one = len(record(tmp_path / "one.rec", [snapshot], keyframe_every=100))
    many = len(record(tmp_path / "many.rec", [snapshot] * 100, keyframe_every=100))
    assert many - one == 99 * (28 + 8)  # a chunk's header and an entry of the index


def test_what_does_not_change_is_the_same_array(tmp_path: Path) -> None:
    first = run_of_snapshots(1)[0]
    vram = first.vram.copy()
    vram[0x1234] ^= 1
    later = [first, first, replace(first, vram=vram), replace(first, vram=vram, ppu=PpuRegisters(obsel=3))]
    record(tmp_path / "run.rec", later)
    with RecordingReader(tmp_path / "run.rec") as reader:
        read = list(reader)
        for original, one in zip(later, read, strict=True):
            assert_same(original, one)
            for array in (one.vram, one.cgram, one.oam, one.wram, one.picture):
                assert array is not None
                assert not array.flags.writeable
        same = [
            [
                name
                for name in ("vram", "cgram", "oam", "ppu", "wram", "picture")
                if getattr(a, name) is getattr(b, name)
            ]
            for a, b in pairwise(read)
        ]
        everything = ["vram", "cgram", "oam", "ppu", "wram", "picture"]
        assert same[:2] == [everything, everything[1:]]
        assert same[2] == ["vram", "cgram", "oam", "wram", "picture"]


def test_what_was_handed_out_stays_as_it_is(tmp_path: Path) -> None:
    snapshots = run_of_snapshots(12)
    record(tmp_path / "run.rec", snapshots, keyframe_every=5)
    with RecordingReader(tmp_path / "run.rec") as reader:
        read = list(reader)
        for position in (3, 11, 0, 7):
            assert_same(snapshots[position], reader[position])
    for original, one in zip(snapshots, read, strict=True):
        assert_same(original, one)


def test_an_empty_recording_can_be_read(tmp_path: Path) -> None:
    RecordingWriter(tmp_path / "run.rec").close()
    with RecordingReader(tmp_path / "run.rec") as reader:
        assert reader.complete
        assert list(reader) == []
    with ReplayHost(tmp_path / "run.rec") as host:
        assert host.step() is None


def test_a_recording_that_is_still_written_can_be_read(tmp_path: Path) -> None:
    snapshots = run_of_snapshots(10)
    with RecordingWriter(tmp_path / "run.rec") as writer:
        for snapshot in snapshots:
            writer.append(snapshot)
        with RecordingReader(tmp_path / "run.rec") as reader:
            assert not reader.complete
            for original, read in zip(snapshots, reader, strict=False):
                assert_same(original, read)


def test_a_second_rom_does_not_go_into_the_same_recording(tmp_path: Path) -> None:
    first, second = run_of_snapshots(2)
    other = Snapshot(vram=second.vram, cgram=second.cgram, oam=second.oam, rom=RomIdentity(path="other.sfc"))
    with RecordingWriter(tmp_path / "run.rec") as writer:
        writer.append(first)
        with pytest.raises(UsageError, match=r"other\.sfc"):
            writer.append(other)
        writer.append(second)
    with pytest.raises(UsageError, match="closed"):
        writer.append(second)
    writer.close()
    with RecordingReader(tmp_path / "run.rec") as reader:
        assert len(reader) == 2


def test_paths_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="missing"):
        RecordingWriter(tmp_path / "missing" / "run.rec")
    with pytest.raises(UsageError, match=r"missing\.rec"):
        RecordingReader(tmp_path / "missing.rec")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full to write to on this system")
def test_a_full_disk_is_reported_with_what_can_still_be_read() -> None:
    with pytest.raises(HalscopeError, match="No space left on device; its first 0 frames can be read"):
        record(Path("/dev/full"), run_of_snapshots(3))


def test_a_replay_is_a_host_that_ends_and_refuses_writes(tmp_path: Path) -> None:
    snapshots = run_of_snapshots(4, picture=False)
    record(tmp_path / "run.rec", snapshots)
    with ReplayHost(tmp_path / "run.rec") as host:
        assert isinstance(host, Host)
        assert host.info.name == "recording"
        assert host.info.rom == ROM
        assert host.info.writable == frozenset()
        assert {"vram", "cgram", "oam", "wram"} <= host.info.readable
        for original in snapshots:
            read = host.step()
            assert read is not None
            assert_same(original, read)
        assert host.step() is None
        assert host.step() is None
        host.seek(2)
        again = host.step()
        assert again is not None
        assert_same(snapshots[2], again)
        with pytest.raises(HostError, match="no frame 5"):
            host.seek(5)
        with pytest.raises(HostError, match="cannot be written into"):
            host.write([Write("vram", 0, b"x")])
    host.close()


def test_an_earlier_recording_is_there_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path, snapshots = tmp_path / "run.rec", run_of_snapshots(3)
    record(path, snapshots)
    earlier = path.read_bytes()
    with pytest.raises(KeyboardInterrupt), RecordingWriter(path):
        raise KeyboardInterrupt  # before the first frame
    RecordingWriter(path).close()
    assert path.read_bytes() == earlier
    writer = RecordingWriter(path)
    writer.append(snapshots[0])
    assert path.read_bytes() == earlier
    with pytest.raises(KeyboardInterrupt), writer:
        raise KeyboardInterrupt
    with RecordingReader(path) as reader:
        assert (len(reader), reader.complete) == (1, True)
    assert [file.name for file in tmp_path.iterdir()] == ["run.rec"]


def test_only_recordings_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "game.sfc"
    path.write_bytes(bytes(100))
    with pytest.raises(UsageError, match=r"game\.sfc: is there already and no recording"):
        RecordingWriter(path)
    assert path.read_bytes() == bytes(100)
    with pytest.raises(KeyboardInterrupt), RecordingWriter(tmp_path / "new.rec"):
        raise KeyboardInterrupt
    assert [file.name for file in tmp_path.iterdir()] == ["game.sfc"]
