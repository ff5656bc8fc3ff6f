"""Recordings give back what went in, in any order, and survive being torn; damage is reported, never guessed over."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from halscope import _codec
from halscope.formats.recording import RecordingReader, RecordingWriter
from halscope.hosts.recording import ReplayHost
from halscope_hooks import (
    FormatError,
    HalscopeError,
    Host,
    HostError,
    PpuRegisters,
    RasterEffects,
    RomIdentity,
    Snapshot,
    UsageError,
    Write,
)
from hypothesis import given, settings
from hypothesis import strategies as st

ROM = RomIdentity(path="game.sfc", sha1="a" * 40, sha256="b" * 64)
_RASTER: tuple[RasterEffects, ...] = ("none", "some", "unknown")


def run_of_snapshots(count: int, seed: int = 0, *, wram: bool = True, picture: bool = True) -> list[Snapshot]:
    """A run in which a little of everything changes from frame to frame, and now and then nothing."""
    rng = np.random.default_rng(seed)
    vram = rng.integers(0, 256, 0x10000, np.uint8)
    memory = np.zeros(0x20000, np.uint8)
    names = [field.name for field in fields(PpuRegisters)]
    snapshots: list[Snapshot] = []
    cgram, oam = rng.integers(0, 0x8000, 256, np.uint16), rng.integers(0, 256, 544, np.uint8)
    ppu = PpuRegisters()
    for frame in range(count):
        if frame % 5:
            at = int(rng.integers(0, 0xFF00))
            vram[at : at + 70] ^= 0x5A
            memory[rng.integers(0, 0x20000, 20)] += 1
            cgram[frame % 256] ^= 0x1234
            oam[rng.integers(0, 544)] ^= 1
            ppu = PpuRegisters(**{name: int(rng.integers(256)) for name in names if rng.random() < 0.7})
        snapshots.append(
            Snapshot(
                vram=vram,
                cgram=cgram,
                oam=oam,
                ppu=ppu,
                frame=1000 + 2 * frame,
                wram=memory if wram else None,
                picture=np.full((224, 256, 3), frame, np.uint8) if picture else None,
                rom=ROM,
                raster_effects=_RASTER[frame % 3],
            )
        )
    return snapshots


def assert_same(one: Snapshot, other: Snapshot) -> None:
    for name in ("vram", "cgram", "oam", "wram", "picture"):
        left, right = getattr(one, name), getattr(other, name)
        assert (left is None) == (right is None)
        assert left is None or np.array_equal(left, right)
    for name in ("ppu", "frame", "rom", "raster_effects"):
        assert getattr(one, name) == getattr(other, name)


def record(path: Path, snapshots: list[Snapshot], keyframe_every: int = 7) -> bytes:
    with RecordingWriter(path, emulator="test", keyframe_every=keyframe_every) as writer:
        for snapshot in snapshots:
            writer.append(snapshot)
    return path.read_bytes()


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
        # The registers share a page with the end of OAM and the beginning of WRAM; VRAM they cannot touch.
        assert {"vram", "cgram", "picture"} <= set(same[2])
        assert read[2].ppu is not read[3].ppu


def test_what_was_handed_out_stays_as_it_is(tmp_path: Path) -> None:
    snapshots = run_of_snapshots(12)
    record(tmp_path / "run.rec", snapshots, keyframe_every=5)
    with RecordingReader(tmp_path / "run.rec") as reader:
        read = list(reader)
        for position in (3, 11, 0, 7):
            assert_same(snapshots[position], reader[position])
    for original, one in zip(snapshots, read, strict=True):
        assert_same(original, one)


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32), pages=st.integers(0, 40))
def test_a_difference_makes_one_state_of_the_other(seed: int, pages: int) -> None:
    rng = np.random.default_rng(seed)
    before = rng.integers(0, 256, 64 * pages, np.uint8)
    after = before.copy()
    for at in rng.permutation(before.size)[: int(rng.integers(8))].tolist():
        after[at] ^= 1 + int(rng.integers(255))
    difference = _codec.snes_page_difference(before, after, 64)
    changed = np.flatnonzero((before != after).reshape(pages, 64).any(axis=1))
    assert _codec.snes_changed(before, after, 64).tolist() == changed.tolist()
    if not len(changed):
        assert difference == b""
        return
    assert _codec.snes_apply_difference(before, difference, 64).tolist() == changed.tolist()
    assert np.array_equal(before, after)


@settings(max_examples=100, deadline=None)
@given(difference=st.binary(max_size=300), pages=st.integers(0, 20))
def test_a_difference_that_does_not_fit_changes_nothing(difference: bytes, pages: int) -> None:
    state = np.zeros(64 * pages, np.uint8)
    bits = np.unpackbits(np.frombuffer(difference[: -(-pages // 8)], np.uint8))
    fits = (
        len(bits) >= pages
        and not bits[pages:].any()
        and len(difference) == -(-pages // 8) + 64 * int(bits[:pages].sum())
    )
    if fits:
        _codec.snes_apply_difference(state, difference, 64)
    else:
        with pytest.raises(ValueError, match="does not fit"):
            _codec.snes_apply_difference(state, difference, 64)
        assert not state.any()


def test_a_state_that_cannot_be_changed_is_refused() -> None:
    state = np.zeros(64, np.uint8)
    with pytest.raises(ValueError, match="one size"):
        _codec.snes_page_difference(state, np.zeros(128, np.uint8), 64)
    difference = _codec.snes_page_difference(state, state + np.uint8(1), 64)
    state.flags.writeable = False
    with pytest.raises(ValueError, match="writeable"):
        _codec.snes_apply_difference(state, difference, 64)


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


def test_a_torn_file_opens_up_to_its_last_whole_frame(tmp_path: Path) -> None:
    snapshots = run_of_snapshots(12, picture=False)
    data = record(tmp_path / "run.rec", snapshots, keyframe_every=5)
    torn = tmp_path / "torn.rec"
    lengths = []
    for size in np.linspace(0, len(data) - 1, 60).astype(int).tolist():
        torn.write_bytes(data[:size])
        try:
            reader = RecordingReader(torn)
        except FormatError as error:
            assert size < 2000  # not even the header is whole
            assert "torn.rec" in str(error)  # noqa: PT017
            continue
        with reader:
            assert not reader.complete
            lengths.append(len(reader))
            for original, read in zip(snapshots, reader, strict=False):
                assert_same(original, read)
    assert lengths == sorted(lengths)
    assert lengths[-1] == 12


@pytest.mark.slow
def test_a_small_file_torn_at_every_byte_opens_up_to_the_frames_that_are_whole(tmp_path: Path) -> None:
    snapshots = [
        Snapshot(
            vram=np.zeros(0x10000, np.uint8),
            cgram=np.zeros(256, np.uint16),
            oam=np.full(544, frame, np.uint8),
            ppu=PpuRegisters(obsel=frame),
            frame=frame,
        )
        for frame in range(5)
    ]
    path = tmp_path / "run.rec"
    data = record(path, snapshots, keyframe_every=3)
    begin, *ends = [at for at in range(len(data)) if data.startswith(b"FRAM", at)]
    ends.append(data.rindex(b"HALSEND") - 8 * 5)
    assert len(ends) == 5
    for size in range(len(data)):
        path.write_bytes(data[:size])
        if size < begin:
            with pytest.raises(FormatError, match=r"run\.rec"):
                RecordingReader(path)
            continue
        with RecordingReader(path) as reader:
            assert not reader.complete
            assert len(reader) == sum(end <= size for end in ends)
            for original, read in zip(snapshots, reader, strict=False):
                assert_same(original, read)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_damage_anywhere_is_an_error_or_a_shorter_recording(data: st.DataObject, small_recording: Small) -> None:
    damaged = bytearray(small_recording.data)
    for _ in range(data.draw(st.integers(1, 3))):
        last = len(damaged) - 1
        at = data.draw(st.integers(0, last) | st.integers(0, 700) | st.integers(last - 300, last))
        damaged[at] ^= data.draw(st.integers(1, 255))
    small_recording.path.write_bytes(damaged)
    try:
        with RecordingReader(small_recording.path) as reader:
            for position, original in enumerate(small_recording.snapshots[: len(reader)]):
                assert_same(original, reader[position])
    except FormatError as error:
        assert str(small_recording.path) in str(error)  # noqa: PT017


@settings(max_examples=100, deadline=None)
@given(noise=st.binary(max_size=400))
def test_noise_is_no_recording(noise: bytes, small_recording: Small) -> None:
    small_recording.path.write_bytes(noise)
    with pytest.raises(FormatError, match="no Halscope recording"):
        RecordingReader(small_recording.path)


@pytest.mark.slow
def test_a_payload_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    import struct
    import zlib

    data = record(tmp_path / "run.rec", run_of_snapshots(1))
    start = data.index(b"FRAM")
    bomb = zlib.compress(bytes(300 << 20), 9)
    head = struct.unpack("<4sBBHHHIqI", data[start : start + 28])
    values = (*head[:6], len(bomb), head[7])
    crc = zlib.crc32(bomb, zlib.crc32(struct.pack("<4sBBHHHIqI", *values, 0)))
    (tmp_path / "bomb.rec").write_bytes(data[:start] + struct.pack("<4sBBHHHIqI", *values, crc) + bomb)
    with RecordingReader(tmp_path / "bomb.rec") as reader, pytest.raises(FormatError, match="another size"):
        reader[0]


def test_a_newer_version_is_refused_by_its_number(tmp_path: Path) -> None:
    data = bytearray(record(tmp_path / "run.rec", run_of_snapshots(1)))
    data[8] = 9
    (tmp_path / "run.rec").write_bytes(data)
    with pytest.raises(FormatError, match="version 9"):
        RecordingReader(tmp_path / "run.rec")


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


class Small:
    """A small recording that examples damage: its bytes, its snapshots, and a file to write to."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "damaged.rec"
        self.snapshots = run_of_snapshots(6, wram=False, picture=False)
        self.data = record(folder / "small.rec", self.snapshots, keyframe_every=3)


@pytest.fixture(scope="module")
def small_recording(tmp_path_factory: pytest.TempPathFactory) -> Small:
    return Small(tmp_path_factory.mktemp("recording"))
