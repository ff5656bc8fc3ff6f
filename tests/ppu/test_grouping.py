"""Sprites become the figures that a person sees: a boss is one figure, coins that pass by are not."""

import numpy as np
from halscope import PpuRegisters, Snapshot, decode_frame
from halscope.ppu.grouping import Metasprite, group_sprites
from halscope.ppu.oam import OamEntry
from halscope.ppu.tiles import encode_tiles
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.examples import examples
from support.oam import pack_oam

SOLID = np.tile(np.array([0xFF, 0] * 8 + [0] * 16, np.uint8), 2048)
SIZES_8_16 = 0x00
SIZES_16_32 = 0x60


def groups_of(*entries: OamEntry, obsel: int = SIZES_16_32, oamadd: int = 0) -> tuple[Metasprite, ...]:
    ppu = PpuRegisters(obsel=obsel, oamadd=oamadd, setini=0)
    snapshot = Snapshot(vram=SOLID, cgram=np.zeros(256, np.uint16), oam=parked(entries), ppu=ppu)
    return group_sprites(decode_frame(snapshot))


def parked(entries: tuple[OamEntry, ...]) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """OAM with the unused entries where many games put them: all at one place below the picture."""
    return pack_oam((*entries, *[OamEntry(0, 224, 0)] * (128 - len(entries))))


def indices(groups: tuple[Metasprite, ...]) -> list[tuple[int, ...]]:
    return [group.indices for group in groups]


