"""Transforms: tiles that a game converts on their way into VRAM are found where they are stored."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from halscope.codecs import hal
from halscope.codecs.lz import LZ2
from halscope.rom._transform_rows import transform_rows
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope.rom.vram_tracker import VramTracker
from halscope_hooks import TRANSFORMS, Origin, Transform, UsageError
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.roms import make_rom
from support.stored_art import stored_art

AT = 0x10001
TILES = 64

every_transform = pytest.mark.parametrize("transform", TRANSFORMS, ids=lambda one: one.name)


def stored_tiles(transform: Transform, seed: int = 1, count: int = TILES) -> bytes:
    return stored_art(count, transform.stored_bytes, seed)


def vram_of(transform: Transform, stored: bytes, at: int = 0) -> NDArray[np.uint8]:
    """A VRAM that holds expanded tiles; its other bytes are zero, but for the map of mode 7."""
    vram = np.zeros(0x10000, np.uint8)
    if transform.depth == "mode7":
        vram[0:0x8000:2] = np.random.default_rng(9).integers(0, 256, 0x4000)
    around = vram[at : at + len(stored) // transform.stored_bytes * transform.vram_bytes]
    around[:] = np.frombuffer(transform.expand(stored, around.tobytes()), np.uint8)
    return vram


def raw_index(stored: bytes) -> RomIndex:
    image = make_rom(0x40000)
    image[AT : AT + len(stored)] = stored
    return RomIndex.build(Rom.from_bytes(bytes(image), "raw"), [hal.HAL])


def packed_index(stored: bytes) -> RomIndex:
    image = make_rom(0x40000)
    packed = LZ2.encode(stored)
    image[AT : AT + len(packed)] = packed
    return RomIndex.build(Rom.from_bytes(bytes(image), "packed"), [LZ2])


def assert_found(
    index: RomIndex, transform: Transform, stored: bytes, place: Callable[[int], tuple[str, int, int]]
) -> None:
    found = index.locate_vram(vram_of(transform, stored))
    tiles = range(len(stored) // transform.stored_bytes)
    telling = [
        tile for tile in tiles if len(set(stored[transform.stored_bytes * tile :][: transform.stored_bytes])) > 3
    ]
    assert len(telling) > len(tiles) * 3 // 4
    for tile in telling:
        origin = found.at(tile * transform.vram_bytes, transform.depth)[0]
        assert origin.transform == transform.name
        assert (origin.codec, origin.block_offset, origin.byte_offset) == place(tile * transform.stored_bytes)


@every_transform
def test_tiles_that_are_stored_plainly_are_found_where_they_are(transform: Transform) -> None:
    stored = stored_tiles(transform)
    assert_found(raw_index(stored), transform, stored, lambda at: ("raw", AT + at, 0))


@every_transform
def test_tiles_in_a_block_are_found_at_their_byte(transform: Transform) -> None:
    stored = stored_tiles(transform)
    assert_found(packed_index(stored), transform, stored, lambda at: ("lz2", AT, at))


@pytest.mark.parametrize("name", ["3bpp-low", "3bpp-high"])
def test_a_single_3bpp_tile_is_found_without_neighbours(name: str) -> None:
    (transform,) = (one for one in TRANSFORMS if one.name == name)
    stored = np.random.default_rng(3).integers(0, 256, 24 * 64, np.uint8).tobytes()
    index = raw_index(stored)
    for tile in range(64):
        expanded = transform.expand(stored[24 * tile :][:24])
        assert index.lookup(expanded)[0] == (Origin("raw", AT + 24 * tile, 0, "content", name),)


def test_tiles_that_are_stored_as_they_stand_in_vram_name_no_transform() -> None:
    (low,) = (one for one in TRANSFORMS if one.name == "3bpp-low")
    tiles = low.expand(stored_tiles(low))  # planes 0 to 2 only, as stored 4bpp tiles
    found = raw_index(tiles).locate_vram(np.frombuffer(tiles.ljust(0x10000, b"\0"), np.uint8))
    assert {origin.transform for origins in found.origins for origin in origins} == {"none"}


def test_a_run_of_3bpp_tiles_wins_over_plain_bytes_that_happen_to_match() -> None:
    (low,) = (one for one in TRANSFORMS if one.name == "3bpp-low")
    stored = bytearray(stored_tiles(low))
    # A tile without plane 2, and one whose upper half is blank: the bytes between them are those of one 4bpp tile.
    stored[24 * 5 + 16 : 24 * 6 + 8] = bytes(16)
    index = raw_index(bytes(stored))
    assert index.lookup(low.expand(bytes(stored[24 * 5 :][:24])))[0][0].transform == "none"
    found = index.locate_vram(vram_of(low, bytes(stored)))
    assert found.origins[5][0] == Origin("raw", AT + 24 * 5, 0, "content", "3bpp-low")


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_following_changes_gives_what_a_fresh_look_gives(seed: int) -> None:
    rng = np.random.default_rng(seed)
    index, states = followed()
    tracker = VramTracker(index)
    vram = np.zeros(0x10000, np.uint8)
    for _ in range(5):
        other = states[rng.integers(len(states))]
        for _ in range(rng.integers(1, 6)):
            at, count = int(rng.integers(0, 1200)) * 32, int(rng.integers(1, 8)) * 32
            vram[at : at + count] = rng.choice([0, 1]) * other[at : at + count]
        followed_origins = tracker.update(vram)
        assert followed_origins.origins == index.locate_vram(vram).origins


def followed() -> tuple[RomIndex, list[NDArray[np.uint8]]]:
    """One ROM with tiles for every transform, and a VRAM of each."""
    if not _FOLLOWED:
        image = make_rom(0x80000)
        states = []
        for number, transform in enumerate(TRANSFORMS):
            stored = stored_tiles(transform, seed=number, count=200)
            image[0x10001 + number * 0x4000 :][: len(stored)] = stored
            states.append(vram_of(transform, stored))
        _FOLLOWED.append((RomIndex.build(Rom.from_bytes(bytes(image), "all"), []), states))
    return _FOLLOWED[0]


_FOLLOWED: list[tuple[RomIndex, list[NDArray[np.uint8]]]] = []


def test_a_row_of_ones_own_is_found_like_the_built_in_ones() -> None:
    rows = tuple((row * 2 + plane,) for row in reversed(range(8)) for plane in (0, 1))
    flipped = Transform("upside-down", 4, 32, (*rows, *(tuple(part + 16 for part in parts) for parts in rows)))
    stored = stored_tiles(flipped)
    rom = raw_index(stored).rom
    index = RomIndex.build(rom, [], transforms=(flipped,))
    found = index.locate_vram(vram_of(flipped, stored))
    assert found.origins[3][0] == Origin("raw", AT + 32 * 3, 0, "content", "upside-down")
    assert found.at(32 * 3)[0].transform == "upside-down"


def test_tables_with_a_name_twice_are_refused() -> None:
    with pytest.raises(UsageError, match="different names"):
        transform_rows([TRANSFORMS[0], TRANSFORMS[0]])
