"""A sprite has the palette and the OBSEL of the lines on which it stands."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from halscope import Snapshot, decode_frame
from halscope.inject.builders import sheet_from_metasprite, sheet_from_sprite
from halscope.ppu import FrameDecoder
from halscope.ppu.compose import compose_screen
from halscope.ppu.grouping import group_sprites
from halscope.ppu.oam import OamEntry
from halscope.ppu.obj import cgram_at, sprite_cgram, sprite_colours
from halscope.rom.image import Rom
from halscope_hooks import RASTER_DTYPE, VRAM_TILES, VramOrigins
from support import probe_rom
from support.oam import pack_oam

RED, GREEN = 31, 31 << 5


def snapshot(*raster: tuple[int, int, int]) -> Snapshot:
    """Sprites of 8 × 8 at lines 10 and 100, of tiles in colour 1; in the upper half of VRAM, of tiles in colour 2."""
    vram = np.zeros(0x10000, np.uint8)
    vram[0x0000:0x4000] = np.tile(np.array([0xFF, 0] * 8 + [0] * 16, np.uint8), 512)
    vram[0x4000:0x8000] = np.tile(np.array([0, 0xFF] * 8 + [0] * 16, np.uint8), 512)
    cgram = np.zeros(256, np.uint16)
    cgram[129] = GREEN
    oam = pack_oam((OamEntry(20, 10, 0), OamEntry(20, 100, 0)))
    ppu = probe_rom.expected_registers({"tm": 0x10})
    return Snapshot(vram=vram, cgram=cgram, oam=oam, ppu=ppu, raster=np.array(list(raster), RASTER_DTYPE))


RED_THEN_GREEN = [(0, 0x21, 129), (0, 0x22, RED), (0, 0x22, 0), (50, 0x21, 129), (50, 0x22, 0xE0), (50, 0x22, 3)]
TWO_BASES = [(0, 0x01, 0), (50, 0x01, 1)]


def test_the_palette_is_that_of_the_sprites_line() -> None:
    shown = snapshot(*RED_THEN_GREEN)
    frame = decode_frame(shown)
    assert [sprite_colours(shown, frame.sprites[index])[1].tolist() for index in (0, 1)] == [[255, 0, 0], [0, 255, 0]]
    assert [int(cgram_at(shown, row)[129]) for row in (49, 50)] == [RED, GREEN]
    screen = compose_screen(frame)
    assert screen.rgb[[10, 100], 20].tolist() == [[255, 0, 0], [0, 255, 0]]


def test_the_palette_of_a_half_height_sprite_is_that_of_the_lines_that_it_covers() -> None:
    shown = snapshot((0, 0x21, 129), (0, 0x22, RED), (0, 0x22, 0), (13, 0x21, 129), (13, 0x22, 0xE0), (13, 0x22, 3))
    half = replace(shown, ppu=replace(shown.ppu, setini=2))  # lines 10 to 13 instead of 10 to 17
    assert [int(sprite_cgram(one, [decode_frame(one).sprites[0]])[129]) for one in (shown, half)] == [GREEN, RED]


def test_obsel_that_changes_under_a_sprite_is_noted() -> None:
    """The console draws some of that line's sprites by the value before, depending on when HDMA reaches OBSEL."""

    def noted(*raster: tuple[int, int, int]) -> bool:
        return any("OBSEL" in one for one in compose_screen(decode_frame(snapshot(*raster))).ignored)

    assert not noted(*TWO_BASES)  # no sprite stands on line 50
    assert noted((0, 0x01, 0), (105, 0x01, 1))
    assert not noted((0, 0x01, 0), (105, 0x01, 0))
    assert not noted((0, 0x01, 0), (105, 0x01, 4))  # bit 2 selects memory that no console has


def test_a_sheet_has_the_palette_of_the_sprites_line() -> None:
    frame = decode_frame(snapshot(*RED_THEN_GREEN))
    rom = Rom.from_bytes(probe_rom.build())
    origins = VramOrigins(((),) * VRAM_TILES, np.ones(VRAM_TILES, np.bool_))
    shown = [sheet_from_sprite(frame, frame.sprites[index], origins, rom).palettes[0, 1] for index in (0, 1)]
    assert shown == [RED, GREEN]
    groups = [group for group in group_sprites(frame) if group.indices in ((0,), (1,))]
    assert [sheet_from_metasprite(frame, group, origins, rom).palettes[0, 1] for group in groups] == [RED, GREEN]


def test_the_tiles_are_those_of_the_sprites_line() -> None:
    shown = snapshot(*TWO_BASES)
    sprites = decode_frame(shown).sprites
    assert [sprites[index].pixels.max() for index in (0, 1)] == [1, 2]
    assert [sprites[index].cells[0, 0] for index in (0, 1)] == [0, 0x4000]


def test_sprites_that_hdma_changes_are_followed_incrementally() -> None:
    decoder = FrameDecoder()
    for raster in ((), TWO_BASES, TWO_BASES, [(0, 0x01, 1)], TWO_BASES, ()):
        shown = snapshot(*raster)
        frame = decoder.decode(shown)
        expected = decode_frame(shown)
        for one, other in zip(frame.sprites, expected.sprites, strict=True):
            assert np.array_equal(one.pixels, other.pixels)
            assert np.array_equal(one.cells, other.cells)
    same = snapshot(*TWO_BASES)
    first = decoder.decode(same)
    assert decoder.decode(replace(same, frame=7)).sprites is first.sprites
    assert decoder.changes.sprites.size == 0
