"""Types that cross the boundary: a snapshot is immutable and refuses wrong shapes; origins count what was found."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest
from halscope_hooks import (
    RASTER_DTYPE,
    CgramOrigins,
    Changes,
    CpuRegisters,
    Decoder,
    Origin,
    Snapshot,
    UsageError,
    VramOrigins,
)
from hypothesis import given
from hypothesis import strategies as st


def make(**changes: object) -> Snapshot:
    fields: dict[str, object] = {
        "vram": np.zeros(0x10000, np.uint8),
        "cgram": np.zeros(256, np.uint16),
        "oam": np.zeros(544, np.uint8),
    }
    return Snapshot(**(fields | changes))  # type: ignore[arg-type]  # wrong types are what is tested


def test_a_later_change_of_the_hosts_buffer_does_not_reach_the_snapshot() -> None:
    vram = np.zeros(0x10000, np.uint8)
    snapshot = make(vram=vram)
    vram[5] = 7
    assert snapshot.vram[5] == 0
    with pytest.raises(ValueError, match="read-only"):
        snapshot.vram[5] = 1


def test_bytes_are_taken_as_little_endian_memory() -> None:
    snapshot = make(cgram=b"\x34\x12" + bytes(510))
    assert snapshot.cgram[0] == 0x1234
    assert snapshot.cgram.dtype == np.uint16


def test_a_private_read_only_array_is_not_copied() -> None:
    vram = np.zeros(0x10000, np.uint8)
    vram.flags.writeable = False
    assert make(vram=vram).vram is vram


@pytest.mark.parametrize(
    "changes",
    [
        {"vram": bytes(65535)},
        {"oam": np.zeros((544, 1), np.uint8)},
        {"cgram": np.zeros(256, np.float64)},
        {"cgram": np.full(256, 0x10000)},
        {"wram": bytes(0x10000)},
        {"picture": np.zeros((224, 256), np.uint8)},
        {"bwram": bytes(0x40001)},
        {"iram": bytes(0x7FF)},
        {"field": 2},
        {"ages": {"oam": -1}},
        {"ages": {"rom": 1}},
        {"ppu": None},
        {"cpu": {"hdmaen": 1}},
        {"raster": np.zeros(3, np.uint8)},
        {"raster": np.array([(312, 0, 0)], RASTER_DTYPE)},
        {"raster": np.array([(0, 0x40, 0)], RASTER_DTYPE)},
        {"raster": np.array([(9, 0, 0), (8, 0, 0)], RASTER_DTYPE)},
    ],
)
def test_another_shape_or_type_is_refused_by_name(changes: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=next(iter(changes))):
        make(**changes)


def test_the_optional_parts_are_read_only_and_empty_by_default() -> None:
    plain = make()
    assert (plain.bwram, plain.iram, plain.cpu, plain.field, plain.raster, dict(plain.ages)) == (None,) * 5 + ({},)
    writes = np.array([(8, 0x21, 5), (8, 0x22, 6)], RASTER_DTYPE)
    full = make(bwram=bytes(0x2000), iram=bytes(0x800), field=1, ages={"oam": 2}, raster=writes, cpu=CpuRegisters())
    writes["value"] = 0
    assert full.raster is not None
    assert full.raster["value"].tolist() == [5, 6]
    assert full.ages == {"oam": 2}
    for part in (full.bwram, full.iram, full.raster):
        assert part is not None
        assert not part.flags.writeable
    for twin in (pickle.loads(pickle.dumps(full)), copy.deepcopy(full), replace(full)):
        assert twin.ages == {"oam": 2}
        np.testing.assert_array_equal(twin.raster, full.raster)


def test_a_tile_of_any_depth_has_the_origins_of_its_bytes() -> None:
    hal, raw = Origin("hal", 0x8000, 32, "pointer"), Origin("raw", 0x9000, 0, "content")
    origins = VramOrigins(((hal, raw), (replace(hal, byte_offset=64),), (), ()), np.ones(4, np.bool_))
    assert origins.at(0) == (hal, raw)
    assert origins.at(0, 2) == (hal, raw)
    assert origins.at(16, 2) == (replace(hal, byte_offset=48), replace(raw, block_offset=0x9010))
    assert origins.at(0, 8) == (hal,), "at the raw place another tile follows"
    assert origins.at(64, 8) == ()
    for vram_byte, bpp in [(8, 4), (32, 8), (0, 3), (128, 4), (-32, 4)]:
        with pytest.raises(UsageError, match=r"no .bpp tile"):
            origins.at(vram_byte, bpp)


def test_colours_have_origins_like_tiles() -> None:
    place = (Origin("hal", 0x8000, 2, "pointer"),)
    origins = CgramOrigins((place, ()))
    assert origins.at(0) == place
    assert origins.located == 1
    with pytest.raises(UsageError, match="no colour 2"):
        origins.at(2)


@given(*[st.sets(st.integers(0, 2047), max_size=20)] * 2)
def test_changes_of_two_steps_are_those_of_either(one: set[int], other: set[int]) -> None:
    first, second = (Changes(tiles=np.array(sorted(tiles), np.int64)) for tiles in (one, other))
    assert second.joined(first).tiles.tolist() == sorted(one | other)
    assert bool(first) == bool(one)


def test_an_edge_rule_that_there_is_not_is_refused() -> None:
    assert Decoder(snes_address=0x8000, codec="hal", edge="wrap").edge == "wrap"
    with pytest.raises(UsageError, match="next-bank, wrap, linear"):
        Decoder(snes_address=0x8000, codec="hal", edge="bank")  # type: ignore[arg-type]


def test_located_counts_the_informative_tiles_that_have_a_place() -> None:
    place = (Origin("hal", 0x8000, 32, "pointer"),)
    informative = np.array([True, True, False, True])
    assert VramOrigins((place, (), place, place), informative).located == 2
