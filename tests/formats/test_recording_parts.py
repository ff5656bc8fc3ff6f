"""A recording holds everything that a snapshot holds, whatever parts appear and disappear from frame to frame."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import pytest
from halscope.formats.recording import RecordingReader, RecordingWriter, trimmed
from halscope.formats.recording._file import HEADER, VERSION, header, parse_document
from halscope.hosts.recording import ReplayHost
from halscope.session import Session
from halscope_hooks import RASTER_DTYPE, CpuRegisters, FormatError, PpuRegisters, RomIdentity, Snapshot, UsageError
from hypothesis import given
from hypothesis import strategies as st
from support.examples import examples
from support.recordings import (
    RASTER_EFFECTS,
    REGISTERS,
    ROM,
    assert_same,
    cpu_registers,
    raster_writes,
    record,
    run_of_snapshots,
)

PARTS = ("wram", "picture", "bwram", "iram", "ages", "cpu", "field", "raster", "rom", "ppu")


def full_snapshot(seed: int = 0) -> Snapshot:
    """Every field differs from its default."""
    rng = np.random.default_rng(seed)
    return Snapshot(
        vram=rng.integers(0, 256, 0x10000, np.uint8),
        cgram=rng.integers(0, 0x10000, 256, np.uint16),
        oam=rng.integers(0, 256, 544, np.uint8),
        ppu=PpuRegisters(**{name: int(rng.integers(256)) for name in REGISTERS if rng.random() < 0.7}),
        frame=int(rng.integers(1 << 62)) - (1 << 61),
        wram=rng.integers(0, 256, 0x20000, np.uint8),
        picture=rng.integers(0, 256, (4, 5, 3), np.uint8),
        rom=ROM,
        raster_effects="some",
        bwram=rng.integers(0, 256, 3000, np.uint8),
        iram=rng.integers(0, 256, 0x800, np.uint8),
        ages={"vram": 3, "cpu": 0, "picture": 0xFFFFFFFF},
        cpu=cpu_registers(rng),
        field=1,
        raster=raster_writes(rng, 100),
    )


def test_every_field_of_a_snapshot_is_kept(tmp_path: Path) -> None:
    """`assert_same` compares every field that exists; a new field must get a value here, and be recorded."""
    snapshot, bare = full_snapshot(), bare_snapshot()
    for field in fields(Snapshot):
        assert repr(getattr(snapshot, field.name)) != repr(getattr(bare, field.name)), field.name
    run = [snapshot, bare, snapshot, snapshot, full_snapshot(1)]
    record(tmp_path / "run.rec", run)
    with RecordingReader(tmp_path / "run.rec") as reader:
        for position in (0, 1, 2, 3, 4, 1, 3):
            assert_same(run[position], reader[position])


def bare_snapshot() -> Snapshot:
    return Snapshot(vram=np.zeros(0x10000, np.uint8), cgram=np.zeros(256, np.uint16), oam=np.zeros(544, np.uint8))


def test_every_part_that_can_have_an_age_keeps_it(tmp_path: Path) -> None:
    parts = []
    for field in fields(Snapshot):
        try:
            Snapshot(vram=bytes(0x10000), cgram=bytes(512), oam=bytes(544), ages={field.name: 1})  # type: ignore[arg-type]
        except UsageError:
            continue
        parts.append(field.name)
    assert "vram" in parts
    run = [replace(bare_snapshot(), ages={part: number}) for number, part in enumerate(parts)]
    run.append(replace(bare_snapshot(), ages=dict.fromkeys(parts, 7)))
    record(tmp_path / "run.rec", run)
    with RecordingReader(tmp_path / "run.rec") as reader:
        assert [dict(snapshot.ages) for snapshot in reader] == [dict(snapshot.ages) for snapshot in run]


@dataclass(frozen=True)
class Step:
    """The parts of a frame in a random run, and which of them changed."""

    parts: frozenset[str]
    changed: frozenset[str]
    seed: int
    bwram: int
    rows: int
    dma: bool
    shape: tuple[int, int]


STEPS = st.lists(
    st.builds(
        Step,
        st.frozensets(st.sampled_from(PARTS)),
        st.frozensets(st.sampled_from([*PARTS, "vram", "cgram", "oam"])),
        st.integers(0, 2**32),
        st.sampled_from([0, 1, 63, 64, 65, 4096, 0x40000]),
        st.integers(0, 300),
        st.booleans(),
        st.tuples(st.integers(0, 3), st.integers(0, 3)),
    ),
    min_size=1,
    max_size=8,
)


def make_run(steps: Sequence[Step]) -> list[Snapshot]:
    """A part keeps its value while it is present and not listed as changed."""
    values: dict[str, object] = {
        "vram": np.zeros(0x10000, np.uint8),
        "cgram": np.zeros(256, np.uint16),
        "oam": np.zeros(544, np.uint8),
    }
    run = []
    for number, step in enumerate(steps):
        rng = np.random.default_rng(step.seed)
        fresh: dict[str, object] = {
            "wram": sparse(rng, 0x20000),
            "bwram": sparse(rng, step.bwram),
            "iram": sparse(rng, 0x800),
            "picture": rng.integers(0, 256, (*step.shape, 3), np.uint8),
            "ages": {name: int(rng.integers(100)) for name in ("vram", "oam", "wram") if rng.random() < 0.5},
            "cpu": cpu_registers(rng, dma=step.dma),
            "field": int(rng.integers(2)),
            "raster": raster_writes(rng, step.rows),
            "rom": ROM,
            "ppu": PpuRegisters(**{name: int(rng.integers(256)) for name in REGISTERS if rng.random() < 0.5}),
            "vram": sparse(rng, 0x10000),
            "cgram": rng.integers(0, 0x8000, 256, np.uint16),
            "oam": sparse(rng, 544),
        }
        for name in PARTS:
            if (name not in step.parts and name != "rom") or (name == "rom" and number and "rom" not in step.parts):
                values.pop(name, None)
            elif name not in values:
                values[name] = fresh[name]
        values |= {name: fresh[name] for name in step.changed if name in values}
        effects = RASTER_EFFECTS[step.seed % 3]
        run.append(Snapshot(**values, frame=step.seed, raster_effects=effects))  # type: ignore[arg-type]
    return run


def sparse(rng: np.random.Generator, size: int) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    memory = np.zeros(size, np.uint8)
    if size:
        memory[rng.integers(0, size, 5)] = rng.integers(0, 256, 5)
    return memory


@examples(120)
@given(steps=STEPS, keyframe_every=st.integers(1, 5), data=st.data())
def test_any_parts_come_back_in_any_order(steps: list[Step], keyframe_every: int, data: st.DataObject) -> None:
    run = make_run(steps)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.rec"
        written = record(path, run, keyframe_every)
        with RecordingReader(path) as reader:
            assert reader.complete
            for original, read in zip(run, reader, strict=True):
                assert_same(original, read)
            for position in data.draw(st.lists(st.integers(0, len(run) - 1), max_size=6)):
                assert_same(run[position], reader[position])
        path.write_bytes(written[: written.rindex(b"HALSEND") - 8])
        with RecordingReader(path) as reader:
            assert not reader.complete
            for original, read in zip(run, reader, strict=True):
                assert_same(original, read)


def test_raster_writes_of_any_number_need_no_keyframe(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    run = [replace(bare_snapshot(), raster=raster_writes(rng, number * 7 % 50)) for number in range(20)]
    run[7] = replace(run[7], raster=None)
    keyframes = record(tmp_path / "run.rec", run, keyframe_every=100).count(b"FRAM\0")
    assert keyframes == 1
    with RecordingReader(tmp_path / "run.rec") as reader:
        for original, read in zip(run, reader, strict=True):
            assert_same(original, read)


def test_raster_writes_that_stay_cost_nothing_and_moving_ones_little(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    gradient = np.zeros(224 * 2, RASTER_DTYPE)
    gradient["line"] = np.repeat(np.arange(224), 2)
    gradient["register"] = np.tile([0x21, 0x22], 224)
    gradient["value"] = rng.integers(0, 256, 448)
    still = replace(bare_snapshot(), raster=gradient)
    one = len(record(tmp_path / "one.rec", [still]))
    copies = [replace(still, raster=gradient.copy()) for _ in range(9)]
    assert len(record(tmp_path / "run.rec", [still, *copies], 100)) - one == 9 * (28 + 8)
    moved = gradient.copy()
    moved["value"] = np.roll(gradient["value"], 2)
    assert len(record(tmp_path / "run.rec", [still, replace(still, raster=moved)], 100)) - one < 28 + 8 + 60


def test_bwram_of_another_size_begins_with_a_keyframe(tmp_path: Path) -> None:
    run = [replace(bare_snapshot(), bwram=np.full(size, 7, np.uint8)) for size in (0x8000, 0x8000, 0x40000, 0, 0)]
    run.append(bare_snapshot())  # no raster is different from an empty one
    data = record(tmp_path / "run.rec", run, keyframe_every=100)
    assert data.count(b"FRAM\0") == 4
    with RecordingReader(tmp_path / "run.rec") as reader:
        for original, read in zip(run, reader, strict=True):
            assert_same(original, read)


def test_registers_leave_the_memories_beside_them_alone(tmp_path: Path) -> None:
    first = full_snapshot()
    rng = np.random.default_rng(9)
    run = [
        first,
        replace(first, cpu=cpu_registers(rng), frame=1),
        replace(first, cpu=CpuRegisters(), ages={"vram": 2}, field=0, frame=2),
        replace(first, cpu=CpuRegisters(), ages={"vram": 2}, field=0, raster=raster_writes(rng, 3), frame=3),
    ]
    record(tmp_path / "run.rec", run)
    with RecordingReader(tmp_path / "run.rec") as reader:
        read = list(reader)
    for original, one in zip(run, read, strict=True):
        assert_same(original, one)
        for name in ("vram", "cgram", "oam", "ppu", "wram", "bwram", "iram", "picture"):
            assert getattr(one, name) is getattr(read[0], name)
    assert read[3].cpu is read[2].cpu
    assert read[2].raster is read[0].raster


def test_a_replay_names_the_parts_that_any_frame_has(tmp_path: Path) -> None:
    full = full_snapshot()
    for run, more in (
        ([bare_snapshot()], set()),
        ([replace(bare_snapshot(), cpu=full.cpu)], {"cpu"}),
        ([full, bare_snapshot()], {"ppu", "wram", "bwram", "iram", "cpu", "picture"}),
        ([bare_snapshot(), replace(full, ppu=PpuRegisters(), wram=None)], {"bwram", "iram", "cpu", "picture"}),
    ):
        run = [replace(snapshot, rom=ROM) for snapshot in run]
        if "ppu" in more:
            run[0] = replace(run[0], ppu=PpuRegisters(obsel=3))
        record(tmp_path / "run.rec", run, keyframe_every=100)
        with ReplayHost(tmp_path / "run.rec") as host:
            assert host.info.readable == {"vram", "cgram", "oam"} | more
            for snapshot in run:
                read = host.step()
                assert read is not None
                assert_same(snapshot, read)


def test_a_replaced_part_is_replaced_in_the_recording(tmp_path: Path) -> None:
    full = full_snapshot()
    rom = RomIdentity(path="shipped.sfc", sha1=ROM.sha1, sha256=ROM.sha256)
    shipped = replace(full, rom=rom, wram=None, picture=None)
    record(tmp_path / "run.rec", [shipped])
    with RecordingReader(tmp_path / "run.rec") as reader:
        assert reader.rom == rom
        assert_same(shipped, reader[0])
        assert reader[0].bwram is not None


@pytest.mark.parametrize("wanted", [True, False])
def test_a_session_records_the_parts_that_it_is_not_told_to_leave_out(tmp_path: Path, wanted: bool) -> None:
    run = [replace(full_snapshot(seed), frame=seed) for seed in range(3)]
    record(tmp_path / "in.rec", run)
    with ReplayHost(tmp_path / "in.rec") as host, Session(host) as session:
        recording = session.record(tmp_path / "out.rec", wram=wanted, picture=wanted)
        session.advance(3)
        assert recording.close()
    with RecordingReader(tmp_path / "out.rec") as reader:
        for original, read in zip(run, reader, strict=True):
            assert_same(original if wanted else trimmed(original, wram=False, picture=False), read)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"frame": 1 << 63}, "frame number 9223372036854775808"),
        ({"frame": -(1 << 64)}, "frame number"),
        ({"ages": {"vram": 1 << 32}}, "an age of 4294967296 frames for vram"),
        ({"raster_effects": "rarely"}, "raster effects are 'rarely'"),
        ({"picture": np.zeros((1, 1025, 3), np.uint8)}, "1025×1 pixels is too large"),
        ({"raster": np.zeros(0x10001, RASTER_DTYPE)}, "65537 raster writes are too many"),
        ({"rom": RomIdentity(path="other.sfc")}, r"one ROM; start a new one for other\.sfc"),
    ],
)
def test_what_a_recording_cannot_hold_is_refused_and_the_rest_goes_on(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    run = run_of_snapshots(4)
    with RecordingWriter(tmp_path / "run.rec") as writer:
        for snapshot in run[:2]:
            writer.append(snapshot)
        with pytest.raises(UsageError, match=rf"run\.rec: .*{message}"):
            writer.append(replace(full_snapshot(), **change))  # type: ignore[arg-type]
        for snapshot in run[2:]:
            writer.append(snapshot)
    data = (tmp_path / "run.rec").read_bytes()
    assert data.count(b"FRAM\0") == 1
    with RecordingReader(tmp_path / "run.rec") as reader:
        assert reader.complete
        for original, read in zip(run, reader, strict=True):
            assert_same(original, read)


@pytest.mark.parametrize("name", ["path", "sha1", "sha256"])
def test_a_rom_that_is_named_by_anything_but_text_is_damage(name: str) -> None:
    text = header("a test", RomIdentity())[HEADER.size :]
    with pytest.raises(FormatError, match=f"the ROM's {name} is 5"):
        parse_document(VERSION, text.replace(f'"{name}":null'.encode(), f'"{name}":5'.encode()))


def test_a_header_that_could_not_be_read_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "run.rec"
    with pytest.raises(UsageError, match=r"the header has 66\d+ bytes, too many"):
        RecordingWriter(path, emulator="x" * 0x10000)
    assert not path.exists()
    with RecordingWriter(path) as writer:
        with pytest.raises(UsageError, match="the names"):
            writer.append(replace(bare_snapshot(), rom=RomIdentity(path="x" * 0x10000)))
        writer.append(bare_snapshot())
    with RecordingReader(path) as reader:
        assert len(reader) == 1
