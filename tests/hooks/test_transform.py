"""Transforms as values: expanding and collapsing are inverse, and a table that loses bytes is refused."""

from __future__ import annotations

import numpy as np
import pytest
from halscope_hooks import NO_TRANSFORM, TRANSFORMS, Origin, Transform, UsageError, VramOrigins
from hypothesis import given
from hypothesis import strategies as st

every_transform = pytest.mark.parametrize("transform", TRANSFORMS, ids=lambda one: one.name)
LOW, HIGH, MODE7 = (next(one for one in TRANSFORMS if one.name == name) for name in ("3bpp-low", "3bpp-high", "mode7"))


@every_transform
@given(data=st.data())
def test_what_is_expanded_collapses_to_the_same(transform: Transform, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, 3))
    stored = data.draw(st.binary(min_size=count * transform.stored_bytes, max_size=count * transform.stored_bytes))
    around = data.draw(st.binary(min_size=count * transform.vram_bytes, max_size=count * transform.vram_bytes))
    expanded = transform.expand(stored, around)
    assert transform.collapse(expanded) == stored
    assert all(
        expanded[at] == around[at] for at in range(len(around)) if transform.parts[at % transform.vram_bytes] is None
    )


@every_transform
@given(data=st.data())
def test_any_bytes_collapse_to_what_expands_to_them_or_not_at_all(transform: Transform, data: st.DataObject) -> None:
    tile = data.draw(st.binary(min_size=transform.vram_bytes, max_size=transform.vram_bytes))
    stored = transform.collapse(tile)
    assert stored is None or transform.expand(stored, tile) == tile


def test_three_planes_become_four_in_two_ways() -> None:
    stored = bytes([1, 2] * 8) + bytes([4] * 8)
    assert LOW.expand(stored) == bytes([1, 2] * 8 + [4, 0] * 8)
    assert HIGH.expand(stored) == bytes([1, 2] * 8 + [4, 7] * 8)
    assert LOW.collapse(HIGH.expand(stored)) is None
    assert HIGH.collapse(bytes([1, 2] * 8 + [4, 7] * 7 + [4, 6])) is None


def test_mode_7_keeps_the_map_between_its_pixels() -> None:
    assert MODE7.expand(bytes(range(64)), b"\xaa" * 128) == bytes(byte for k in range(64) for byte in (0xAA, k))


def test_lengths_that_are_no_whole_tiles_are_refused() -> None:
    with pytest.raises(UsageError, match="3bpp-low"):
        LOW.expand(bytes(23))
    with pytest.raises(UsageError, match="3bpp-low"):
        LOW.expand(bytes(24), b"")
    with pytest.raises(UsageError, match="3bpp-low"):
        LOW.collapse(bytes(31))


def test_a_table_that_cannot_be_undone_is_refused() -> None:
    with pytest.raises(UsageError, match="32 bytes in VRAM"):
        Transform("short", 4, 24, ((0,),) * 16)
    with pytest.raises(UsageError, match="one that is not stored"):
        Transform("past", 2, 8, ((8,),) * 16)
    with pytest.raises(UsageError, match="7 stored bytes cannot be recovered"):
        Transform("lossy", 2, 8, ((0,),) * 16)


def origins_of(*found: tuple[Origin, ...], silent: int | None = None) -> VramOrigins:
    """The origins of eight units, of which one may say nothing."""
    return VramOrigins((*found, *((),) * (8 - len(found))), np.arange(8) != silent)


def test_origins_are_given_for_the_depth_that_their_transform_makes() -> None:
    plain, low = Origin("hal", 0x100, 64, "content"), Origin("hal", 0x200, 24, "content", "3bpp-low")
    font = Origin("raw", 0x300, 0, "content", "1bpp")
    origins = origins_of((plain, low, font))
    assert origins.at(0) == (plain, low)
    assert origins.at(0, 2) == (plain, font)
    assert origins.at(16, 2) == (Origin("hal", 0x100, 80, "content"), Origin("raw", 0x308, 0, "content", "1bpp"))
    assert plain.transform == NO_TRANSFORM


