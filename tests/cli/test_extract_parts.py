"""Strips, layers, rectangles of VRAM and parts of blocks: out of a recording, painted, and back in."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from halscope.cli import main
from halscope.codecs.hal import HAL
from halscope.demo import rom_path, truth
from halscope.hosts.libretro import available_cores
from halscope.inject import Sheet, read_sheet, sheet_edit
from PIL import Image
from support.terminals import halscope

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not available_cores(), reason="no libretro core is installed"),
]

FRAME = 220  # of the meadow
OFFSETS = {block["name"]: block["offset"] for block in truth()["blocks"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demo ROM and a recording of it."""
    folder = tmp_path_factory.mktemp("parts")
    with rom_path() as path:
        (folder / "game.sfc").write_bytes(path.read_bytes())
    done = halscope("record", "game.sfc", "-o", "run.hrec", "--frames", 260, "--press", "start@100-102", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def extract(folder: Path, out: str, *options: object, capsys: pytest.CaptureFixture[str]) -> list[Path]:
    """Extract something; the sheets."""
    arguments = ["extract", folder / "game.sfc", *options, "--out", folder / out, "--json"]
    capsys.readouterr()
    assert main([str(argument) for argument in arguments]) == 0
    return [Path(sheet["png"]) for sheet in json.loads(capsys.readouterr().out)["sheets"]]


def inject(folder: Path, png: Path) -> bytes:
    """The ROM with an edit."""
    output = folder / "out.sfc"
    assert main(["inject", str(folder / "game.sfc"), str(png), "-o", str(output)]) == 0
    return output.read_bytes()


def painted(png: Path, colour: int, box: tuple[int, int, int, int]) -> None:
    """Fill the opaque pixels of a box with an entry of their palette."""
    with Image.open(png) as image:
        entries = np.asarray(image).copy()
        left, top, right, bottom = box
        part = entries[top:bottom, left:right]
        part[part % 16 > 0] = part[part % 16 > 0] // 16 * 16 + colour
        edited = Image.fromarray(entries)
        palette = image.getpalette("RGB")
        assert palette is not None
        edited.putpalette(palette, "RGB")
        edited.info["transparency"] = image.info["transparency"]
        edited.save(png)


def stored(image: bytes, sheet: Sheet, cell: int) -> bytes:
    """The tile of a cell in a patched ROM."""
    origin = sheet.cells[cell].origin
    assert origin is not None
    return HAL.decode(image, origin.block_offset).data.tobytes()[origin.byte_offset :][: sheet.tile_bytes]


def test_a_strip_of_a_recording_is_painted_and_injected(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = f"hal-{OFFSETS['pip_walk']:06x}"
    (png,) = extract(folder, "strip", "--recording", folder / "run.hrec", "--strip", name, capsys=capsys)
    assert png == folder / "strip" / name / "strip.png"
    sheet = read_sheet(png).sheet
    assert (sheet.kind, sheet.height, sheet.width % 32) == ("strip", 32, 0)
    assert sheet.width >= 4 * 32
    painted(png, 5, (32, 0, 64, 32))
    changed = {number: change.new for change in sheet_edit(read_sheet(png)).changes for number in change.cells}
    assert changed
    image = inject(folder, png)
    for number, tile in changed.items():
        assert stored(image, sheet, number) == tile


def test_a_layer_of_a_recorded_frame_is_painted_and_injected(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    moment = ("--recording", folder / "run.hrec", "--frame", FRAME)
    front, back = extract(folder, "layers", *moment, "--layer", 1, "--layer", 2, capsys=capsys)
    assert (front.name, back.name) == ("bg1-512x256.png", "bg2-256x256.png")
    assert front.parent.name == f"hal-{OFFSETS['meadow_front_tiles']:06x}"
    painted(front, 7, (0, 240, 16, 256))
    sheet = read_sheet(front).sheet
    image = inject(folder, front)
    changes = sheet_edit(read_sheet(front)).changes
    assert changes
    for change in changes:
        block = HAL.decode(image, change.origin.block_offset).data.tobytes()
        assert block[change.origin.byte_offset :][: len(change.new)] == change.new
    assert sheet.map is not None


def test_a_rectangle_of_vram_is_painted_and_injected(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    moment = ("--recording", folder / "run.hrec", "--frame", FRAME)
    (png,) = extract(folder, "vram", *moment, "--vram", 0, "--columns", 8, "--rows", 4, capsys=capsys)
    sheet = read_sheet(png).sheet
    assert (png.name, sheet.kind, sheet.width, sheet.height) == ("vram-0000.png", "region", 64, 32)
    assert [cell.vram_byte for cell in sheet.cells[6:10]] == [192, 224, 512, 544]
    number = next(at for at, cell in enumerate(sheet.cells) if cell.origin is not None and any(cell.tile))
    cell = sheet.cells[number]
    painted(png, 3, (cell.x, cell.y, cell.x + 8, cell.y + 8))
    assert stored(inject(folder, png), sheet, number) != cell.tile
    for wrong, message in (
        (("--vram", 8), "VRAM has no 16x16 4bpp tiles at byte 0x8: tiles begin at multiples of 32"),
        (("--vram", 0xFFE0), "VRAM ends at 0x10000"),
        (("--vram", 0, "--bpp", 3), "tiles in VRAM have 2, 4 or 8 bits per pixel, not 3"),
        (("--layer", 4), "there is no BG4 in mode 1; there are BG1, BG2, BG3"),
        (("--rows", 4), "--rows is for --vram"),
    ):
        arguments = ["extract", folder / "game.sfc", *moment, "--out", folder / "wrong", *wrong]
        assert main([str(argument) for argument in arguments]) in (1, 2)
        assert message in capsys.readouterr().err


def test_a_part_of_a_block_is_extracted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    offset = OFFSETS["pip_walk"]
    part = ("--lead", 64, "--tiles", 6, "--columns", 3)
    (png,) = extract(folder, "part", offset, *part, capsys=capsys)
    sheet = read_sheet(png).sheet
    assert (sheet.width, sheet.height) == (24, 16)
    assert [cell.origin.byte_offset for cell in sheet.cells if cell.origin] == [64 + 32 * at for at in range(6)]
    arguments = ["extract", folder / "game.sfc", offset, "--tiles", 999, "--out", folder / "wrong"]
    assert main([str(argument) for argument in arguments]) == 1
    assert "holds 96 tiles from byte 0x0 on, not 999" in capsys.readouterr().err
