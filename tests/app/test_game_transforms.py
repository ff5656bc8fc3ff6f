"""A transform that a game file describes is used wherever the built-in ones are: from VRAM to patch and live writes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from halscope import Workspace
from halscope.cli import main
from halscope.codecs.lz import LZ2
from halscope.inject import apply_patch as patched
from halscope.inject import live_writes, read_sheet, sheet_edit, to_patch, transform_named
from halscope.rom.image import Rom
from halscope.rom.mapping import Mapping
from halscope_hooks import InjectError, Transform, Write
from numpy.typing import NDArray
from PIL import Image
from support.checksums import fix
from support.edit_scene import make_snapshot
from support.planning import plan_edits
from support.roms import make_rom
from support.stored_art import stored_art

TABLE, PLAIN, BOSS, QUADS = 0x0100, 0x10001, 0x18003, 0x20005
TILES = 32

GAME = """
name = "A made game"

[[tables]]
codec = "lz2"
count = 1
address = "00:8100"
transform = "none"

[[tables]]
codec = "lz2"
count = 1
address = "00:8103"
transform = "boss"

[[tables]]
codec = "lz2"
count = 1
address = "00:8106"
transform = "quads"

[[transforms]]
name = "boss"
bpp = 4
planes = [2, 1, 0, [0, 1, 2]]
order = "planes"
rows = [0, 2, 4, 6, 1, 3, 5, 7]