def test_a_mode_7_tile_is_four_units_of_one_place() -> None:
    units = [Origin("raw", 0x400 + 16 * unit, 0, "content", "mode7") for unit in range(4)]
    other = Origin("raw", 0x900, 0, "content", "mode7")
    plain = Origin("raw", 0x500, 0, "content")
    origins = origins_of((other, plain, units[0]), *((one,) for one in units[1:]))
    assert origins.at(0, "mode7") == (units[0],)
    assert origins.at(128, "mode7") == ()
    assert origins_of((units[0],), (), (units[2],), (units[3],)).at(0, "mode7") == ()
    assert origins_of((units[0],), (), (units[2],), (units[3],), silent=1).at(0, "mode7") == (units[0],)
    assert origins_of((), *((one,) for one in units[1:]), silent=0).at(0, "mode7") == (units[0],)
    for vram_byte in (64, -128, 0x8000, 256):
        with pytest.raises(UsageError, match="no mode7 tile"):
            origins.at(vram_byte, "mode7")


def test_tiles_whose_units_of_vram_are_not_converted_alike_are_refused() -> None:
    with pytest.raises(UsageError, match="byte 0 of a tile takes bytes of another part of it"):
        Transform("halves", 8, 64, tuple((part,) for part in (*range(32, 64), *range(32))))
    with pytest.raises(UsageError, match="each 32 bytes of a tile in VRAM must be converted alike"):
        Transform("odd", 8, 64, tuple((part,) for part in (*range(32), *reversed(range(32, 64)))))


def test_planes_are_described_by_their_number_order_and_rows() -> None:
    planes = [bytes(range(first, first + 8)) for first in (0, 0x40, 0x80, 0xC0)]
    tile = b"".join(bytes([a, b]) for a, b in zip(*planes[:2], strict=True))
    tile += b"".join(bytes([a, b]) for a, b in zip(*planes[2:], strict=True))
    linear = Transform.planar("linear", 4, [(0,), (1,), (2,), (3,)], order="planes")
    assert linear.expand(b"".join(planes)) == tile
    by_row = Transform.planar("by-row", 4, [(3,), (2,), (1,), (0,)], order="rows")
    assert by_row.expand(b"".join(bytes(row) for row in zip(*planes[::-1], strict=True))) == tile
    flipped = Transform.planar("flipped", 4, [(0,), (1,), (2,), (3,)], rows=range(7, -1, -1))
    upside_down = b"".join(tile[at : at + 2] for half in (0, 16) for at in range(half + 14, half - 2, -2))
    assert flipped.expand(upside_down) == tile
    assert linear.changes_bytes
    assert not Transform.planar("columns", 4, [(0,), (1,), (2,), (3,)], figure=((0, 2), (1, 3))).changes_bytes


@pytest.mark.parametrize(
    ("planes", "wrong"),
    [
        ([(0,), (1,)], "planes are given for 2 bits per pixel; it has 4"),
        ([(0,), (1,), (2,), (5,)], "the stored plane 3 is by itself in no plane"),
        ([(0,), (0, 1), (), ()], "the stored plane 1 is by itself in no plane of VRAM"),
        ([(), (), (), ()], "numbers from 0 on, at least one"),
        ([(-1,), (0,), (), ()], "numbers from 0 on"),
    ],
)
def test_planes_that_cannot_be_undone_are_refused(planes: list[tuple[int, ...]], wrong: str) -> None:
    with pytest.raises(UsageError, match=wrong):
        Transform.planar("bad", 4, planes)


def test_rows_and_figures_that_are_no_order_are_refused() -> None:
    planes = [(0,), (1,), (2,), (3,)]
    with pytest.raises(UsageError, match="rows are not the numbers 0 to 7"):
        Transform.planar("bad", 4, planes, rows=(0, 1, 2, 3, 4, 5, 6, 6))
    for figure in (((0, 1), (2,)), ((0, 2),), ((),), (), (tuple(range(17)),)):
        with pytest.raises(UsageError, match="form a rectangle"):
            Transform.planar("bad", 4, planes, figure=figure)
