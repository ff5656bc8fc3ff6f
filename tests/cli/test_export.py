"""`export`: sources for asar and ca65 that make exactly the ROM, with pointers of every shape; labels for Mesen."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from halscope.app import Workspace
from halscope.cli import main
from halscope.demo import rom_path
from halscope.formats.labels import read_labels
from halscope.rom.image import Rom
from PIL import Image
from support.asar_reader import assemble
from support.painting import paint_one_colour

ASAR = os.environ.get("HALSCOPE_TEST_ASAR", "asar")


def export(*words: object, code: int = 0) -> None:
    assert main(["export", *map(str, words)]) == code


@pytest.fixture
def demo() -> Iterator[Path]:
    with rom_path() as path:
        yield path


def ruined(rom: Path, blocks: list[dict[str, Any]], folder: Path) -> bytearray:
    """The ROM without what the source must put there: packed blocks and the pointers to them."""
    image = bytearray(Rom.load(rom).data.tobytes())
    for block in blocks:
        image[block["offset"] : block["offset"] + block["room"]] = bytes([0xEE]) * block["room"]
        for pointer in block["pointers"]:
            for part in pointer["parts"]:
                if part is not None:
                    image[part] ^= 0xFF
    (folder / "base.sfc").write_bytes(image)
    return image


def exported(capsys: pytest.CaptureFixture[str], *words: object) -> list[dict[str, Any]]:
    capsys.readouterr()
    export(*words, "--json")
    blocks: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["blocks"]
    return blocks


def test_asars_source_makes_every_block_and_pointer_of_every_shape(
    lab_rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = lab_rom
    blocks = exported(capsys, lab, "--all", "--asm", tmp_path)
    assert {one["shape"] for block in blocks for one in block["pointers"]} == {
        "long", "word", "word+bank", "parallel", "code"
    }  # fmt: skip
    image = ruined(lab, blocks, tmp_path)
    whole = Rom.load(lab)
    mapping = assemble(tmp_path / "graphics.asm", image, whole.to_offset)
    assert mapping == "lorom"
    assert np.flatnonzero(np.frombuffer(image, np.uint8) != whole.data).tolist() == []
    for block in blocks:
        (decoded,) = [path for path in tmp_path.glob(f"{block['name']}.*") if path.suffix[1:] != block["codec"]]
        assert decoded.suffix in (".1bpp", ".2bpp", ".4bpp", ".8bpp", ".gfx", ".bin")
        data = Workspace.open(lab).index().block((block["codec"], block["offset"])).data if block is blocks[0] else None
        assert data is None or decoded.read_bytes() == data.tobytes()


@pytest.mark.skipif(shutil.which("ld65") is None, reason="needs cc65")
def test_ca65s_source_makes_the_whole_rom(lab_rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab = lab_rom
    blocks = exported(capsys, lab, "--all", "--asm", tmp_path, "--assembler", "ca65")
    ruined(lab, blocks, tmp_path)
    for command in ("ca65 graphics.s", "ld65 -C graphics.cfg -o out.sfc graphics.o"):
        subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "out.sfc").read_bytes() == Rom.load(lab).data.tobytes()


@pytest.mark.skipif(shutil.which(ASAR) is None, reason="needs asar")
@pytest.mark.parametrize("options", [(), ("--freedata",)])
def test_asar_itself_makes_the_rom(
    options: tuple[str, ...], lab_rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = lab_rom
    blocks = exported(capsys, lab, "--all", "--asm", tmp_path, *options)
    out = tmp_path / "out.sfc"
    whole = Rom.load(lab).data.tobytes()
    out.write_bytes(whole.ljust(0x80000, b"\0") if options else ruined(lab, blocks, tmp_path))
    for _ in range(2 if options else 1):  # again: autoclean removes what it put there before
        subprocess.run([ASAR, "graphics.asm", "out.sfc"], cwd=tmp_path, check=True, capture_output=True)
    if not options:
        assert out.read_bytes() == whole
        return
    before, after = Workspace.open(lab), Workspace.open(out)
    for block in blocks:
        was = before.index().block((block["codec"], block["offset"])).data.tobytes()
        if block["pointers"] and all(one["parts"][2] is not None for one in block["pointers"]):
            low, high, bank = (int(after.rom.data[part]) for part in block["pointers"][0]["parts"])
            place = after.rom.to_offset(bank << 16 | high << 8 | low)
            assert place is not None
            assert place >= before.rom.data.size
            assert after.rom.decode(after.codec(block["codec"]), place).data.tobytes() == was


def test_an_edited_sheet_is_exported_as_it_is_injected(
    demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    offset = Workspace.open(demo).blocks()[2].offset
    assert main(["extract", str(demo), hex(offset), "--out", str(tmp_path / "sheets")]) == 0
    (png,) = (tmp_path / "sheets").glob("*.png")
    paint_one_colour(png)
    assert main(["inject", str(demo), str(png), "-o", str(tmp_path / "out.sfc")]) == 0
    (block,) = exported(capsys, demo, "--edit", png, "--asm", tmp_path / "asm")
    assert block["offset"] == offset
    image = bytearray(demo.read_bytes())
    assemble(tmp_path / "asm" / "graphics.asm", image, Rom.load(demo).to_offset)
    injected = bytearray((tmp_path / "out.sfc").read_bytes())
    checksum = slice(0x7FDC, 0x7FE0)  # asar corrects it, the reader does not
    injected[checksum] = image[checksum]
    assert image == injected
    # What was packed anew is what a second export of the patched ROM has.
    (again,) = exported(capsys, tmp_path / "out.sfc", hex(offset), "--asm", tmp_path / "again")
    assert again["packed_size"] <= block["room"]


def test_an_edit_that_is_too_large_goes_to_freedata_or_is_refused(
    demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    block = Workspace.open(demo).blocks()[2]
    assert main(["extract", str(demo), hex(block.offset), "--out", str(tmp_path / "sheets")]) == 0
    (png,) = (tmp_path / "sheets").glob("*.png")
    with Image.open(png) as image:
        pixels = np.random.default_rng(1).integers(1, 16, (image.height, image.width)).astype(np.uint8)
        noisy = Image.fromarray(pixels)
        noisy.putpalette(image.getpalette() or [])
    noisy.save(png)
    capsys.readouterr()
    export(demo, "--edit", png, "--asm", tmp_path / "fixed", code=1)
    error = capsys.readouterr().err
    assert f"its place holds {block.packed_size}" in error
    assert "--freedata lets asar find a place" in error
    assert not any((tmp_path / "fixed").iterdir())
    export(demo, "--edit", png, "--asm", tmp_path / "free", "--freedata")
    source = (tmp_path / "free" / "graphics.asm").read_text()
    assert "\nfreedata\n" in source
    assert source.count("autoclean dl") == 1
    (packed,) = (tmp_path / "free").glob("*.hal")
    assert packed.stat().st_size > block.packed_size


def test_labels_for_mesen_name_blocks_tables_and_decoders(demo: Path, tmp_path: Path) -> None:
    export(demo, "--all", "--mlb", tmp_path / "demo.mlb")
    file = read_labels((tmp_path / "demo.mlb").read_bytes(), "demo.mlb")
    named = {label.rom_offset: label.name for label in file.labels}
    workspace = Workspace.open(demo)
    assert {one.offset for one in workspace.blocks()} < set(named)
    assert "decode_hal" in named.values()
    assert any(name.startswith("pointers_") for name in named.values())
    # What was exported is learnt again, and names the blocks.
    assert main(["scan", str(demo), "--labels", str(tmp_path / "demo.mlb")]) == 0
    assert {one.name for one in Workspace.open(demo).blocks()} <= set(named.values())


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        ((), 2, "nothing to export; give OFFSETs"),
        (("--all",), 2, "nothing to write; give --asm DIR or --mlb FILE"),
        (("0x8821", "--all", "--asm", "x"), 2, "either OFFSET or --all"),
        (("--all", "--mlb", "x.mlb", "--freedata"), 2, "--freedata is for --asm"),
        (("--all", "--asm", "x", "--assembler", "ca65", "--freedata"), 2, "--freedata is for asar"),
        (("--all", "--asm", "x", "--force"), 2, "--force is for edited sheets"),
        (("0x123", "--asm", "x"), 1, "no hal block at 0x123"),
        (("--edit", "pip.gfx", "--asm", "x"), 2, "raw tiles do not say where they belong"),
    ],
)
def test_what_cannot_be_exported_is_refused_in_one_line(
    options: tuple[str, ...],
    code: int,
    says: str,
    demo: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    export(demo, *options, code=code)
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1


def test_nothing_is_replaced_unasked(demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "graphics.asm").write_text("; mine")
    export(demo, "--all", "--asm", tmp_path, code=2)
    assert "already exists; give another --asm, or --overwrite" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["graphics.asm"]
    export(demo, "--all", "--asm", tmp_path, "--overwrite")
    assert (tmp_path / "graphics.asm").read_text().startswith("; Graphics of HALSCOPE DEMO")
    before = demo.read_bytes()
    export(demo, "--all", "--mlb", demo, code=2)
    assert demo.read_bytes() == before


@pytest.mark.skipif(shutil.which("ld65") is None, reason="needs cc65")
def test_the_linkers_symbols_name_the_blocks(demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = exported(capsys, demo, "--all", "--asm", tmp_path, "--assembler", "ca65")
    shutil.copy(demo, tmp_path / "base.sfc")
    for command in ("ca65 -g graphics.s", "ld65 -C graphics.cfg -Ln out.lbl -o out.sfc graphics.o"):
        subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    assert main(["scan", str(tmp_path / "out.sfc"), "--labels", str(tmp_path / "out.lbl"), "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["blocks"]
    assert [one["name"] for one in listed] == [block["name"].replace("-", "_") for block in blocks]
