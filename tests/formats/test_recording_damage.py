"""Damage to a recording is reported, never guessed over, and a truncated one opens up to its last complete frame."""

from __future__ import annotations

import contextlib
import struct
import zlib
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from halscope.formats.recording import RecordingReader
from halscope.formats.recording._sections import pack_raster
from halscope.hosts.recording import ReplayHost
from halscope_hooks import FormatError, PpuRegisters, Snapshot
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from support.examples import examples
from support.recordings import (
    ROM,
    Parts,
    assert_same,
    cpu_registers,
    raster_writes,
    record,
    record_version_1,
    run_of_snapshots,
)


@cache
def packed_zeros() -> bytes:
    """64 MiB, compressed to a thousandth."""
    return zlib.compress(bytes(64 << 20), 9)


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
            assert size < 2000  # not even the header is complete
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
@pytest.mark.parametrize("version", [1, 2])
def test_a_small_file_torn_at_every_byte_opens_up_to_the_frames_that_are_whole(tmp_path: Path, version: int) -> None:
    rng = np.random.default_rng(4)
    snapshots = [
        Snapshot(
            vram=np.zeros(0x10000, np.uint8),
            cgram=np.zeros(256, np.uint16),
            oam=np.full(544, frame, np.uint8),
            ppu=PpuRegisters(obsel=frame),
            frame=frame,
            rom=ROM,
            raster=raster_writes(rng, 3 * frame) if version == 2 else None,
            ages={"oam": frame} if version == 2 else {},
        )
        for frame in range(5)
    ]
    path = tmp_path / "run.rec"
    data = record_version_1(snapshots, 3) if version == 1 else record(path, snapshots, keyframe_every=3)
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


@examples(150)
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


@examples(100)
@given(noise=st.binary(max_size=400))
def test_noise_is_no_recording(noise: bytes, small_recording: Small) -> None:
    small_recording.path.write_bytes(noise)
    with pytest.raises(FormatError, match="not a Halscope recording"):
        RecordingReader(small_recording.path)


def test_a_payload_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    parts = Parts.of(record(tmp_path / "run.rec", run_of_snapshots(2)))
    for number in (0, 1):
        bomb = Parts.of(parts.join())
        table = 4 * len(bomb.document["sections"]) if number == 0 else 0
        bomb.chunks[number][2] = bomb.chunks[number][2][:table] + packed_zeros()
        (tmp_path / "bomb.rec").write_bytes(bomb.join())
        with RecordingReader(tmp_path / "bomb.rec") as reader, pytest.raises(FormatError, match="another size"):
            reader[number]
    parts.chunks[1][3] = packed_zeros()
    (tmp_path / "bomb.rec").write_bytes(parts.join())
    with RecordingReader(tmp_path / "bomb.rec") as reader, pytest.raises(FormatError, match="another size"):
        reader[1]


def test_a_frame_that_claims_to_be_huge_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    parts = Parts.of(record(tmp_path / "run.rec", run_of_snapshots(1)))
    sizes = parts.chunks[0][2]
    picture = 4 * [name for name, _ in parts.document["sections"]].index("picture")
    parts.chunks[0][2] = sizes[:picture] + struct.pack("<I", 0xFFFFFFF0) + sizes[picture + 4 :]
    (tmp_path / "run.rec").write_bytes(parts.join())
    with RecordingReader(tmp_path / "run.rec") as reader, pytest.raises(FormatError, match="would have 42"):
        reader[0]


