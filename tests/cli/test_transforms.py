"""`locate` and `extract` on a ROM whose game converts its tiles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from halscope.cli import main
from halscope.codecs.lz import LZ2
from halscope_hooks import TRANSFORMS, Transform
from support.roms import make_rom
from support.stored_art import stored_art

BLOCK, TILES = 0x10001, 64
LOW, MODE7, FONT = (next(one for one in TRANSFORMS if one.name == name) for name in ("3bpp-low", "mode7", "1bpp"))


def game(folder: Path, transform: Transform, *, packed: bool = True) -> tuple[Path, Path]:
    """A ROM with stored tiles, in a block or not, and a file of the tiles as they stand in VRAM."""
    stored = stored_art(TILES, transform.stored_bytes, 8)
    image = make_rom(0x40000)
    packed_or_not = LZ2.encode(stored) if packed else stored
    image[BLOCK : BLOCK + len(packed_or_not)] = packed_or_not
    rom, tiles = folder / "game.sfc", folder / "tiles.bin"
    rom.write_bytes(bytes(image))
    tiles.write_bytes(transform.expand(stored))
    return rom, tiles


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> Any:
    assert main([str(argument) for argument in arguments]) == 0
    return json.loads(capsys.readouterr().out)


def test_locate_finds_converted_tiles_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rom, tiles = game(tmp_path, LOW)
    first = run(capsys, "locate", rom, tiles, "--json")["tiles"][3]["origins"][0]
    assert first == {
        "codec": "lz2",
        "block_offset": BLOCK,
        "byte_offset": 3 * 24,
        "start": "content",
        "transform": "3bpp-low",
        "bpp": 3,
        "lead": 0,
    }


@pytest.mark.parametrize("transform", [LOW, FONT, MODE7], ids=lambda one: one.name)
def test_locate_looks_for_one_transform_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], transform: Transform
) -> None:
    rom, tiles = game(tmp_path, transform, packed=False)
    found = run(capsys, "locate", rom, tiles, "--transform", transform.name, "--json")["tiles"]
    assert len(found) == TILES
    places = {number: tile["origins"][0]["block_offset"] for number, tile in enumerate(found) if tile["origins"]}
    assert len(places) > TILES * 3 // 4
    assert all(place == BLOCK + number * transform.stored_bytes for number, place in places.items())
    none = run(capsys, "locate", rom, tiles, "--transform", "none", "--json")["tiles"]
    assert {origin["transform"] for tile in none for origin in tile["origins"]} <= {"none"}
    assert sum(bool(tile["origins"]) for tile in none) < len(none) // 4


def test_locate_refuses_files_and_transforms_that_do_not_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rom, tiles = game(tmp_path, LOW)
    tiles.write_bytes(bytes(32))
    assert main(["locate", str(rom), str(tiles), "--transform", "mode7"]) == 2
    assert "mode7 tiles in VRAM have 128 bytes each" in capsys.readouterr().err
    assert main(["locate", str(rom), str(tiles), "--transform", "sideways"]) == 2
    assert "no transform 'sideways'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "transform", "bpp"),
    [
        (["--bpp", "3"], "3bpp-low", 4),
        (["--bpp", "3", "--transform", "3bpp-high"], "3bpp-high", 4),
        (["--transform", "mode7"], "mode7", 8),
        (["--bpp", "1"], "1bpp", 2),
    ],
)
def test_extract_shows_tiles_converted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], transform: str, bpp: int
) -> None:
    rom, _ = game(tmp_path, LOW)
    out = tmp_path / "out"
    (sheet,) = run(capsys, "extract", rom, hex(BLOCK), "--codec", "lz2", *options, "--out", out, "--json")["sheets"]
    document = json.loads(Path(sheet["json"]).read_text("utf-8"))
    assert document["bpp"] == bpp
    assert {cell["origin"]["transform"] for cell in document["cells"]} == {transform}


def test_extract_reads_the_eight_colours_of_3bpp_into_their_half(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rom, _ = game(tmp_path, LOW)
    image = bytearray(rom.read_bytes())
    colours = [0x1111 * k & 0x7FFF for k in range(1, 9)]
    image[0x100:0x110] = b"".join(colour.to_bytes(2, "little") for colour in colours)
    rom.write_bytes(bytes(image))
    common = ["extract", rom, hex(BLOCK), "--codec", "lz2", "--palette", "0x100", "--json"]
    for transform, half in (("3bpp-low", slice(0, 8)), ("3bpp-high", slice(8, 16))):
        out = tmp_path / transform
        (sheet,) = run(capsys, *common, "--transform", transform, "--out", out)["sheets"]
        (palette,) = json.loads(Path(sheet["json"]).read_text("utf-8"))["palettes"]
        assert palette["bgr555"][half] == colours


def test_a_depth_that_the_transform_does_not_store_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rom, _ = game(tmp_path, LOW)
    arguments = ["extract", str(rom), hex(BLOCK), "--bpp", "4", "--transform", "3bpp-low", "--out", str(tmp_path)]
    assert main(arguments) == 2
    assert "stores 3 bits per pixel, not 4" in capsys.readouterr().err
