"""`extract OFFSET` alone: the codec and the place of the first tile are found; what the user says wins."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from halscope.cli import main
from halscope.codecs.lz import LZ2
from halscope.demo import rom_path, truth
from support.roms import make_rom
from support.stored_art import stored_art

BLOCKS = {block["name"]: block for block in truth()["blocks"]}
TILED = [block for block in BLOCKS.values() if block["kind"] in ("sprites", "tiles")]


@pytest.fixture(scope="module")
def rom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rom") / "game.sfc"
    with rom_path() as demo:
        path.write_bytes(demo.read_bytes())
    return path


def extract(capsys: pytest.CaptureFixture[str], rom: Path, *arguments: object) -> list[Any]:
    assert main(["extract", str(rom), *map(str, arguments), "--json"]) == 0
    sheets: list[Any] = json.loads(capsys.readouterr().out)["sheets"]
    return sheets


def first_byte(sheet: Any) -> int:
    document = json.loads(Path(sheet["json"]).read_text("utf-8"))
    return min(int(cell["origin"]["byte_offset"]) for cell in document["cells"])


def test_the_first_tile_is_found_by_the_blocks_pixels(
    rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    offsets = [hex(block["offset"]) for block in TILED]
    sheets = extract(capsys, rom, *offsets, "--out", tmp_path)
    found = {block["name"]: sheet["lead"] for block, sheet in zip(TILED, sheets, strict=True)}
    wrong = {name: lead for name, lead in found.items() if lead != BLOCKS[name]["lead"]}
    assert wrong == {"star": 0}, "one byte too many, and no place is clearly smoother"
    assert [first_byte(sheet) for sheet in sheets] == [sheet["lead"] for sheet in sheets]


def test_what_the_user_says_wins(rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frog = hex(BLOCKS["frog"]["offset"])
    (sheet,) = extract(capsys, rom, frog, "--lead", 0, "--columns", 4, "--bpp", 2, "--out", tmp_path)
    assert (sheet["lead"], sheet["columns"], sheet["bpp"], sheet["transform"]) == (0, 4, 2, "none")
    assert first_byte(sheet) == 0


def test_the_codec_is_the_one_that_reads_the_block(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image, packed = make_rom(0x40000), LZ2.encode(stored_art(64, 32, 8))
    image[0x10001 : 0x10001 + len(packed)] = packed
    rom = tmp_path / "lz2.sfc"
    rom.write_bytes(bytes(image))
    (sheet,) = extract(capsys, rom, "0x10001", "--out", tmp_path / "found")
    assert {origin["codec"] for origin in sheet["origins"]} == {"lz2"}
    assert sheet["tiles"] == 64


def test_the_text_says_where_the_tiles_begin(rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["extract", str(rom), hex(BLOCKS["frog"]["offset"]), "--out", str(tmp_path)]) == 0
    assert "; lead 3" in capsys.readouterr().out
