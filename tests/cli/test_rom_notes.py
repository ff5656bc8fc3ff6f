"""Labels and code/data logs of other tools: names in every list, code is no block, and another ROM's are refused."""

from __future__ import annotations

import json
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from halscope.app import Workspace
from halscope.cli import main
from halscope.demo import rom_path
from halscope.rom.mapping import to_snes


@pytest.fixture
def demo() -> Any:
    with rom_path() as path:
        yield Workspace.open(path)


def run(capsys: pytest.CaptureFixture[str], *words: str | Path) -> Any:
    assert main([str(word) for word in (*words, "--json")]) == 0
    return json.loads(capsys.readouterr().out)


def cdl(rom: bytes, *executed: tuple[int, int]) -> bytes:
    """A log as Mesen 2 writes it."""
    flags = bytearray(len(rom))
    for start, stop in executed:
        flags[start:stop] = b"\x31" * (stop - start)
    return b"CDLv2" + zlib.crc32(rom).to_bytes(4, "little") + flags


def test_labels_name_blocks_in_this_command_and_in_later_ones(
    demo: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, rom = demo.rom.path, demo.rom
    assert path is not None
    first, second = demo.blocks()[2:4]
    address = to_snes(rom.mapping, first.offset, rom.data.size)
    (tmp_path / "a.sym").write_text(f"[labels]\n{address >> 16:02X}:{address & 0xFFFF:04X} GFX/Pip\n7E:0010 frame\n")
    (tmp_path / "a.mlb").write_text(f"SnesPrgRom:{second.offset:04X}:Bats\nSnesWorkRam:0010:frame\n")
    listed = run(capsys, "scan", path, "--labels", tmp_path / "a.sym", "--labels", tmp_path / "a.mlb")
    names = {first.offset: "GFX/Pip", second.offset: "Bats"}
    assert {block["offset"]: block["name"] for block in listed["blocks"] if "name" in block} == names
    assert main(["scan", str(path)]) == 0  # a later command
    assert re.search(rf"{first.offset:#x} .* GFX/Pip$", capsys.readouterr().out, re.MULTILINE)

    sheets = run(capsys, "extract", path, f"{first.offset:#x}", "--out", tmp_path / "sheets")["sheets"]
    assert Path(sheets[0]["png"]).name == f"hal-{first.offset:06x}-GFX_Pip.png"
    block = demo.index().block(("hal", first.offset))
    (tmp_path / "tiles.bin").write_bytes(block.data[:256].tobytes())
    found = run(capsys, "locate", path, tmp_path / "tiles.bin")["tiles"]
    assert next(one["origins"][0]["name"] for one in found if one["origins"]) == "GFX/Pip"
    assert main(["locate", str(path), str(tmp_path / "tiles.bin")]) == 0
    assert f"hal {first.offset:#x}+0x20 (pointer) GFX/Pip" in capsys.readouterr().out


def test_uncompressed_tiles_are_named_by_the_label_before_them(
    demo: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert demo.rom.path is not None
    at = 0x200  # code: any bytes are uncompressed tiles
    (tmp_path / "a.mlb").write_text(f"SnesPrgRom:{at - 0x40:04X}:Hero\n")
    (tmp_path / "tile.bin").write_bytes(demo.rom.data[at : at + 32].tobytes())
    run(capsys, "scan", demo.rom.path, "--labels", tmp_path / "a.mlb")
    (tile,) = run(capsys, "locate", demo.rom.path, tmp_path / "tile.bin")["tiles"]
    assert [(one["block_offset"], one["name"]) for one in tile["origins"]] == [(at, "Hero+0x40")]


def test_what_was_executed_is_no_block_unless_the_game_was_seen_unpacking_it(
    demo: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, rom = demo.rom.path, demo.rom.data.tobytes()
    assert path is not None
    before = run(capsys, "scan", path)["blocks"]
    code, beside = before[2], before[3]
    log = tmp_path / "a.cdl"
    log.write_bytes(
        cdl(rom, (code["offset"] + 1, code["offset"] + code["packed_size"]), (beside["offset"] - 4, beside["offset"]))
    )
    after = run(capsys, "scan", path, "--cdl", log)["blocks"]
    # Its beginning was executed: of the streams that share its end none is left.
    assert [one["offset"] for one in after] == [one["offset"] for one in before if one != code]
    assert run(capsys, "scan", path)["blocks"] == after  # remembered
    kept = run(capsys, "scan", path, "--min-score", "0")["blocks"]
    assert all(0 <= one["score"] <= 1 for one in kept)


def test_of_streams_with_one_end_the_best_that_was_not_executed_is_listed(demo: Workspace) -> None:
    index = demo.index()
    rows = index.families
    first = next(one for one in index.best_starts if later(rows, one).any())
    marks = np.zeros(demo.rom.data.size, np.bool_)
    marks[first["offset"] : first["offset"] + 4] = True
    best = index.without_executed(marks).best_starts
    (row,) = best[best["family"] == first["family"]]
    assert row["offset"] in rows["offset"][later(rows, first)]
    assert row["score"] >= 0


def later(rows: Any, first: Any) -> Any:
    """Which starts of the same family begin a few bytes after its best one."""
    return (rows["family"] == first["family"]) & (rows["offset"] >= first["offset"] + 4)


@pytest.mark.parametrize(
    ("option", "name", "data", "says"),
    [
        ("--labels", "a.sym", b"[labels]\n00:8000 A\n[rom checksum]\n12345678\n", "another ROM: its CRC32 is 12345678"),
        ("--labels", "a.mlb", b"SnesPrgRom:7FFFFF:A\nSnesPrgRom:7FFFFE:B\n", "2 of its 2 labels are outside"),
        ("--labels", "a.sym", b"7E:0000 A\n00:2100 B\n", "no label of a place in a ROM"),
        (
            "--labels",
            "a.dizraw",
            b'<R Watermark="DiztinGUIsh"><Project InternalRomGameName="OTHER"><Labels><Item Key="32768">'
            b"<Value Name='A'/></Item></Labels></Project></R>",
            "is a project of 'OTHER'",
        ),
        (
            "--labels",
            "a.dizraw",
            b'<R Watermark="DiztinGUIsh"><Data RomMapMode="HiRom"><Labels><Item Key="32768"><Value Name="A"/>'
            b"</Item></Labels></Data></R>",
            "is for the mapping hirom, but",
        ),
        ("--labels", "a.txt", b"nothing here\n", "no label in it that can be read"),
        ("--cdl", "a.cdl", b"CDLv2" + bytes(4 + 512 * 1024), "was recorded with another ROM: its CRC32 is 00000000"),
        ("--cdl", "a.cdl", b"nothing", "not a code/data log of Mesen"),
    ],
)  # fmt: skip
def test_a_file_for_another_rom_is_refused_in_one_line_and_nothing_is_learnt(
    option: str, name: str, data: bytes, says: str, demo: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_bytes(data)
    assert main(["scan", str(demo.rom.path), option, str(tmp_path / name)]) == 1
    error = capsys.readouterr().err
    assert says in error
    assert error.startswith(f"halscope: {tmp_path / name}: ")
    assert error.count("\n") == 1
    assert not demo.knowledge.path.exists()


def test_a_log_of_the_image_that_mesen_filled_up_is_this_roms(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], demo: Workspace
) -> None:
    rom = demo.rom.data.tobytes() + bytes(range(256)) * 4
    path, log = tmp_path / "odd.sfc", tmp_path / "odd.cdl"
    path.write_bytes(rom)
    log.write_bytes(cdl(rom.ljust(len(rom) + 0xC00, b"\0"), (0, 8)))
    assert main(["scan", str(path), "--cdl", str(log)]) == 0
    assert "8 bytes were executed" in capsys.readouterr().err


def test_a_log_that_no_game_can_leave_is_refused(
    demo: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rom = demo.rom.data.tobytes()
    log = cdl(rom, *((at, at + 1) for at in range(0, len(rom), 2)))
    (tmp_path / "a.cdl").write_bytes(log)
    assert main(["scan", str(demo.rom.path), "--cdl", str(tmp_path / "a.cdl")]) == 1
    assert "262144 separate stretches of the ROM, which no game's log has" in capsys.readouterr().err
    assert not demo.knowledge.path.exists()


def test_what_was_read_is_remembered_with_the_bytes_between(demo: Workspace, tmp_path: Path) -> None:
    log = bytearray(cdl(demo.rom.data.tobytes()))
    for at in (100, 110, 200):
        log[9 + at] = 2
    (tmp_path / "a.cdl").write_bytes(log)
    assert main(["scan", str(demo.rom.path), "--cdl", str(tmp_path / "a.cdl")]) == 0
    known = demo.knowledge.load()
    assert (known.read, known.executed) == (((100, 111), (200, 201)), ())