[[transforms]]
name = "quads"
bpp = 4
tiles = [[0, 2], [1, 3]]
"""


def stored(seed: int, size: int) -> bytes:
    return stored_art(TILES, size, seed)


@pytest.fixture
def game(tmp_path: Path) -> Path:
    """A ROM with three blocks of tiles that are stored in three ways, and a game file beside it."""
    image = make_rom(0x40000, seed=3)
    for number, (offset, data) in enumerate(((PLAIN, stored(1, 32)), (BOSS, stored(2, 24)), (QUADS, stored(3, 32)))):
        packed = LZ2.encode(data)
        image[offset : offset + len(packed)] = packed
        image[offset + len(packed) : offset + len(packed) + 512] = bytes(512)  # room is not what is tested here
        pointer = offset // 0x8000 << 16 | offset % 0x8000 | 0x8000
        image[TABLE + 3 * number : TABLE + 3 * number + 3] = pointer.to_bytes(3, "little")
    path = tmp_path / "made.sfc"
    path.write_bytes(fix(image, Mapping.LOROM.header_offset))
    (tmp_path / "game.toml").write_text(GAME)
    return path


def row(workspace: Workspace, name: str) -> Transform:
    transform = transform_named(name, workspace.rom.transforms)
    assert transform is not None
    return transform


def vram_of(tiles: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(tiles.ljust(0x10000, b"\0"), np.uint8)


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> Any:
    assert main([str(argument) for argument in arguments]) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def test_tiles_are_found_in_the_block_that_a_table_says_is_converted(game: Path) -> None:
    workspace = Workspace.open(game)
    boss = row(workspace, "boss")
    found = workspace.index().locate_vram(vram_of(boss.expand(stored(2, 24))))
    for tile in range(TILES):
        if found.informative[tile]:
            origin = found.at(32 * tile)[0]
            assert (origin.codec, origin.block_offset, origin.transform) == ("lz2", BOSS, "boss")
            assert origin.byte_offset == 24 * tile
    assert Workspace.open(game, profile=None).rom.transforms[-2:] == (boss, row(workspace, "quads"))


def test_a_block_that_is_known_to_be_converted_goes_before_plain_bytes_and_other_transforms(
    game: Path, tmp_path: Path
) -> None:
    """The same tiles stand plainly elsewhere in the ROM, and another transform makes the same of the stored bytes."""
    workspace = Workspace.open(game)
    boss = row(workspace, "boss")
    tiles = boss.expand(stored(2, 24))
    image = bytearray(game.read_bytes())
    image[0x30001 : 0x30001 + len(tiles)] = tiles
    (tmp_path / "both").mkdir()
    both = tmp_path / "both" / "made.sfc"
    both.write_bytes(image)

    def first(text: str) -> set[tuple[str, int, str]]:
        (tmp_path / "both" / "game.toml").write_text(text)
        found = Workspace.open(both).index().locate_vram(vram_of(tiles))
        best = [found.at(32 * tile)[0] for tile in range(TILES) if found.informative[tile]]
        return {(one.codec, one.block_offset if one.codec == "lz2" else 0, one.transform) for one in best}

    assert first(GAME) == {("lz2", BOSS, "boss")}
    unnamed = GAME.replace('transform = "boss"', "")
    assert first(unnamed) == {("raw", 0, "none")}
    assert first(GAME.replace('transform = "boss"', 'transform = "none"')) == {("raw", 0, "none")}
    begin, end = GAME.index('[[transforms]]\nname = "boss"'), GAME.index('[[transforms]]\nname = "quads"')
    twin = GAME[begin:end].replace("boss", "a-twin")
    earlier = f"{GAME[:begin]}{twin}{GAME[begin:]}"
    assert first(earlier) == {("lz2", BOSS, "boss")}


def test_tiles_too_poor_to_be_found_alone_are_found_where_their_block_is_known(game: Path) -> None:
    workspace = Workspace.open(game)
    boss = row(workspace, "boss")
    image = bytearray(workspace.rom.data)
    poor = bytes([0x0F] * 8 + [0xFF] * 4 + [0] * 4 + [0x0F] * 8)
    packed = LZ2.encode(poor + stored(2, 24))
    image[BOSS : BOSS + len(packed)] = packed
    game.write_bytes(image)
    tile = boss.expand(poor)
    origins = Workspace.open(game).index().lookup(tile)[0]
    assert [(one.block_offset, one.byte_offset, one.transform) for one in origins] == [(BOSS, 0, "boss")]
    (game.parent / "game.toml").write_text(GAME.replace('transform = "boss"', ""))
    assert Workspace.open(game).index().lookup(tile)[0] == ()


def test_the_commands_go_from_a_tile_to_a_patch(game: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    boss = row(Workspace.open(game), "boss")
    (tmp_path / "tiles").write_bytes(boss.expand(stored(2, 24)))
    document = run(capsys, "locate", game, tmp_path / "tiles", "--json", "--transform", "boss")
    origin = document["tiles"][5]["origins"][0]
    assert (origin["block_offset"], origin["byte_offset"], origin["transform"]) == (BOSS, 24 * 5, "boss")

    (sheet,) = run(capsys, "extract", game, hex(BOSS), "--out", tmp_path / "sheets", "--json")["sheets"]
    assert (sheet["transform"], sheet["bpp"], sheet["lead"]) == ("boss", 3, 0)
    with Image.open(sheet["png"]) as image:
        pixels = np.asarray(image).copy()
        pixels[:8, 8:16] = pixels[:8, 16:24]  # tile 2 over tile 1
        edited = Image.fromarray(pixels)
        edited.putpalette(image.getpalette("RGB") or [])
    edited.save(sheet["png"])
    run(capsys, "inject", game, sheet["png"], "-o", tmp_path / "new.sfc", "--json")
    old = stored(2, 24)
    new = Rom.load(tmp_path / "new.sfc").decode(LZ2, BOSS).data.tobytes()
    assert new == old[:24] + old[48:72] + old[48:]


def test_a_colour_that_the_game_cannot_store_is_named(game: Path, tmp_path: Path) -> None:
    assert main(["extract", str(game), hex(BOSS), "--out", str(tmp_path / "sheets")]) == 0
    edited = read_sheet(tmp_path / "sheets" / f"lz2-{BOSS:06x}.png")
    pixels = edited.pixels.copy()
    pixels[0, 0] = 3
    message = r"the colour 3, which cannot be stored: the game keeps this tile as boss, in the colours 0, 9 to 15"
    with pytest.raises(InjectError, match=message):
        sheet_edit(replace(edited, pixels=pixels))


def test_live_edits_write_the_converted_copies_too(game: Path, tmp_path: Path) -> None:
    workspace = Workspace.open(game)
    boss = row(workspace, "boss")
    assert main(["extract", str(game), hex(BOSS), "--out", str(tmp_path / "sheets")]) == 0
    edited = read_sheet(tmp_path / "sheets" / f"lz2-{BOSS:06x}.png")
    pixels = edited.pixels.copy()
    pixels[:8, 8:16] = pixels[:8, 16:24]
    plan = plan_edits(workspace.rom, [LZ2], [replace(edited, pixels=pixels)], index=workspace.index())
    old = stored(2, 24)
    vram, wram = np.zeros(0x10000, np.uint8), np.zeros(0x20000, np.uint8)
    expanded = boss.expand(old)
    vram[0x4000 : 0x4000 + len(expanded)] = np.frombuffer(expanded, np.uint8)
    wram[0x2003 : 0x2003 + len(old)] = np.frombuffer(old, np.uint8)
    wram[0x10001 : 0x10001 + len(expanded)] = np.frombuffer(expanded, np.uint8)
    after = {"vram": bytearray(vram), "wram": bytearray(wram)}
    for write in live_writes(plan, replace(make_snapshot(b"", []), vram=vram, wram=wram)):
        assert isinstance(write, Write)
        after[write.space][write.offset : write.offset + len(write.data)] = write.data
    new = old[:24] + old[48:72] + old[48:]
    assert bytes(after["vram"][0x4000 : 0x4000 + len(expanded)]) == boss.expand(new)
    assert bytes(after["wram"][0x2003 : 0x2003 + len(old)]) == new
    assert bytes(after["wram"][0x10001 : 0x10001 + len(expanded)]) == boss.expand(new)
    assert Rom.from_bytes(patched(workspace.rom, to_patch(plan))).decode(LZ2, BOSS).data.tobytes() == new


def test_figures_are_drawn_in_their_order_and_edited_there(
    game: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ("extract", game, hex(QUADS), "--out", tmp_path / "sheets", "--columns", 4, "--json")
    (sheet,) = run(capsys, *call)["sheets"]
    assert (sheet["transform"], sheet["columns"]) == ("quads", 4)
    edited = read_sheet(Path(sheet["png"]))
    places = {(cell.x // 8, cell.y // 8): cell.origin and cell.origin.byte_offset // 32 for cell in edited.sheet.cells}
    rows = [[places[x, y] for x in range(4)] for y in range(4)]
    assert rows == [[0, 2, 4, 6], [1, 3, 5, 7], [8, 10, 12, 14], [9, 11, 13, 15]]
    assert (edited.sheet.width, edited.sheet.height) == (32, TILES // 4 * 8)
    pixels = edited.pixels.copy()
    pixels[:8, 8:16] = pixels[8:16, 8:16]  # tile 3 over tile 2
    workspace = Workspace.open(game)
    (block,) = plan_edits(workspace.rom, [LZ2], [replace(edited, pixels=pixels)], index=workspace.index()).blocks
    old = stored(3, 32)
    assert block.new_data == old[:64] + old[96:128] + old[96:]


def test_plain_tiles_of_a_block_of_figures_name_its_order(
    game: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = Workspace.open(game).index().locate_vram(vram_of(stored(3, 32)))
    assert {found.at(32 * tile)[0].transform for tile in range(TILES) if found.informative[tile]} == {"quads"}
    (tmp_path / "tiles").write_bytes(stored(1, 32))  # of another block, which is known to be plain
    document = run(capsys, "locate", game, tmp_path / "tiles", "--json", "--transform", "quads")
    assert document["tiles"][0]["origins"][0]["transform"] == "quads"


def test_sheets_carry_the_transforms_of_their_game(game: Path, tmp_path: Path) -> None:
    assert main(["extract", str(game), hex(BOSS), hex(PLAIN), "--out", str(tmp_path / "sheets")]) == 0
    sheet = read_sheet(tmp_path / "sheets" / f"lz2-{BOSS:06x}.png").sheet
    assert sheet.transforms == (row(Workspace.open(game), "boss"),)
    assert read_sheet(tmp_path / "sheets" / f"lz2-{PLAIN:06x}.png").sheet.transforms == ()


def test_an_edit_needs_the_game_file_that_its_sheet_was_made_with(
    game: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (sheet,) = run(capsys, "extract", game, hex(BOSS), "--out", tmp_path / "sheets", "--json")["sheets"]
    with Image.open(sheet["png"]) as image:
        image.paste(0, (0, 0, 8, 8))
        image.save(sheet["png"])
    (game.parent / "game.toml").unlink()
    assert main(["inject", str(game), sheet["png"], "-o", str(tmp_path / "new.bps"), "--force"]) == 1
    assert "no transform 'boss'; there are: none, 3bpp-low" in capsys.readouterr().err


@pytest.mark.slow
def test_the_report_names_the_transforms(game: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor", "--core", "snes9x", "--rom", str(game), "--json"])
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert checks["profile transform boss"]["state"] == "ok"
    assert "24 bytes for a tile of 32 in VRAM; decoders and tables that name it: 1" in str(
        checks["profile transform boss"]
    )
    assert "stored in figures of 4" in str(checks["profile transform quads"])