@examples(300, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_damage_behind_checksums_that_hold_is_an_error_or_another_snapshot(
    data: st.DataObject, small_recording: Small
) -> None:
    parts = Parts.of(small_recording.data)
    for _ in range(data.draw(st.integers(1, 3))):
        kind = data.draw(st.sampled_from(["document", "chunk", "payload", "frame", "raster", "order"]))
        number = data.draw(st.integers(0, len(parts.chunks) - 1))
        chunk = parts.chunks[number]
        if kind == "document":
            key = data.draw(st.sampled_from(sorted(parts.document)))
            parts.document[key] = data.draw(damaged_json(parts.document[key]))
        elif kind == "chunk":
            chunk[data.draw(st.integers(0, 1))] = data.draw(st.integers(0, 255))
        elif kind == "payload":
            chunk[2] = data.draw(changed_bytes(chunk[2]))
        elif kind == "raster":
            plain = data.draw(changed_bytes(small_recording.raster))
            chunk[3] = data.draw(st.sampled_from([zlib.compress(plain), plain, b""]))
        elif kind == "order":
            parts.chunks[number] = data.draw(st.sampled_from(parts.chunks)).copy()
        else:
            with contextlib.suppress(zlib.error, TypeError):  # what an earlier round has damaged cannot be split
                parts.change_frame(number, lambda plain: change_in_place(data, plain))
    small_recording.path.write_bytes(parts.join())
    with contextlib.suppress(FormatError), RecordingReader(small_recording.path) as reader:
        reader.sections()
        for position in data.draw(st.permutations(range(-1, len(reader) + 1))):
            with contextlib.suppress(FormatError, IndexError):
                reader[position]
        with contextlib.suppress(FormatError), ReplayHost(small_recording.path) as host:
            while host.step() is not None:
                pass


@examples(150)
@given(data=st.data())
def test_bytes_that_are_changed_removed_and_inserted_are_an_error_or_a_shorter_recording(
    data: st.DataObject, small_recording: Small
) -> None:
    version_1 = data.draw(st.booleans())
    whole = small_recording.version_1 if version_1 else small_recording.data
    originals = small_recording.old_snapshots if version_1 else small_recording.snapshots
    small_recording.path.write_bytes(data.draw(changed_bytes(whole)))
    with contextlib.suppress(FormatError), RecordingReader(small_recording.path) as reader:
        for position in range(len(reader)):
            with contextlib.suppress(FormatError):
                read = reader[position]
                assert any(same(read, original) for original in originals)


def same(one: Snapshot, other: Snapshot) -> bool:
    with contextlib.suppress(AssertionError):
        assert_same(one, other)
        return True
    return False


@st.composite
def changed_bytes(draw: st.DrawFn, whole: bytes) -> bytes:
    """With bytes changed, removed, inserted or cut off."""
    changed = bytearray(whole)
    at = draw(st.integers(0, len(whole)) | st.integers(0, min(900, len(whole))))
    size = draw(st.integers(0, 20))
    kind = draw(st.sampled_from(["change", "remove", "insert", "cut"]))
    if kind == "cut":
        del changed[at:]
    elif kind == "remove":
        del changed[at : at + size]
    else:
        changed[at : at + (size if kind == "change" else 0)] = draw(st.binary(min_size=size, max_size=size))
    return bytes(changed)


def change_in_place(data: st.DataObject, plain: bytearray) -> None:
    """Different bytes of the same length: the test is about the contents of a frame."""
    for _ in range(min(len(plain), data.draw(st.integers(1, 8)))):
        small = st.integers(0, min(len(plain) - 1, 60))
        registers = st.integers(0, len(plain) - 1) if len(plain) < 66600 else st.integers(66592, len(plain) - 1)
        plain[data.draw(small | registers)] = data.draw(st.integers(0, 255))


def damaged_json(value: object) -> st.SearchStrategy[object]:
    """A similar value, or something else entirely."""
    empty: list[object] = [None, [], {}, [[1]]]
    anything = st.sampled_from(empty) | st.integers(-2, 1 << 70) | st.text(max_size=4)
    if isinstance(value, list) and value:
        fewer = st.integers(0, len(value) - 1).map(lambda at: value[:at] + value[at + 1 :])
        other = st.tuples(st.integers(0, len(value) - 1), anything).map(
            lambda pair: [*value[: pair[0]], pair[1], *value[pair[0] + 1 :]]
        )
        sized = st.tuples(st.integers(0, len(value) - 1), anything).map(
            lambda pair: [*value[: pair[0]], ["new", pair[1]], *value[pair[0] + 1 :]]
        )
        return anything | fewer | other | sized | st.just(value + value)
    return anything


class Small:
    """Small recordings for examples to damage, one of each version, their snapshots, and a file to write to."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "damaged.rec"
        rng = np.random.default_rng(3)
        self.old_snapshots = run_of_snapshots(6, wram=False, picture=False)
        writes = raster_writes(rng, 30)
        rasters = [None, raster_writes(rng, 9), writes, writes, raster_writes(rng, 0), None]
        self.snapshots = [
            replace(
                snapshot,
                bwram=rng.integers(0, 256, 100 + number // 4, np.uint8),
                iram=np.full(0x800, number, np.uint8),
                cpu=cpu_registers(rng, dma=number % 2 == 0),
                picture=np.full((2, 3, 3), number, np.uint8),
                field=number % 2,
                ages={"vram": number},
                raster=rasters[number],
            )
            for number, snapshot in enumerate(self.old_snapshots)
        ]
        self.data = record(folder / "small.rec", self.snapshots, keyframe_every=3)
        self.raster = pack_raster(writes)
        self.version_1 = record_version_1(self.old_snapshots, keyframe_every=3)


@pytest.fixture(scope="module")
def small_recording(tmp_path_factory: pytest.TempPathFactory) -> Small:
    return Small(tmp_path_factory.mktemp("recording"))
