"""Coverage counts what is on the screen, and says of the rest why its place in the ROM is not known."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import replace

import numpy as np
import pytest
from halscope import decode_frame
from halscope.ppu._visible import sprite_pixels
from halscope.ppu.coverage import REASONS, Reason, RunCoverage, coverage
from halscope.ppu.oam import OamEntry
from halscope_hooks import RASTER_DTYPE, Origin, Snapshot, VramOrigins
from numpy.typing import NDArray
from support.oam import pack_oam
from support.ppu_states import PpuState, add_layers, add_sprites, hidden_oam, noise

PLACE = Origin("hal", 0x1234, 0, "pointer")
TILES = 0x6000  # of the sprites, as OBSEL = 3 has it
RNG = np.random.default_rng(2)


def telling_tile() -> NDArray[np.uint8]:
    """A tile with all colours but 0, so that every pixel of it is visible."""
    pixels = RNG.integers(1, 16, (8, 8))
    planes = [np.packbits(pixels >> n & 1, axis=1).ravel() for n in range(4)]
    return np.concatenate([np.stack(planes[k : k + 2], axis=1).ravel() for k in (0, 2)])


def state_with(tiles: list[NDArray[np.uint8]], *, entries: int = 0) -> PpuState:
    """Sprites of 8 × 8 in a row, one for each tile; or, for BG1 of mode 1, `entries` map entries with them."""
    state = PpuState(np.zeros(0x10000, np.uint8), np.zeros(256, np.uint16), hidden_oam())
    for n, tile in enumerate(tiles):
        state.vram[0x2000 + 32 * n :][:32] = tile
        state.vram[0x6000 * 2 + 32 * n :][:32] = tile
    state.oam = pack_oam(tuple(OamEntry(20 * n, 50, n) for n in range(len(tiles))))
    state.registers |= {"obsel": 3, "tm": 0x10}
    if entries:
        # BG1: map at word $0000, characters at word $1000.
        state.vram[: 2 * entries : 2] = np.arange(entries) % len(tiles)
        state.registers |= {"bgmode": 1, "bg1sc": 0, "bg12nba": 1, "tm": 0x01, "bg1vofs": 0x3FF}
    return state


@pytest.mark.parametrize(("setini", "field"), [(2, 0), (2, 1), (3, None)])
def test_a_half_height_sprite_shows_both_rows_of_its_tiles(setini: int, field: int | None) -> None:
    state = state_with([telling_tile()] * 18)
    state.oam = pack_oam((OamEntry(20, 50, 0, large=True),))
    state.registers["setini"] = setini
    counts = sprite_pixels(decode_frame(replace(state.snapshot(), field=field)))
    lines = 8 if setini & 1 else 4  # of each tile on the screen
    assert {n - 0xC000 // 32: int(counts[n]) for n in np.flatnonzero(counts)} == dict.fromkeys(
        (0, 1, 16, 17), 8 * lines
    )


def origins_of(vram: NDArray[np.uint8], known: Set[bytes], plain: Set[bytes] = frozenset()) -> VramOrigins:
    tiles = [tile.tobytes() for tile in vram.reshape(-1, 32)]
    informative = np.array([any(tile) and tile not in plain for tile in tiles])
    return VramOrigins([(PLACE,) if tile in known else () for tile in tiles], informative)


def measured(
    tile: NDArray[np.uint8],
    earliest: NDArray[np.uint8] | None = None,
    *,
    wram: NDArray[np.uint8] | None = None,
    bwram: NDArray[np.uint8] | None = None,
) -> tuple[dict[Reason, int], dict[Reason, int]]:
    """The coverage of a sprite and of a background with this tile, which has no place in the ROM."""
    found = []
    for entries in (0, 32 * 28):
        snapshot = replace(state_with([tile], entries=entries).snapshot(), wram=wram, bwram=bwram)
        one = coverage(decode_frame(snapshot), origins_of(snapshot.vram, set()), earliest)
        found.append(dict(one.layers if entries else one.sprites))
    return found[0], found[1]


def test_every_visible_pixel_of_a_sprite_counts_once() -> None:
    known, other = telling_tile(), telling_tile()
    state = state_with([known, other])
    state.oam = pack_oam((OamEntry(0, 50, 0), OamEntry(4, 50, 1), OamEntry(-5, 90, 1), OamEntry(250, 221, 0)))
    snapshot = state.snapshot()
    found = coverage(decode_frame(snapshot), origins_of(snapshot.vram, {known.tobytes()}))
    # The second sprite is half behind the first, the third three columns wide, the fourth six columns and three rows.
    assert found.sprites == {"known": 64 + 6 * 3, "elsewhere": 32 + 3 * 8}
    assert (found.frames, found.uncounted) == (1, None)


def test_every_character_of_a_displayed_layer_counts_once() -> None:
    tiles = [telling_tile() for _ in range(5)]
    snapshot = state_with(tiles, entries=32 * 28).snapshot()
    origins = origins_of(snapshot.vram, {tile.tobytes() for tile in tiles[:3]})
    assert coverage(decode_frame(snapshot), origins).layers == {"known": 3, "elsewhere": 2}
    hidden = replace(snapshot, ppu=replace(snapshot.ppu, tm=0))
    assert coverage(decode_frame(hidden), origins).layers == {}
    dark = replace(snapshot, ppu=replace(snapshot.ppu, inidisp=0x80))
    assert coverage(decode_frame(dark), origins).layers == {}
    from_line_100_on = np.array([(0, 0x2C, 0), (100, 0x2C, 1)], RASTER_DTYPE)
    assert coverage(decode_frame(replace(hidden, raster=from_line_100_on)), origins).layers.keys() == {
        "known",
        "elsewhere",
    }


def test_a_map_is_not_counted_as_tiles() -> None:
    snapshot = state_with([telling_tile()], entries=32 * 28).snapshot()
    noise = snapshot.vram.copy()
    noise[1 : 2 * 32 * 28 : 2] = 0x20  # priority bits, so that the map's own bytes are not blank
    snapshot = replace(snapshot, vram=noise)
    assert coverage(decode_frame(snapshot), origins_of(noise, set())).layers == {"elsewhere": 1}


def test_large_tiles_are_four_characters() -> None:
    tiles = [telling_tile() for _ in range(18)]
    state = state_with(tiles, entries=32 * 28)
    state.vram[: 2 * 32 * 28] = 0
    state.registers["bgmode"] = 0x11
    snapshot = state.snapshot()
    known = {tiles[n].tobytes() for n in (0, 1, 16, 17)}
    assert coverage(decode_frame(snapshot), origins_of(snapshot.vram, known)).layers == {"known": 4}


def test_the_tiles_of_a_mode_7_map_count() -> None:
    state = PpuState(RNG.integers(0, 256, 0x10000).astype(np.uint8), np.zeros(256, np.uint16), hidden_oam())
    state.vram[:0x8000].reshape(-1, 32)[:, 17::2] = 0  # pixels, not the fourth plane of expanded tiles
    state.vram[0:0x8000:2] = RNG.integers(0, 3, 0x4000)
    state.registers |= {"bgmode": 7, "tm": 1, "m7a": 0x100, "m7d": 0x100}
    snapshot = state.snapshot()
    assert coverage(decode_frame(snapshot), origins_of(snapshot.vram, set())).layers == {"elsewhere": 12}


def test_the_reason_of_a_mode_7_tile_is_that_of_its_pixels_whatever_the_map_between_them_is() -> None:
    rng = np.random.default_rng(7)
    two, rich = rng.integers(0, 2, 64).astype(np.uint8), rng.integers(0, 256, 64).astype(np.uint8)

    def shown() -> Snapshot:
        state = PpuState(np.zeros(0x10000, np.uint8), np.zeros(256, np.uint16), hidden_oam())
        state.vram[0:0x8000:2] = rng.integers(0, 2, 0x4000)  # the map: both tiles, in any order
        state.vram[1:256:2] = np.concatenate([two, rich])
        state.registers |= {"bgmode": 7, "tm": 1, "m7a": 0x100, "m7d": 0x100}
        return state.snapshot()

    def layers(snapshot: Snapshot, earliest: NDArray[np.uint8] | None = None) -> Mapping[Reason, int]:
        return coverage(decode_frame(snapshot), VramOrigins([()] * 2048, np.ones(2048, np.bool_)), earliest).layers

    assert layers(shown()) == {"plain": 4, "elsewhere": 4}
    assert layers(shown(), shown().vram) == {"plain": 4, "before": 4}
    memory = np.zeros(0x20000, np.uint8)
    memory[0x1235 : 0x1235 + 64] = rich
    assert layers(replace(shown(), wram=memory)) == {"plain": 4, "wram": 4}
    run = RunCoverage()
    for snapshot in (shown(), shown()):
        run.add(decode_frame(snapshot), VramOrigins([()] * 2048, np.ones(2048, np.bool_)))
    assert run.total.layers == {"plain": 4, "before": 4}


def test_what_is_not_known_says_why() -> None:
    tile = telling_tile()
    memory = np.zeros(0x20000, np.uint8)
    memory[0x1235 : 0x1235 + 32] = tile
    assert measured(tile) == ({"elsewhere": 64}, {"elsewhere": 1})
    assert measured(tile, wram=memory) == ({"wram": 64}, {"wram": 1})
    assert measured(tile, wram=memory, bwram=memory) == ({"bwram": 64}, {"bwram": 1})
    earlier = np.zeros(0x10000, np.uint8)
    earlier[0x2000:0x2020] = earlier[0xC000:0xC020] = tile
    assert measured(tile, earlier) == ({"before": 64}, {"before": 1})
    assert measured(tile, earlier, wram=memory) == ({"wram": 64}, {"wram": 1})


def test_a_tile_with_an_empty_or_full_fourth_plane_may_be_expanded() -> None:
    low, high = telling_tile(), telling_tile()
    low[17::2] = 0
    low[0] |= 1
    high[17::2] = high[0:16:2] | high[1:16:2] | high[16::2]
    memory = np.zeros(0x20000, np.uint8)
    for tile in (low, high):
        memory[0x800:0x820] = tile
        assert measured(tile, wram=memory)[1] == {"expanded": 1}
        assert measured(tile, bwram=memory)[1] == {"bwram": 1}


def test_plain_tiles_and_a_missing_index_are_reasons() -> None:
    blank, solid = np.zeros(32, np.uint8), np.full(32, 255, np.uint8)
    snapshot = state_with([blank, solid, telling_tile()], entries=32 * 28).snapshot()
    frame = decode_frame(snapshot)
    plain = origins_of(snapshot.vram, set(), {solid.tobytes()})
    assert coverage(frame, plain).layers == {"plain": 2, "elsewhere": 1}
    assert coverage(frame, None).layers == {"plain": 2, "no_index": 1}


def test_a_frame_whose_sprites_cannot_be_drawn_says_so() -> None:
    snapshot = state_with([telling_tile()]).snapshot()
    blind = replace(snapshot, ppu=replace(snapshot.ppu, obsel=None))
    found = coverage(decode_frame(blind), origins_of(snapshot.vram, set()))
    assert found.sprites == {}
    assert "OBSEL" in (found.uncounted or "")


def test_a_run_adds_pixels_and_counts_each_different_tile_once() -> None:
    tiles = [telling_tile() for _ in range(4)]
    run = RunCoverage()
    begun = state_with(tiles[:1], entries=32 * 28).snapshot()
    for shown, known in ((tiles[:1], tiles[:0]), (tiles[:2], tiles[:0]), (tiles[1:], tiles[1:2])):
        snapshot = state_with(shown, entries=32 * 28).snapshot()
        run.add(decode_frame(snapshot), origins_of(snapshot.vram, {tile.tobytes() for tile in known}))
    # The first was there from the beginning, the second was found in the end, the others never.
    assert run.total.layers == {"before": 1, "known": 1, "elsewhere": 2}
    assert run.total.frames == 3
    pixels = RunCoverage()
    pixels.begin(begun)
    for n in (1, 2):
        snapshot = state_with(tiles[:n]).snapshot()
        assert sum(pixels.add(decode_frame(snapshot), origins_of(snapshot.vram, set())).sprites.values()) == 64 * n
    assert pixels.total.sprites == {"before": 2 * 64, "elsewhere": 64}


def test_reasons_are_listed_from_the_best_on() -> None:
    assert REASONS[0] == "known"


@pytest.mark.parametrize("seed", range(3))
def test_noise_is_counted(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for mode in range(8):
        state = noise(rng)
        add_layers(state, rng, mode)
        add_sprites(state, rng)
        snapshot = state.snapshot()
        found = coverage(decode_frame(snapshot), origins_of(snapshot.vram, set()))
        assert sum(found.sprites.values()) > 1000
        assert sum(found.layers.values()) > 100
