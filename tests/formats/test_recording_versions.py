"""Version 1 is still read, a later version is refused with advice, and a new field needs no new version."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from halscope.formats.recording import VERSION, RecordingReader
from halscope.hosts.recording import ReplayHost
from halscope_hooks import FormatError
from support.recordings import (
    ROM,
    Parts,
    assert_same,
    cpu_registers,
    record,
    record_version_1,
    run_of_snapshots,
)

DEMO = Path(__file__).resolve().parents[2] / "docs/examples/palette-watch/tests/demo.hrec"


@pytest.mark.parametrize("wram", [True, False])
@pytest.mark.parametrize("picture", [True, False])
def test_version_1_is_read_in_any_order(tmp_path: Path, wram: bool, picture: bool) -> None:
    snapshots = run_of_snapshots(9, wram=wram, picture=picture)
    snapshots[5] = replace(snapshots[5], picture=None)
    (tmp_path / "old.rec").write_bytes(record_version_1(snapshots, keyframe_every=4))
    with RecordingReader(tmp_path / "old.rec") as reader:
        assert (reader.complete, reader.emulator, reader.rom, len(reader)) == (True, "test", ROM, 9)
        for position in [*range(9), 7, 2, 6, 0]:
            assert_same(snapshots[position], reader[position])
        expected = {"vram", "cgram", "oam", "registers"} | {
            name for name, there in (("wram", wram), ("picture", picture)) if there
        }
        assert reader.sections() == expected


def test_a_shipped_recording_of_version_1_becomes_the_same_in_version_2(tmp_path: Path) -> None:
    assert struct.unpack_from("<H", DEMO.read_bytes(), 8) == (1,)
    with RecordingReader(DEMO) as reader:
        old = list(reader)
        assert reader.complete
    assert {one.ppu.cgadd for one in old} == {None}  # a register that the recording's header does not name
    data = record(tmp_path / "new.rec", old, keyframe_every=300)
    assert struct.unpack_from("<H", data, 8) == (VERSION,)
    with RecordingReader(tmp_path / "new.rec") as reader:
        for one, other in zip(old, reader, strict=True):
            assert_same(one, other)
    assert len(data) < 1.01 * DEMO.stat().st_size


@pytest.mark.parametrize("version", [3, 9])
def test_a_newer_version_is_refused_with_what_to_do(tmp_path: Path, version: int) -> None:
    data = bytearray(record(tmp_path / "run.rec", run_of_snapshots(1)))
    data[8] = version
    (tmp_path / "run.rec").write_bytes(data)
    with pytest.raises(FormatError, match=rf"version {version}; .* reads versions 1 to 2: update Halscope"):
        RecordingReader(tmp_path / "run.rec")


@pytest.mark.parametrize("version", [0, 1])
def test_a_version_that_is_damaged_is_noticed(tmp_path: Path, version: int) -> None:
    data = bytearray(record(tmp_path / "run.rec", run_of_snapshots(1)))
    data[8] = version
    (tmp_path / "run.rec").write_bytes(data)
    with pytest.raises(FormatError, match="header is damaged"):
        RecordingReader(tmp_path / "run.rec")


def test_registers_and_sections_to_come_are_left_out(tmp_path: Path) -> None:
    """The same frame as a later Halscope would write it: one more register of each kind, and one more memory."""
    rng = np.random.default_rng(0)
    snapshot = replace(run_of_snapshots(1, picture=False)[0], cpu=cpu_registers(rng), ages={"vram": 3})
    parts = Parts.of(record(tmp_path / "run.rec", [snapshot]))
    ppu, cpu, ages = (len(parts.document[key]) for key in ("registers", "cpu_registers", "ages"))
    sizes = dict(parts.document["sections"])
    for key, name in (
        ("registers", "stat78"),
        ("cpu_registers", "memsel"),
        ("dma_registers", "unused"),
        ("ages", "apu"),
    ):
        parts.document[key].append(name)
    sections = list(sizes)

    def rebuild(plain: bytearray) -> None:
        table = 4 * len(sections)
        held = dict(zip(sections, struct.unpack_from(f"<{len(sections)}I", plain), strict=True))
        data, at = {}, table
        for name in sections:
            if held[name] != 0xFFFFFFFF:
                data[name] = bytes(plain[at : at + held[name]])
                at += -(-held[name] // 64) * 64
        r, m, c = data["registers"], data["metadata"], data["cpu"]
        data["registers"] = r[: 2 * ppu] + b"\x55\x00" + r[2 * ppu : 3 * ppu] + b"\x01" + r[3 * ppu :]
        data["metadata"] = m[:2] + m[2 : 2 + 4 * ages] + b"\x07\0\0\0" + m[2 + 4 * ages :] + b"\x01"
        channels = c[3 * cpu + 1 :]
        rows = b"".join(channels[at : at + 16] + b"\xff\xff" for at in range(0, len(channels), 16))
        data["cpu"] = c[: 2 * cpu] + b"\x01\x00" + c[2 * cpu : 3 * cpu] + b"\x01" + c[3 * cpu : 3 * cpu + 1] + rows
        data["apuram"] = bytes(range(100))
        order = ["apuram", *sections]  # even before all others
        plain[:] = struct.pack(f"<{len(order)}I", *(len(data[name]) if name in data else 0xFFFFFFFF for name in order))
        plain += b"".join(data[name].ljust(-(-len(data[name]) // 64) * 64, b"\0") for name in order if name in data)
        parts.document["sections"] = [
            [name, None if name in ("apuram", "bwram", "picture") else len(data.get(name, b"")) or sizes[name]]
            for name in order
        ]

    change_with_new_table(parts, rebuild)
    (tmp_path / "later.rec").write_bytes(parts.join())
    with RecordingReader(tmp_path / "later.rec") as reader:
        assert_same(snapshot, reader[0])
        assert "apuram" in reader.sections()


def change_with_new_table(parts: Parts, change: Callable[[bytearray], object]) -> None:
    """Like `Parts.change_frame` of the first chunk, but the number of sections changes too."""
    table = 4 * len(parts.document["sections"])
    payload = parts.chunks[0][2]
    plain = bytearray(payload[:table] + zlib.decompress(payload[table:]))
    change(plain)
    table = 4 * len(parts.document["sections"])
    parts.chunks[0][2] = bytes(plain[:table]) + zlib.compress(bytes(plain[table:]))


@pytest.mark.parametrize(
    ("key", "change", "message"),
    [
        ("dma_registers", lambda names: names[:-1], "the section cpu has"),
        ("registers", lambda names: [*names, "more"], "the section registers has"),
        ("ages", lambda names: names[1:], "the section metadata has"),
        ("sections", lambda sections: [*sections, sections[0]], "twice"),
        ("sections", lambda sections: [["vram", 1 << 40], *sections[1:]], "the section vram has"),
        ("sections", lambda sections: [*sections, ["other", -1]], "the section other has"),
        ("sections", lambda sections: [*sections, ["other", 1.5]], "float"),
        ("sections", lambda sections: sections[1:], "the frame has no vram"),
        ("dma_registers", lambda names: [*names[:-1], "other"], "lacks DMA registers"),
    ],
)
def test_a_header_that_contradicts_itself_is_refused(
    tmp_path: Path, key: str, change: Callable[[Any], Any], message: str
) -> None:
    rng = np.random.default_rng(0)
    snapshot = replace(run_of_snapshots(1)[0], cpu=cpu_registers(rng))
    parts = Parts.of(record(tmp_path / "run.rec", [snapshot]))
    before = len(parts.document["sections"])
    parts.document[key] = change(parts.document[key])
    if len(parts.document["sections"]) < before:
        parts.chunks[0][2] = parts.chunks[0][2][4:]
    (tmp_path / "run.rec").write_bytes(parts.join())
    with pytest.raises(FormatError, match=message), RecordingReader(tmp_path / "run.rec") as reader:
        reader[0]


def test_a_register_that_is_too_wide_is_a_damaged_frame(tmp_path: Path) -> None:
    parts = Parts.of(record(tmp_path / "run.rec", run_of_snapshots(2)[1:]))
    first_register = 4 * len(parts.document["sections"]) + 0x10000 + 512 + 576

    def widen(plain: bytearray) -> None:
        for at in range(len(parts.document["registers"])):
            plain[first_register + 2 * at + 1] = 0xFF

    parts.change_frame(0, widen)
    (tmp_path / "run.rec").write_bytes(parts.join())
    with RecordingReader(tmp_path / "run.rec") as reader, pytest.raises(FormatError, match=r"PPU register .* is 0xff"):
        reader[0]
    with pytest.raises(FormatError, match=r"run\.rec: at offset 0x"):
        ReplayHost(tmp_path / "run.rec")
