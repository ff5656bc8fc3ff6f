"""A layer comes out as one picture and goes back in: tiles are used again, the map is rewritten."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from halscope.codecs.hal import HAL
from halscope.inject import EditedSheet, Sheet, apply_patch, live_writes, read_sheet, sheet_edit, to_patch, write_sheet
from halscope.inject import (
    edited as redrawn,
)
from halscope.inject.metadata import from_json, to_json
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope_hooks import ImageError, InjectError, UsageError
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from support.layer_scene import KINDS, MAP_AT, TILES_AT, LayerScene, colours_of, make_layer_scene
from support.planning import plan_edit

NUMBER = 0x3FF


@pytest.fixture(scope="module", params=KINDS)
def scene(request: pytest.FixtureRequest) -> LayerScene:
    return make_layer_scene(KINDS[request.param])


@pytest.fixture(scope="module")
def plain() -> LayerScene:
    return make_layer_scene(KINDS["mode 1, BG1"])


def area(sheet: Sheet, entry: int) -> tuple[slice, slice]:
    """The part of the picture that an entry shows."""
    assert sheet.map is not None
    cell = sheet.cells[entry * sheet.map.tiles]
    return np.s_[cell.y : cell.y + 8 * sheet.map.rows, cell.x : cell.x + 8 * sheet.map.columns]


def patched(scene: LayerScene, edited: EditedSheet) -> bytes:
    """The ROM with the edit; only the two blocks and the checksum may change."""
    plan = plan_edit(scene.rom, [HAL], edited, index=scene.index)
    image = apply_patch(scene.rom.data, to_patch(plan))
    changed = np.frombuffer(image, np.uint8) != scene.rom.data
    for block in plan.blocks:
        raw_map = block.codec == "raw" and MAP_AT <= block.block_offset < MAP_AT + 2048
        assert raw_map or block.block_offset in (TILES_AT, MAP_AT)
        changed[block.block_offset : block.end] = False
    changed[0x7FDC:0x7FE0] = False
    assert not changed.any(), "a byte outside of the named places changed"
    return image


def assert_shown(scene: LayerScene, sheet: Sheet, pixels: NDArray[np.uint8]) -> bytes:
    """After the patch, the layer looks exactly like the edited picture."""
    image = patched(scene, EditedSheet(sheet, pixels, "bg.png"))
    after = scene.sheet(image)
    np.testing.assert_array_equal(colours_of(after, after.compose().pixels), colours_of(sheet, pixels))
    return image


def assert_drawn_again(sheet: Sheet, pixels: NDArray[np.uint8]) -> None:
    """The changes alone give the same picture, from which the same changes are read: a project keeps no more."""
    changes = sheet_edit(EditedSheet(sheet, pixels, "bg.png")).changes
    drawn = redrawn(sheet, changes).compose().pixels
    np.testing.assert_array_equal(colours_of(sheet, drawn), colours_of(sheet, pixels))
    assert sheet_edit(EditedSheet(sheet, drawn, "bg.png")).changes == changes


def test_every_tile_and_the_map_have_a_place_and_the_priority_stays(scene: LayerScene) -> None:
    sheet = scene.sheet()
    assert sheet.map is not None
    assert (sheet.kind, sheet.width, sheet.height) == (
        "layer",
        256 * scene.kind.wide,
        256 * scene.kind.high,
    )
    assert all(cell.origin is not None for cell in sheet.cells)
    for unit, origin in enumerate(sheet.map.origins):
        assert origin is not None
        assert origin.block_offset == (MAP_AT + 32 * unit if scene.kind.raw_map else MAP_AT)


@pytest.mark.parametrize("seed", range(3))
def test_what_is_copied_within_a_layer_costs_no_tile(scene: LayerScene, seed: int) -> None:
    sheet = scene.sheet()
    rng = np.random.default_rng(seed)
    pixels = sheet.compose().pixels
    original = pixels.copy()
    for target, source in rng.choice(1024, (6, 2), replace=False).tolist():
        part = original[area(sheet, source)][:: rng.choice([1, -1]), :: rng.choice([1, -1])]
        pixels[area(sheet, target)] = part
    image = assert_shown(scene, sheet, pixels)
    assert_drawn_again(sheet, pixels)
    assert HAL.decode(image, TILES_AT).data.tobytes() == HAL.decode(scene.rom.data, TILES_AT).data.tobytes()
    images = (scene.rom.data.tobytes(), image)
    before, after = (np.frombuffer(scene.map_bytes(data), "<u2") for data in images)
    np.testing.assert_array_equal(before & 0x2000, after & 0x2000)
    plan = plan_edit(scene.rom, [HAL], EditedSheet(sheet, pixels, "bg.png"), index=scene.index)
    said = to_patch(plan).summary
    assert f": {np.count_nonzero(before != after)} map entries changed: " in said


@pytest.mark.parametrize("seed", range(3))
def test_a_tile_that_is_painted_wherever_it_stands_stays_one_tile(scene: LayerScene, seed: int) -> None:
    sheet = scene.sheet()
    assert sheet.map is not None
    rng = np.random.default_rng(100 + seed)
    pixels = sheet.compose().pixels
    words = np.array(sheet.map.words)
    for number in rng.choice(np.unique(words & NUMBER), 2, replace=False).tolist():
        shape = (8 * sheet.map.rows, 8 * sheet.map.columns)
        picture = np.full(shape, rng.integers(1, min(sheet.colours, 16)), np.uint8)
        picture[::2, 1::3] = picture[0, 0] % 3 + 1  # like no other tile
        for entry in np.flatnonzero((words & NUMBER) == number).tolist():
            cell = sheet.cells[entry * sheet.map.tiles]
            shown = picture[:: -1 if cell.vflip else 1, :: -1 if cell.hflip else 1]
            pixels[area(sheet, entry)] = shown + cell.palette * sheet.colours
    image = assert_shown(scene, sheet, pixels)
    assert_drawn_again(sheet, pixels)
    assert scene.map_bytes(image) == scene.map_bytes(scene.rom.data.tobytes())


def test_an_edit_of_one_cell_shows_in_all_that_have_its_tile(plain: LayerScene) -> None:
    sheet = plain.sheet()
    assert sheet.map is not None
    pixels = sheet.compose().pixels
    pixels[area(sheet, 40)] = 3 + 16 * sheet.cells[40].palette
    after = plain.sheet(patched(plain, EditedSheet(sheet, pixels)))
    same = np.flatnonzero((np.array(sheet.map.words) & NUMBER) == (sheet.map.words[40] & NUMBER))
    shown = after.compose().pixels % 16
    assert len(same) > 1
    assert all((shown[area(sheet, entry)] == 3).all() for entry in same.tolist())


def test_a_tile_painted_in_two_ways_takes_a_tile_that_nothing_shows_any_more(plain: LayerScene) -> None:
    sheet = plain.sheet()
    assert sheet.map is not None
    pixels = sheet.compose().pixels
    original = pixels.copy()
    words = np.array(sheet.map.words) & NUMBER
    source = int(np.flatnonzero(words == words[5])[0])
    first, *others = np.flatnonzero(words == words[3]).tolist()
    with pytest.raises(
        InjectError,
        match=r"bg\.png: the cells at \(\d+, \d+\), .* show one tile of the ROM, and were painted in 2 ways: the layer "
        "needs 1 tiles more than it has; paint them alike, or like other tiles of the layer",
    ):
        plan_edit(plain.rom, [HAL], two_ways(sheet, pixels.copy(), first, others), index=plain.index)
    for entry in np.flatnonzero(words == words[7]).tolist():  # its tile becomes free
        pixels[area(sheet, entry)] = original[area(sheet, source)]
    assert_shown(plain, sheet, two_ways(sheet, pixels, first, others).pixels)


def two_ways(sheet: Sheet, pixels: NDArray[np.uint8], first: int, others: list[int]) -> EditedSheet:
    for entry, colour in ((first, 9), *((entry, 4) for entry in others)):
        pixels[area(sheet, entry)] = colour + 16 * sheet.cells[entry].palette
    return EditedSheet(sheet, pixels, "bg.png")


def test_without_the_maps_place_only_tiles_change_and_two_ways_name_the_cells(plain: LayerScene) -> None:
    sheet = plain.sheet()
    assert sheet.map is not None
    known = sheet.map
    sheet = replace(sheet, map=replace(known, origins=(None,) * len(known.origins)))
    words = np.array(known.words) & NUMBER
    first, *others = np.flatnonzero(words == words[3]).tolist()
    place = sheet.cells[first].place.replace("(", r"\(").replace(")", r"\)")
    with pytest.raises(InjectError, match=rf"the tiles at {place} and \(\d+, \d+\) are one tile in the ROM"):
        plan_edit(plain.rom, [HAL], two_ways(sheet, sheet.compose().pixels, first, others), index=plain.index)
    stuck = others[-1]
    origins = tuple(None if unit == stuck // 16 else origin for unit, origin in enumerate(known.origins))
    partly = replace(sheet, map=replace(known, origins=origins))
    place = sheet.cells[stuck].place.replace("(", r"\(").replace(")", r"\)")
    with pytest.raises(InjectError, match=rf"the place of the map entry at {place} in the ROM is not known"):
        plan_edit(plain.rom, [HAL], two_ways(partly, sheet.compose().pixels, first, [stuck]), index=plain.index)


def test_a_locked_tile_is_named_and_may_still_be_replaced_by_another(plain: LayerScene) -> None:
    sheet = plain.sheet()
    assert sheet.map is not None
    number = sheet.map.words[40] & NUMBER
    cells = tuple(
        replace(cell, origin=None) if word & NUMBER == number else cell
        for cell, word in zip(sheet.cells, sheet.map.words, strict=True)
    )
    locked = replace(sheet, cells=cells)
    pixels = sheet.compose().pixels
    pixels[area(sheet, 40)] = 9 + 16 * sheet.cells[40].palette
    with pytest.raises(InjectError, match=r"bg\.png: the painted tile at \(\d+, \d+\) has no known place in the ROM"):
        plan_edit(plain.rom, [HAL], EditedSheet(locked, pixels, "bg.png"), index=plain.index)
    pixels[area(sheet, 40)] = sheet.compose().pixels[area(sheet, 41)]
    assert_shown(plain, locked, pixels)


def test_a_layer_full_of_noise_is_refused_with_the_number_of_tiles(plain: LayerScene) -> None:
    sheet = plain.sheet()
    rng = np.random.default_rng(3)
    pixels = sheet.compose().pixels // 16 * 16 + rng.integers(1, 16, (256, 256), np.uint8)
    with pytest.raises(InjectError, match="the layer needs 1004 tiles more than it has"):
        plan_edit(plain.rom, [HAL], EditedSheet(sheet, pixels, "bg.png"), index=plain.index)


def test_colours_of_no_palette_together_are_refused(plain: LayerScene) -> None:
    sheet = plain.sheet()
    pixels = sheet.compose().pixels
    pixels[area(sheet, 4)] = 1 + 16 * (sheet.cells[4].palette ^ 1)
    pixels[area(sheet, 4)][0] = 2 + 16 * sheet.cells[4].palette
    with pytest.raises(InjectError, match=r"the tile at \(32, 0\) is painted in colours of another palette, which is"):
        plan_edit(plain.rom, [HAL], EditedSheet(sheet, pixels, "bg.png"), index=plain.index)


@pytest.mark.parametrize("mode", ["P", "RGB", "RGBA"])
def test_a_layer_is_read_back_from_what_image_editors_write(plain: LayerScene, mode: str, tmp_path: Path) -> None:
    sheet = plain.sheet()
    path, _ = write_sheet(sheet, None, tmp_path / "bg.png")
    assert read_sheet(path).sheet.map == sheet.map
    with Image.open(path) as image:
        shown = image.copy() if mode == "P" else image.convert("RGBA").convert(mode)
    part = shown.crop((64, 0, 72, 8))
    shown.paste(part.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (128, 80))
    shown.save(path)
    edited = read_sheet(path)
    wanted = sheet.compose().pixels
    wanted[80:88, 128:136] = wanted[0:8, 64:72][:, ::-1]
    np.testing.assert_array_equal(colours_of(sheet, edited.pixels), colours_of(sheet, wanted))
    assert_shown(plain, sheet, edited.pixels)


def test_a_map_that_does_not_fit_its_sheet_is_refused(plain: LayerScene, tmp_path: Path) -> None:
    sheet = plain.sheet()
    assert sheet.map is not None
    with pytest.raises(ImageError, match="its map does not fit its tiles or its palettes"):
        replace(sheet, map=replace(sheet.map, palettes=(0,)))
    first, second = sheet.map.words[:2]
    for word in (first ^ 0x4000, first ^ 0x0400, second & NUMBER | first & 0xFC00):
        with pytest.raises(ImageError, match=r"the tile at \(\d+, 0\) is not what its map shows there"):
            replace(sheet, map=replace(sheet.map, words=(word, *sheet.map.words[1:])))
    path, sidecar = write_sheet(sheet, None, tmp_path / "bg.png")
    with Image.open(path) as image:
        image.copy().save(path)  # without the chunk
    text = sidecar.read_text()
    for old, new, message in (
        ('"columns":1', '"columns":3', "columns"),
        ('{"words":"', '{"words":"00', "bytes, not 32"),
    ):
        sidecar.write_text(text.replace(old, new, 1))
        with pytest.raises(ImageError, match=message):
            read_sheet(path)


@pytest.mark.slow
@settings(deadline=None, max_examples=25)
@given(st.data())
def test_any_change_of_the_map_is_read_or_refused(plain: LayerScene, data: st.DataObject) -> None:
    document = json.loads(to_json(plain.sheet()))
    inner = data.draw(st.sampled_from([document["map"], document["map"]["units"][3], document["cells"][5]]))
    values: st.SearchStrategy[object] = (
        st.none() | st.integers(-2, 0x10001) | st.binary(min_size=32, max_size=32).map(bytes.hex) | st.just([])
    )
    inner[data.draw(st.sampled_from(sorted(inner)))] = data.draw(values)
    try:
        sheet = from_json(json.dumps(document), "bg.json")
    except ImageError:
        return
    pixels = sheet.compose().pixels
    pixels[:, :8] = 1
    with contextlib.suppress(InjectError):
        sheet_edit(EditedSheet(sheet, pixels))


def test_a_layer_that_is_not_there_is_named(plain: LayerScene) -> None:
    from halscope.ppu.tilemap import tile_map

    with pytest.raises(UsageError, match="there is no BG4 in mode 1; there are BG1, BG2, BG3"):
        tile_map(plain.snapshot(), 4)
    with pytest.raises(UsageError, match="BG2: BG2SC is not known"):
        tile_map(plain.snapshot(), 2)


def test_a_row_of_the_map_that_another_row_repeats_is_written_live_where_it_stands_alone() -> None:
    scene = make_layer_scene(KINDS["mode 0, BG4"])
    image = bytearray(scene.rom.data.tobytes())
    image[MAP_AT + 1024 : MAP_AT + 1056] = image[MAP_AT : MAP_AT + 32]  # row 16 begins as row 0
    rom = Rom.from_bytes(bytes(image), "repeated.sfc")
    index = RomIndex.build(rom, [HAL], known_starts={"hal": np.array([TILES_AT], np.uint32)})
    scene = replace(scene, rom=rom, index=index)
    sheet = scene.sheet()
    assert sheet.map is not None
    pixels = sheet.compose().pixels
    pixels[area(sheet, 3)] = pixels[area(sheet, 20)]
    plan = plan_edit(rom, [HAL], EditedSheet(sheet, pixels, "bg.png"), index=index)
    writes = live_writes(plan, scene.snapshot())
    assert [write.space for write in writes] == ["vram"]
    (write,) = writes
    first = sheet.map.vram_byte
    assert first <= write.offset < write.offset + len(write.data) <= first + 32
