"""The map of a mode 7 layer: VRAM holds it between the pixels, the ROM in one piece, raw or packed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import pytest
from halscope.codecs.hal import HAL
from halscope.inject import EditedSheet, Sheet, apply_patch, live_writes, sheet_edit, sheet_from_layer, to_patch
from halscope.inject.metadata import from_json, to_json
from halscope.project import carry_over, new_project
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope.rom.mapping import Mapping
from halscope_hooks import ImageError, PpuRegisters, Snapshot, Write
from numpy.typing import NDArray
from support.checksums import fix
from support.edit_rom import draw_tiles
from support.planning import plan_edit
from support.roms import make_rom

pytestmark = pytest.mark.slow

SIDE = 128
TILES = 100
TILES_AT, MAP_AT = 0x10011, 0x20003
CGRAM = np.random.default_rng(5).permutation(0x7FFF)[:256].astype(np.uint16) + np.uint16(1)


def drawn_map() -> NDArray[np.uint8]:
    """Four stones again and again, and in the middle all tiles, as games have it."""
    ground = np.tile(np.arange(16).reshape(4, 4), (SIDE // 4, SIDE // 4))
    ground[60:70, 60:70] = np.arange(TILES).reshape(10, 10)
    ground[10:15, 20:25] = np.random.default_rng(1).integers(0, TILES, (5, 5))  # which packs worse than what is laid
    return ground.astype(np.uint8).reshape(-1)


@dataclass(frozen=True, eq=False)
class World:
    """A ROM with the tiles and the map, and the moment at which a game shows them."""

    rom: Rom
    map_at: int
    packed: bool
    index: RomIndex

    def map_of(self, image: bytes) -> NDArray[np.uint8]:
        data = HAL.decode(image, self.map_at).data if self.packed else np.frombuffer(image, np.uint8)[self.map_at :]
        return data[: SIDE * SIDE]

    def snapshot(self, image: bytes | None = None) -> Snapshot:
        data = self.rom.data.tobytes() if image is None else image
        vram = np.zeros(0x10000, np.uint8)
        vram[:0x8000:2] = self.map_of(data)
        vram[1 : 128 * TILES : 2] = np.frombuffer(data, np.uint8)[TILES_AT : TILES_AT + 64 * TILES]
        ppu = PpuRegisters(bgmode=7, obsel=0, oamadd=0, setini=0, tm=1, ts=0)
        return Snapshot(vram=vram, cgram=CGRAM, oam=np.zeros(544, np.uint8), ppu=ppu, frame=1)

    def sheet(self, snapshot: Snapshot | None = None) -> Sheet:
        now = self.snapshot() if snapshot is None else snapshot
        return sheet_from_layer(now, 1, self.index.locate_vram(now.vram), self.rom, [HAL], lookup=self.index.lookup)


def make_world(*, packed: bool, map_at: int = MAP_AT) -> World:
    image = make_rom(0x40000, seed=4)
    tiles = draw_tiles(TILES, 8).astype(np.uint8)
    image[TILES_AT : TILES_AT + 64 * TILES] = tiles.tobytes()
    stored = HAL.encode(drawn_map().tobytes()) if packed else drawn_map().tobytes()
    image[map_at : map_at + len(stored)] = stored
    rom = Rom.from_bytes(fix(image, Mapping.LOROM.header_offset), "world.sfc")
    starts = {"hal": np.array([map_at] if packed else [], np.uint32)}
    return World(rom, map_at, packed, RomIndex.build(rom, [HAL], known_starts=starts))


@pytest.fixture(scope="module", params=["packed", "raw"])
def world(request: pytest.FixtureRequest) -> World:
    return make_world(packed=request.param == "packed")


@pytest.fixture(scope="module")
def laid(world: World) -> EditedSheet:
    """A part of the middle, laid once more."""
    sheet = world.sheet()
    pixels = sheet.compose().pixels
    pixels[80:120, 160:200] = pixels[488:528, 488:528]
    return EditedSheet(sheet, pixels, "world.png")


def test_the_whole_map_has_its_place_though_it_repeats_itself(world: World, laid: EditedSheet) -> None:
    sheet = laid.sheet
    assert sheet.map is not None
    places = [one.byte_offset if world.packed else one.block_offset - MAP_AT for one in sheet.map.origins if one]
    assert places == [32 * unit for unit in range(512)]
    text = to_json(sheet)
    assert from_json(text, "world.json").map == sheet.map
    if world.packed:
        for old, new in (
            ('"entry_bytes":1', '"entry_bytes":2'),
            ('"entry_bytes":1', '"entry_bytes":3'),
            ('"columns":1', '"columns":2'),
        ):
            assert old in text
            with pytest.raises(ImageError, match=r"sheet|entry_bytes"):
                from_json(text.replace(old, new), "world.json")


def test_what_is_laid_again_changes_the_map_alone(world: World, laid: EditedSheet) -> None:
    plan = plan_edit(world.rom, [HAL], laid, index=world.index)
    image = bytes(apply_patch(world.rom, to_patch(plan)))
    before, after = (world.map_of(data).reshape(SIDE, SIDE) for data in (world.rom.data.tobytes(), image))
    expected = before.copy()
    expected[10:15, 20:25] = before[61:66, 61:66]
    np.testing.assert_array_equal(after, expected)
    assert f": {np.count_nonzero(after != before)} map entries changed: " in to_patch(plan).summary
    assert image[TILES_AT : TILES_AT + 64 * TILES] == world.rom.data[TILES_AT : TILES_AT + 64 * TILES].tobytes()
    np.testing.assert_array_equal(world.sheet(world.snapshot(image)).compose().pixels, laid.pixels)


def applied(snapshot: Snapshot, writes: tuple[Write, ...]) -> NDArray[np.uint8]:
    vram = snapshot.vram.copy()
    for write in writes:
        assert vram[write.offset : write.offset + len(write.data)].tobytes() == write.expected
        vram[write.offset : write.offset + len(write.data)] = np.frombuffer(write.data, np.uint8)
    return vram


def test_pixels_and_entries_that_stand_between_each_other_are_written_together(world: World, laid: EditedSheet) -> None:
    """The entries of a row of the map are between the pixels of two tiles."""
    sheet, pixels = laid.sheet, laid.pixels.copy()
    assert sheet.map is not None
    cell = sheet.cells[sheet.map.words.index(20)]
    pixels[cell.y : cell.y + 4, cell.x : cell.x + 8] = 9
    edited = EditedSheet(sheet, pixels, "world.png")
    plan = plan_edit(world.rom, [HAL], edited, index=world.index)
    snapshot = world.snapshot()
    vram = applied(snapshot, live_writes(plan, snapshot))
    image = bytes(apply_patch(world.rom, to_patch(plan)))
    np.testing.assert_array_equal(vram, world.snapshot(image).vram)
    nothing = replace(plan, edits=(), blocks=(), notes=())
    now = replace(snapshot, vram=vram)
    np.testing.assert_array_equal(applied(now, live_writes(nothing, now, previous=plan)), snapshot.vram)


@pytest.mark.parametrize("world", ["raw"], indirect=True)
def test_entries_that_the_game_has_changed_have_no_place_and_a_map_from_elsewhere_has_none(world: World) -> None:
    snapshot = world.snapshot()
    vram = snapshot.vram.copy()
    vram[64:192:2] = 7
    sheet = world.sheet(replace(snapshot, vram=vram))
    assert sheet.map is not None
    assert [unit for unit, origin in enumerate(sheet.map.origins) if origin is None] == [1, 2]
    vram[:0x8000:2] = np.random.default_rng(3).integers(0, TILES, SIDE * SIDE, np.uint8)
    assert world.sheet(replace(snapshot, vram=vram)).map is None


@pytest.mark.parametrize("world", ["raw"], indirect=True)
def test_an_edited_map_follows_to_another_build(world: World, laid: EditedSheet) -> None:
    state = new_project(world.rom)
    state = state.with_edits(state.edits.put([sheet_edit(laid)], datetime(2026, 5, 4, 12, tzinfo=UTC)))
    other = make_world(packed=world.packed, map_at=MAP_AT + 0x4000)
    carried = carry_over(state, lambda _: laid.sheet, other.rom, [HAL], other.index)
    assert carried.state.left == ()
    patch = carried.state.edits.patch(other.rom, [HAL], index=other.index)
    image = bytes(apply_patch(other.rom, patch))
    shown = other.sheet(other.snapshot(image))
    np.testing.assert_array_equal(shown.compose().pixels, laid.pixels)