def test_a_boss_of_two_by_two_is_one_thing() -> None:
    boss = [OamEntry(100 + dx, 80 + dy, dx // 8 + dy * 2) for dy in (0, 16) for dx in (0, 16)]
    (group,) = groups_of(*boss)
    assert group.indices == (0, 1, 2, 3)
    assert (group.x, group.y, group.width, group.height) == (100, 80, 32, 32)
    assert group.pixels.shape == (32, 32)
    assert group.palettes == (0,)


def test_a_flipped_boss_is_one_thing_wherever_its_entries_stand() -> None:
    boss = [OamEntry(116 - dx, 80 + dy, dx // 8 + dy * 2, hflip=True) for dy in (0, 16) for dx in (0, 16)]
    far_apart = [OamEntry(0, 224, 0)] * 20
    entries = [boss[0], *far_apart, boss[1], *far_apart, boss[2], *far_apart, boss[3]]
    assert indices(groups_of(*entries)) == [(0, 21, 42, 63)]


def test_two_coins_that_pass_by_are_two_things() -> None:
    for apart in range(-16, 17):
        assert indices(groups_of(OamEntry(100, 80, 4), OamEntry(100 + apart, 80, 4))) == [(0,), (1,)]


def test_two_coins_in_different_phases_of_their_turn_are_two_things() -> None:
    assert indices(groups_of(OamEntry(100, 80, 4), OamEntry(109, 83, 10))) == [(0,), (1,)]


def test_two_enemies_of_one_kind_that_overlap_are_two_things() -> None:
    for dx, dy in ((16, 8), (13, 3), (8, 0), (24, 16)):
        enemies = [OamEntry(100 + x, 80 + y + row, 0x40 + row * 2) for x, y in ((0, 0), (dx, dy)) for row in (0, 16)]
        assert indices(groups_of(*enemies)) == [(0, 1), (2, 3)]


def test_streamed_pieces_in_any_tiles_are_one_thing_on_one_grid() -> None:
    tiles = (0x40, 0x08, 0x22, 0x66)  # a figure whose pieces are in whatever slots were free
    places = ((0, 0), (16, 0), (0, 16), (16, 16))
    figure = [OamEntry(61 + x, 33 + y, tile) for (x, y), tile in zip(places, tiles, strict=True)]
    assert indices(groups_of(*figure)) == [(0, 1, 2, 3)]


def test_a_small_foot_off_the_grid_belongs_to_its_body() -> None:
    body = [OamEntry(100, 80, 0x40, large=True), OamEntry(103, 95, 0x46)]
    assert indices(groups_of(*body, obsel=SIZES_8_16)) == [(0, 1)]


def test_a_body_of_repeated_segments_is_one_thing_with_its_head() -> None:
    worm = [OamEntry(40, 80, 0x40), OamEntry(56, 80, 0x48), OamEntry(72, 80, 0x48), OamEntry(88, 80, 0x44, hflip=True)]
    assert indices(groups_of(*worm)) == [(0, 1, 2, 3)]


def test_a_mirrored_half_belongs_to_its_twin() -> None:
    assert indices(groups_of(OamEntry(40, 80, 0x40), OamEntry(56, 80, 0x40, hflip=True))) == [(0, 1)]


def test_another_palette_joins_on_the_grid_next_in_oam_only() -> None:
    body, sword = OamEntry(100, 80, 0x40, palette=1), OamEntry(116, 80, 0x80, palette=3)
    (group,) = groups_of(body, sword)
    assert group.palettes == (1, 3)
    assert indices(groups_of(body, OamEntry(0, 224, 0), sword)) == [(0,), (2,)]
    assert indices(groups_of(body, sword._replace(x=115))) == [(0,), (1,)]


def test_another_priority_or_a_corner_alone_keeps_apart() -> None:
    assert indices(groups_of(OamEntry(100, 80, 0), OamEntry(116, 80, 2, priority=2))) == [(0,), (1,)]
    assert indices(groups_of(OamEntry(100, 80, 0), OamEntry(116, 96, 0x22))) == [(0,), (1,)]


def drawn(*entries: OamEntry, pictures: dict[int, NDArray[np.uint8]]) -> list[tuple[int, ...]]:
    """Group 16 × 16 sprites that show these pictures, uint8[16, 16], by the tile of their upper left corner."""
    vram = np.zeros(0x10000, np.uint8)
    for tile, picture in pictures.items():
        for at, (y, x) in ((tile, (0, 0)), (tile + 1, (0, 8)), (tile + 16, (8, 0)), (tile + 17, (8, 8))):
            vram[at * 32 : at * 32 + 32] = encode_tiles(picture[None, y : y + 8, x : x + 8], 4)[0]
    ppu = PpuRegisters(obsel=SIZES_16_32, oamadd=0, setini=0)
    snapshot = Snapshot(vram=vram, cgram=np.zeros(256, np.uint16), oam=parked(entries), ppu=ppu)
    return indices(group_sprites(decode_frame(snapshot)))


def shape(rows: range, columns: range) -> NDArray[np.uint8]:
    picture = np.zeros((16, 16), np.uint8)
    picture[np.ix_(rows, columns)] = 1
    return picture


FULL = shape(range(16), range(16))
BODY = shape(range(16), range(3, 13))
ARMS = BODY | shape(range(6, 9), range(16))
HEAD = shape(range(2, 14), range(4, 12)) | shape(range(14, 16), range(6, 10))
ROUND = shape(range(3, 13), range(16)) | shape(range(16), range(3, 13))


def test_a_portrait_is_one_thing_whose_rows_are_far_apart_in_oam_and_whose_ground_repeats() -> None:
    """Ten sprites a row, in slots as they were free; some are one tile. It came out as a sheet for each row."""
    slots = np.random.default_rng(1).permutation([y * 32 + x * 2 for y in range(8) for x in range(8)]).tolist()
    pictures = {slot: FULL * np.uint8(1 + at % 15) for at, slot in enumerate(slots)}
    pieces = [slots[0 if 10 <= at < 14 else at] for at in range(40)]
    portrait = [OamEntry(40 + at % 10 * 16, 40 + at // 10 * 16, tile) for at, tile in enumerate(pieces)]
    assert drawn(*portrait, pictures=pictures) == [tuple(range(40))]


def test_characters_side_by_side_on_the_grid_are_two_things_also_if_their_hands_touch() -> None:
    """Each is two sprites high, in tiles that do not follow each other. They came out as pairs."""
    for body in (BODY, ARMS):
        pictures = {0x00: HEAD, 0x24: body, 0x48: HEAD * np.uint8(2), 0x6C: body * np.uint8(2)}
        left = [OamEntry(80, 80, 0x00), OamEntry(80, 96, 0x24)]
        right = [OamEntry(96, 80, 0x48), OamEntry(96, 96, 0x6C)]
        assert drawn(*left, *right, pictures=pictures) == [(0, 1), (2, 3)]
        assert drawn(left[0], right[0], left[1], right[1], pictures=pictures) == [(0, 2), (1, 3)]


def test_single_characters_side_by_side_are_two_things() -> None:
    pictures = {0x00: BODY, 0x24: ARMS}
    assert drawn(OamEntry(80, 80, 0x00), OamEntry(96, 80, 0x24), pictures=pictures) == [(0,), (1,)]


def test_halves_of_one_body_are_one_thing() -> None:
    pictures = {0x00: shape(range(2, 14), range(6, 16)), 0x24: shape(range(2, 14), range(10))}
    assert drawn(OamEntry(80, 80, 0x00), OamEntry(96, 80, 0x24), pictures=pictures) == [(0, 1)]


def test_two_round_coins_and_two_crates_side_by_side_are_two_things_each() -> None:
    for picture in (ROUND, FULL):
        assert drawn(OamEntry(80, 80, 0x00), OamEntry(96, 80, 0x00), pictures={0x00: picture}) == [(0,), (1,)]


def test_letters_of_a_word_are_one_thing_though_they_do_not_touch() -> None:
    letters = [OamEntry(80 + 8 * at, 80, tile) for at, tile in enumerate((0x12, 0x05, 0x31, 0x07))]
    vram = np.zeros(0x10000, np.uint8)
    letter = np.zeros((1, 8, 8), np.uint8)
    letter[:, 1:7, 1:6] = 1
    for entry in letters:
        vram[entry.tile * 32 : entry.tile * 32 + 32] = encode_tiles(letter, 4)[0]
    ppu = PpuRegisters(obsel=SIZES_8_16, oamadd=0, setini=0)
    snapshot = Snapshot(vram=vram, cgram=np.zeros(256, np.uint16), oam=parked(tuple(letters)), ppu=ppu)
    assert indices(group_sprites(decode_frame(snapshot))) == [(0, 1, 2, 3)]


def test_a_figure_keeps_its_pieces_beyond_the_edge() -> None:
    assert indices(groups_of(OamEntry(-16, 80, 0), OamEntry(0, 80, 2))) == [(0, 1)]
    (group,) = groups_of(OamEntry(100, 240, 0), OamEntry(100, 0, 0x20))
    assert (group.y, group.height, group.indices) == (-16, 32, (0, 1))


def test_a_sprite_that_shows_at_both_ends_is_where_more_of_it_shows() -> None:
    tops = [groups_of(OamEntry(0, y, 0, large=True), obsel=0xA0)[0].y for y in (192, 200, 208, 209, 223)]
    assert tops == [192, 200, -48, -47, -33]


def test_nothing_is_made_of_parked_or_blank_sprites() -> None:
    assert groups_of() == ()
    snapshot = Snapshot(
        vram=np.zeros(0x10000, np.uint8),
        cgram=np.zeros(256, np.uint16),
        oam=parked((OamEntry(100, 80, 0),)),
        ppu=PpuRegisters(obsel=0),
    )
    assert group_sprites(decode_frame(snapshot)) == ()
    unknown = Snapshot(vram=snapshot.vram, cgram=snapshot.cgram, oam=snapshot.oam)
    assert group_sprites(decode_frame(unknown)) == ()


def test_the_front_most_sprite_is_on_top_also_when_priority_rotates() -> None:
    pair = (OamEntry(100, 80, 0x40, palette=2), OamEntry(108, 80, 0x60, palette=5))
    (group,) = groups_of(*pair)
    assert (group.pixels[0] >> 4 & 7).tolist() == [2] * 16 + [5] * 8
    (group,) = groups_of(*pair, oamadd=0x8002)
    assert (group.pixels[0] >> 4 & 7).tolist() == [2] * 8 + [5] * 16


def test_a_row_of_parked_sprites_joins_nothing() -> None:
    row = [OamEntry(x * 16, 240, 0x20 + x * 2) for x in range(8)]
    assert indices(groups_of(*row, OamEntry(48, 0, 0x60))) == [(8,)]
    assert indices(groups_of(row[3], OamEntry(48, 0, 0x60))) == [(0, 1)]


@examples(25)
@given(st.integers(0, 2**32), st.integers(0, 255))
def test_every_visible_sprite_is_in_exactly_one_figure(seed: int, obsel: int) -> None:
    rng = np.random.default_rng(seed)
    oam = rng.integers(0, 256, 544).astype(np.uint8)
    snapshot = Snapshot(vram=SOLID, cgram=np.zeros(256, np.uint16), oam=oam, ppu=PpuRegisters(obsel=obsel, setini=0))
    frame = decode_frame(snapshot)
    members = [index for group in group_sprites(frame) for index in group.indices]
    assert len(members) == len(set(members))
    visible = {
        s.index
        for s in frame.sprites
        if s.x + s.width > 0 and (s.y < 224 or s.y + s.height > 256)  # a sprite's x never exceeds 255
    }
    assert visible <= set(members)
