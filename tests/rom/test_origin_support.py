"""Neighbours: runs, rows and gaps in VRAM decide between places that hold the same bytes."""

from __future__ import annotations

import numpy as np
import pytest
from halscope import _codec
from halscope.codecs import hal
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support import plain_support
from support.plain_ranking import PLACE_DTYPE
from support.roms import make_rom

EMPTY = np.empty(0, np.uint8)
NO_BLOCKS = np.zeros(1, np.uint32)


def noise_tiles(count: int, seed: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (count, 32), np.uint8)


def index_of(*sheets: NDArray[np.uint8]) -> tuple[RomIndex, list[int]]:
    """An index of a ROM that holds these sheets uncompressed, and their offsets."""
    image = make_rom(0x40000)
    at, offsets = 0x9001, []
    for sheet in sheets:
        image[at : at + sheet.size] = sheet.tobytes()
        offsets.append(at)
        at += sheet.size + 333
    return RomIndex.build(Rom.from_bytes(bytes(image), "sheets"), [hal.HAL]), offsets


def first_places(index: RomIndex, vram: NDArray[np.uint8]) -> list[int | None]:
    return [origins[0].block_offset if origins else None for origins in index.locate(vram).origins]


def test_a_run_decides_for_a_tile_that_stands_in_two_sheets() -> None:
    first, second = noise_tiles(12, 1), noise_tiles(12, 2)
    second[5] = first[3]
    index, (one, other) = index_of(first, second)
    assert first_places(index, second) == [other + 32 * k for k in range(12)]
    assert first_places(index, first) == [one + 32 * k for k in range(12)]


def test_rows_of_a_sprite_decide_where_its_row_alone_cannot() -> None:
    first, second = noise_tiles(16, 3), noise_tiles(16, 4)
    second[4:8] = first[4:8]  # frames of 4 x 4 tiles that share their second row
    index, (_, other) = index_of(first, second)
    vram = np.zeros((64, 32), np.uint8)
    for row in range(4):
        vram[row * 16 + 6 : row * 16 + 10] = second[row * 4 : row * 4 + 4]
    places = first_places(index, vram)
    for row in range(4):
        assert places[row * 16 + 6 : row * 16 + 10] == [other + 32 * (row * 4 + k) for k in range(4)]


def test_equal_frames_are_told_apart_by_those_beside_them() -> None:
    sheet = noise_tiles(16, 5)
    sheet[12:16] = sheet[4:8]  # four frames of 2 x 2 tiles, the second and the last alike
    index, (at,) = index_of(sheet)
    vram = np.zeros((32, 32), np.uint8)
    wanted: list[int | None] = [None] * 32
    for frame in range(4):
        for tile in range(4):
            place = frame * 2 + (tile & 1) + (tile >> 1) * 16
            vram[place] = sheet[frame * 4 + tile]
            wanted[place] = at + 32 * (frame * 4 + tile)
    assert first_places(index, vram) == wanted


def test_a_run_goes_on_over_blank_tiles_that_the_source_has_too() -> None:
    first, second = noise_tiles(8, 6), noise_tiles(8, 7)
    first[2:6] = 0
    second[2:4] = 0
    second[6] = first[6]
    index, (one, other) = index_of(first, second)
    assert first_places(index, first)[6] == one + 32 * 6
    assert first_places(index, second)[6] == other + 32 * 6


def test_places_out_of_order_or_out_of_range_are_refused() -> None:
    places = np.zeros(2, PLACE_DTYPE)
    places["tile"] = [1, 0]
    with pytest.raises(ValueError, match="ascend"):
        _codec.locate_support(EMPTY, NO_BLOCKS, bytes(64), places, bytes(64))
    places["tile"] = [0, 2]
    with pytest.raises(ValueError, match="within the tiles"):
        _codec.locate_support(EMPTY, NO_BLOCKS, bytes(64), places, bytes(64))
    places["tile"], places["transform"] = [0, 1], [0, 1]
    with pytest.raises(ValueError, match="plain"):
        _codec.locate_support(EMPTY, NO_BLOCKS, bytes(64), places, bytes(64))


@given(
    st.lists(
        st.tuples(
            st.integers(0, 40),
            st.integers(0, 2**32 - 1),
            st.integers(-(2**31), 2**31 - 1),
            st.integers(0, 2**32 - 1),
            st.integers(0, 2**32 - 1),
        ),
        max_size=60,
        unique_by=lambda place: place[:3],
    )
)
def test_places_that_lead_anywhere_are_measured_safely(places: list[tuple[int, ...]]) -> None:
    array = np.array([(*place, 0) for place in sorted(places)], PLACE_DTYPE)
    support = _codec.locate_support(EMPTY, NO_BLOCKS, bytes(4096), array, bytes(41 * 32))
    assert support.shape == (len(places), 4)
    assert (support[:, :2] >= 1).all()


@given(
    st.lists(st.integers(0, 11), min_size=8, max_size=60),
    st.lists(st.tuples(st.integers(0, 55), st.integers(1, 8)), min_size=4, max_size=14),
)
def test_it_is_the_plain_agreement_of_tiles_that_repeat(stored: list[int], shown: list[tuple[int, int]]) -> None:
    stock = [
        bytes([kind % 3] * 32) if kind < 3 else bytes((kind * 37 + k * k) & 0xFF for k in range(32))
        for kind in range(12)
    ]
    rom = b"".join(stock[kind] for kind in stored)
    # Pieces of the ROM one after the other, so that there are runs, rows and repeats.
    tiles = [rom[at : at + 32] for first, count in shown for at in range(32 * first, 32 * (first + count), 32)]
    tiles = [tile or stock[0] for tile in tiles]
    places = [
        plain_support.Place(number, 32 * at)
        for number, tile in enumerate(tiles)
        if len(set(tile)) >= 3
        for at in range(len(stored))
        if rom[32 * at : 32 * at + 32] == tile
    ]
    array = np.array([(place.tile, 0, place.at, 0, place.at, 0) for place in places], PLACE_DTYPE)
    found = _codec.locate_support(EMPTY, NO_BLOCKS, rom, array, b"".join(tiles))
    assert [tuple(row) for row in found.tolist()] == plain_support.support(rom, tiles, places)


@given(st.lists(st.integers(0, 2**32 - 1), max_size=40), st.lists(st.integers(0, 2**32 - 1), max_size=40))
def test_a_damaged_table_gives_no_wrong_answer(buckets: list[int], positions: list[int]) -> None:
    rom = noise_tiles(64, 8).reshape(-1)
    count = 1 << max(len(buckets) - 1, 0).bit_length() >> 1
    table = np.array(buckets[: count + 1] if count else [], np.uint32)
    found = _codec.locate_lookup(EMPTY, NO_BLOCKS, rom, table, np.array(positions, np.uint32), rom[:1024], 64)
    for match in found:
        at = int(match["offset"])
        assert rom[at : at + 32].tobytes() == rom[int(match["tile"]) * 32 :][:32].tobytes()
