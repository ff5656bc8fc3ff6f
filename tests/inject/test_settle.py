"""A sprite's tiles together determine where they come from, plain tiles and tiles with several places included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from halscope.codecs.hal import HAL
from halscope.demo import rom_path, truth
from halscope.inject import sheet_from_metasprite, sheet_from_sprite
from halscope.inject.settle import Tile, settle_origins
from halscope.ppu import decode_frame
from halscope.ppu.grouping import Metasprite
from halscope.ppu.tiles import encode_tiles
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope.rom.mapping import Mapping
from halscope_hooks import Origin, PpuRegisters, Snapshot
from numpy.typing import NDArray
from support.checksums import fix
from support.edit_rom import RAW, EditRom, draw_tiles
from support.edit_scene import Entry, make_snapshot
from support.roms import make_rom

BLOCK = 0x8101


def packed(tiles: NDArray[np.uint8], at: int, image: bytearray) -> bytearray:
    data = HAL.encode(encode_tiles(tiles, 4).tobytes())
    image[at : at + len(data)] = data
    return image


def finished(image: bytearray) -> Rom:
    return Rom.from_bytes(fix(image, Mapping.LOROM.header_offset))


def hal(tile: int, block: int = BLOCK) -> Origin:
    return Origin("hal", block, tile * 32, "pointer")


def tiles_of(
    figure: NDArray[np.uint8], columns: int, places: Sequence[int | None], block: int = BLOCK, first: int = 0
) -> list[Tile]:
    """A figure's tiles row by row; `places`: the tile of the block that each is known to be."""
    tiles = []
    for n, (tile, at) in enumerate(zip(figure, places, strict=True)):
        origins = () if at is None else (hal(at, block),)
        tiles.append(Tile(n // columns, n % columns + first, encode_tiles(tile[np.newaxis], 4).tobytes(), origins))
    return tiles


@pytest.mark.parametrize("width", [4, 16, 11], ids=["row after row", "sheet of 16", "sheet of 11"])
def test_blank_tiles_get_their_origin_from_the_sprites_other_tiles(width: int) -> None:
    """A 32x32 figure with blank corners and a blank foot."""
    figure = draw_tiles(16, 11)
    figure[[0, 3, 12, 14, 15]] = 0
    places = [row * width + column for row in range(4) for column in range(4)]
    stored = draw_tiles(4 * width, 12)
    stored[places] = figure
    rom = finished(packed(stored, BLOCK, make_rom(0x40000)))
    known = tiles_of(figure, 4, [at if tile.any() else None for at, tile in zip(places, figure, strict=True)])
    assert settle_origins(known, [], rom, [HAL]) == tuple(hal(at) for at in places)
    assert settle_origins(known, [], rom, []) == tuple(tile.origins[0] if tile.origins else None for tile in known)
    other = [tile if tile.origins else tile._replace(data=b"\1" * 32) for tile in known]
    assert settle_origins(other, [], rom, [HAL])[0] is None


def test_a_tile_that_stands_in_two_frames_belongs_to_the_frame_of_the_others() -> None:
    first, second = draw_tiles(4, 14), draw_tiles(4, 15)
    second[1] = first[1]
    rom = finished(packed(np.concatenate([first, second]), BLOCK, make_rom(0x40000)))
    tiles = tiles_of(second, 2, [4, 5, 6, 7])
    tiles[1] = tiles[1]._replace(origins=(hal(1), hal(5)))
    assert settle_origins(tiles, [], rom, [HAL]) == (hal(4), hal(5), hal(6), hal(7))


def test_a_frame_that_stands_twice_is_told_by_the_frames_beside_it() -> None:
    frames = [draw_tiles(4, seed) for seed in (16, 17, 18)]
    frames.insert(2, frames[1])
    rom = finished(packed(np.concatenate(frames), BLOCK, make_rom(0x40000)))
    twice = tiles_of(frames[1], 2, [4, 5, 6, 7])
    beside = tiles_of(frames[1], 2, [4, 5, 6, 7], first=-2) + tiles_of(frames[3], 2, [12, 13, 14, 15], first=2)
    twice = [tile._replace(origins=(hal(n + 4), hal(n + 8))) for n, tile in enumerate(twice)]
    assert settle_origins(twice, beside, rom, [HAL]) == tuple(hal(n) for n in range(8, 12))
    assert settle_origins(twice, [], rom, [HAL]) == tuple(hal(n) for n in range(4, 8))


def test_blank_tiles_whose_place_could_be_two_stay_locked() -> None:
    """Only the first row of the sprite is known: the second may follow at once, or 16 tiles later."""
    stored = draw_tiles(40, 13)
    stored[[2, 3, 16, 17]] = 0
    rom = finished(packed(stored, BLOCK, make_rom(0x40000)))
    tiles = tiles_of(stored[[0, 1, 16, 17]], 2, [0, 1, None, None])
    assert settle_origins(tiles, [], rom, [HAL])[2:] == (None, None)
    stored[2] = stored[1]
    rom = finished(packed(stored, BLOCK, make_rom(0x40000)))
    assert settle_origins(tiles, [], rom, [HAL])[2] == hal(16)


def test_a_sprite_put_together_from_two_blocks_keeps_each_tiles_own_origin() -> None:
    first, second = draw_tiles(4, 19), draw_tiles(4, 20)
    rom = finished(packed(second, 0x9101, packed(first, BLOCK, make_rom(0x40000))))
    figure = np.concatenate([first[:2], second[2:]])
    tiles = tiles_of(figure, 2, [0, 1, 2, 3])
    tiles[2:] = [tile._replace(origins=(hal(n, 0x9101),)) for n, tile in enumerate(tiles[2:], 2)]
    assert settle_origins(tiles, [], rom, [HAL]) == (hal(0), hal(1), hal(2, 0x9101), hal(3, 0x9101))


def test_plain_uncompressed_tiles_are_found_too(edit_rom: EditRom) -> None:
    image = bytearray(edit_rom.rom.data)
    image[RAW + 32 : RAW + 64] = bytes(32)
    rom = Rom.from_bytes(image)
    tiles = [Tile(0, 0, bytes(image[RAW : RAW + 32]), (Origin("raw", RAW, 0, "content"),)), Tile(0, 1, bytes(32), ())]
    assert settle_origins(tiles, [], rom, [HAL])[1] == Origin("raw", RAW + 32, 0, "content")


def test_sprites_that_make_a_rectangle_are_settled_together() -> None:
    """Two frames of 16x32 whose upper halves are equal, each shown by two sprites of 16x16."""
    first, second = draw_tiles(8, 23), draw_tiles(8, 24)
    second[:4] = first[:4]
    rom = finished(packed(np.concatenate([first, second]), BLOCK, make_rom(0x40000)))
    page = np.zeros((64, 8, 8), np.uint8)
    for row in range(4):
        page[row * 16 : row * 16 + 2] = second[row * 2 : row * 2 + 2]
    frame = decode_frame(make_snapshot(encode_tiles(page, 4).tobytes(), [Entry(40, 50, 0), Entry(40, 66, 32)]))
    origins = RomIndex.build(rom, [HAL]).locate_vram(frame.snapshot.vram)
    both = Metasprite((0, 1), 40, 50, 16, 32, np.zeros((32, 16), np.uint8), (0,))
    cells = sheet_from_metasprite(frame, both, origins, rom, [HAL]).cells
    assert [cell.origin and cell.origin.byte_offset for cell in cells] == [n * 32 for n in range(8, 16)]


@pytest.fixture(scope="module")
def demo() -> tuple[Rom, RomIndex]:
    with rom_path() as path:
        rom = Rom.load(path)
    return rom, RomIndex.build(rom, [HAL])


def loaded(scene: dict[str, Any], rom: Rom) -> tuple[NDArray[np.uint8], dict[int, Origin]]:
    """VRAM as the scene loads it, and the origin of each of its tiles."""
    blocks = {block["name"]: block for block in [*truth()["blocks"], *truth()["raw"]]}
    vram, origins = np.zeros(0x10000, np.uint8), dict[int, Origin]()
    for load in scene["vram"]:
        block = blocks[load["block"]]
        raw = "packed_size" not in block
        data = rom.data[block["offset"] :] if raw else HAL.decode(rom.data, block["offset"]).data
        at, size, first = load["vram_byte"], load["size"], load["byte_offset"]
        vram[at : at + size] = data[first : first + size]
        for place in range(0, size - 31, 32):
            inside = first + place
            raw_origin = Origin("raw", block["offset"] + inside, 0, "content")
            origins[at + place] = raw_origin if raw else Origin("hal", block["offset"], inside, "pointer")
    return vram, origins


def frames_in(scene: dict[str, Any]) -> list[tuple[int, int]]:
    """VRAM byte (of the upper left tile) and side of every square frame of 16 or 32 pixels that the scene loads."""
    blocks = {block["name"]: block for block in truth()["blocks"] if block["kind"] == "sprites"}
    found = []
    for load in scene["vram"]:
        block = blocks.get(load["block"])
        if block is None or block["frame_width"] != block["frame_height"] or block["frame_width"] not in (16, 32):
            continue
        side, inside = block["frame_width"], load["byte_offset"] - block["lead"]
        if block["layout"] == "frames" and inside % block["frame_bytes"] == 0:
            found.append((load["vram_byte"], side))
        elif block["layout"] == "strip" and inside % (side * 64) == 0:  # the rows of a strip are 16 tiles wide
            found += [(load["vram_byte"] + at, side) for at in range(0, min(load["size"], 512), side * 4)]
    return found


@pytest.mark.parametrize("number", range(len(truth()["scenes"])), ids=[scene["name"] for scene in truth()["scenes"]])
def test_every_tile_of_the_demos_frames_has_its_true_origin(number: int, demo: tuple[Rom, RomIndex]) -> None:
    rom, index = demo
    scene = truth()["scenes"][number]
    vram, true = loaded(scene, rom)
    obsel = scene["obsel"] & 0x1F | 3 << 5  # the name table's address, with sprites of 16 and 32 pixels
    first_page = (obsel & 7) << 14
    pages = (first_page, (first_page + ((obsel >> 3 & 3) + 1 << 13)) & 0xFFFF)
    frames = [(at, side) for at, side in frames_in(scene) if at & 0xE000 in pages][:128]
    oam = np.zeros(544, np.uint8)
    for entry, (at, side) in enumerate(frames):
        oam[entry * 4 : entry * 4 + 4] = [entry, 100, at % 0x2000 // 32, pages.index(at & 0xE000)]
        oam[512 + entry // 4] |= (side == 32) << (entry % 4 * 2 + 1)
    frame = decode_frame(
        Snapshot(vram=vram, cgram=np.zeros(256, np.uint16), oam=oam, ppu=PpuRegisters(obsel=obsel, setini=0))
    )
    origins = index.locate_vram(vram)
    checked = 0
    for sprite in frame.sprites[: len(frames)]:
        for cell in sheet_from_sprite(frame, sprite, origins, rom, [HAL]).cells:
            if cell.vram_byte in true:
                assert cell.origin == true[cell.vram_byte], f"tile at VRAM {cell.vram_byte:#x}"
                checked += 1
    assert len(frames) >= 8
    assert checked >= 4 * len(frames)
