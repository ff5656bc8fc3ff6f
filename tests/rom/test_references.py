"""The index keeps the pointers that prove a start: each of their bytes, their table, and their target."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from halscope import demo
from halscope.codecs import hal, lz
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope.rom.mapping import Mapping, snes_mirrors
from halscope.rom.references import (
    ENTRY_DTYPE,
    NO_BANK,
    REFERENCE_DTYPE,
    TABLE_DTYPE,
    KnownTable,
    References,
    ReferenceTable,
)
from halscope_hooks import UsageError
from support.truth_rom import TruthRom, make_truth_rom, shared_index, shared_truth


@cache
def demo_index() -> RomIndex:
    with demo.rom_path() as path:
        return RomIndex.build(Rom.load(path), [hal.HAL])


def test_every_pointer_of_the_demo_is_known_for_its_block() -> None:
    index, truth = demo_index(), demo.truth()
    base, count, size = (truth["table"][name] for name in ("offset", "count", "entry_size"))
    found = {}
    for block in truth["blocks"]:
        (reference,) = index.references("hal", block["offset"])
        assert reference.shape == "long"
        assert reference.parts == (reference.offset, reference.offset + 1, reference.offset + 2)
        assert index.rom.to_offset(reference.address) == block["offset"]
        assert reference.address.to_bytes(3, "little") == bytes(index.rom.data[reference.offset :][:3])
        table = reference.table
        assert (table.base, table.count, table.stride, table.known) == (base, count, size, False)
        assert table.evidence > 100
        found[block["index"]] = reference.offset
    assert found == {number: base + size * number for number in range(count)}


@pytest.mark.parametrize("mapping", [Mapping.LOROM, Mapping.HIROM, Mapping.SA1])
def test_every_pointer_of_a_made_rom_is_known_for_its_block(mapping: Mapping) -> None:
    truth, index = shared_truth(1, pointers=True, mapping=mapping), shared_index(1, pointers=True, mapping=mapping)
    assert truth.table is not None
    places = set()
    for block in truth.blocks:
        references = index.references("hal", block.offset)
        assert len(references) == 1
        assert truth.rom.to_offset(references[0].address) == block.offset
        places.add(references[0].offset)
    assert places == {truth.table + 3 * number for number in range(len(truth.blocks))}


def test_a_rom_without_tables_has_no_references() -> None:
    truth, index = shared_truth(2, pointers=False), shared_index(2, pointers=False)
    assert all(index.references("hal", block.offset) == () for block in truth.blocks)
    assert len(index._references.rows) == len(index._references.tables) == 0


def test_what_is_no_start_has_no_references_and_another_codec_is_refused() -> None:
    index = demo_index()
    start = demo.truth()["blocks"][0]["offset"]
    assert index.references("hal", start + 1) == index.references("hal", 1 << 40) == ()
    with pytest.raises(UsageError, match='no codec "lz1"'):
        index.references("lz1", start)


def with_records(stride: int, mirror: int) -> tuple[TruthRom, Rom, int]:
    """A truth ROM without its table, and one whose records hold the pointers, two of them to the first block."""
    truth = make_truth_rom(4, blocks=24, pointers=False)
    image, at = bytearray(truth.rom.data.tobytes()), 0x302
    for number, block in enumerate([*truth.blocks, truth.blocks[0]]):
        address = snes_mirrors(truth.rom.mapping, block.offset, len(image))[mirror]
        image[at + stride * number : at + stride * number + 3] = address.to_bytes(3, "little")
    return truth, Rom.from_bytes(bytes(image), "records"), at


@pytest.mark.parametrize(("stride", "mirror"), [(3, 0), (4, 1), (9, 0), (16, 1)])
def test_records_of_any_stride_and_mirror_and_every_pointer_to_one_block(stride: int, mirror: int) -> None:
    truth, rom, at = with_records(stride, mirror)
    index = RomIndex.build(rom, [hal.HAL])
    first = index.references("hal", truth.blocks[0].offset)
    assert [one.offset for one in first] == [at, at + stride * len(truth.blocks)]
    assert {one.address for one in first} == {snes_mirrors(rom.mapping, truth.blocks[0].offset, len(rom.data))[mirror]}
    for number, block in enumerate(truth.blocks[1:], 1):
        (reference,) = index.references("hal", block.offset)
        assert reference.offset == at + stride * number
        assert reference.table == first[0].table
        assert (reference.table.base, reference.table.stride) == (at, stride)
        assert reference.table.count == len(truth.blocks) + 1


def known_table(rom: Rom, targets: list[int], places: list[tuple[int, int, int]], stride: int) -> KnownTable:
    rows = [(*place, rom.to_snes(target), target) for place, target in zip(places, targets, strict=True)]
    return KnownTable("hal", stride, np.array(rows, ENTRY_DTYPE))


@pytest.mark.parametrize(
    ("shape", "places"),
    [
        ("long", (0x100, 0x101, 0x102)),
        ("word", (0x100, 0x101, NO_BANK)),
        ("word+bank", (0x100, 0x101, 0x200)),
        ("parallel", (0x100, 0x180, 0x200)),
    ],
)
def test_the_entries_of_a_known_table_are_references_whatever_its_shape(
    shape: str, places: tuple[int, int, int], tmp_path: Path
) -> None:
    truth = shared_truth(2, pointers=False)
    blocks = [truth.blocks[3].offset, truth.blocks[9].offset]
    second = (places[0] + 4, places[1] + 4, places[2] if places[2] == NO_BANK else places[2] + 4)
    table = known_table(truth.rom, blocks, [places, second], 4)
    for _ in range(2):  # built, and from the cache
        index = RomIndex.load_or_build(truth.rom, [hal.HAL], known_tables=[table], cache_dir=tmp_path)
        kinds = {int(row["offset"]): str(row["start"]) for row in index.blocks}
        for block, place in zip(blocks, [places, second], strict=True):
            assert kinds[block] == "pointer"
            (reference,) = index.references("hal", block)
            assert reference.shape == shape
            assert reference.parts == (place[0], place[1], None if place[2] == NO_BANK else place[2])
            assert reference.address == truth.rom.to_snes(block)
            assert reference.table == ReferenceTable(0x100, 2, 4, float("inf"))
            assert reference.table.known
        assert index.references("hal", truth.blocks[4].offset) == ()
    assert len(list(tmp_path.iterdir())) == 1
    RomIndex.load_or_build(truth.rom, [hal.HAL], cache_dir=tmp_path)
    assert len(list(tmp_path.iterdir())) == 2, "the tables are part of the cache's key"


def test_a_table_that_is_known_and_found_is_listed_once() -> None:
    truth = shared_truth(1, pointers=True)
    found = shared_index(1, pointers=True)
    rows = [found.references("hal", block.offset)[0] for block in truth.blocks]
    places = [(row.offset, row.offset + 1, row.offset + 2) for row in rows]
    table = known_table(truth.rom, [block.offset for block in truth.blocks], places, 3)
    index = RomIndex.build(truth.rom, [hal.HAL, lz.LZ2], known_tables=[table])
    for block, row in zip(truth.blocks, rows, strict=True):
        (reference,) = index.references("hal", block.offset)
        assert (reference.parts, reference.address, reference.table.known) == (row.parts, row.address, True)
        assert index.references("lz2", block.offset) == ()


def test_the_cache_keeps_them(tmp_path: Path) -> None:
    truth = shared_truth(1, pointers=True)
    built = RomIndex.load_or_build(truth.rom, [hal.HAL], cache_dir=tmp_path)
    loaded = RomIndex.load_or_build(truth.rom, [hal.HAL], cache_dir=tmp_path)
    for block in truth.blocks:
        assert loaded.references("hal", block.offset) == built.references("hal", block.offset) != ()


def test_arrays_that_do_not_belong_together_do_not_fit() -> None:
    rows, tables = np.zeros(2, REFERENCE_DTYPE), np.zeros(1, TABLE_DTYPE)
    rows["bank"] = NO_BANK
    assert References(rows, tables).fit(1)
    for field, value in (("low", 1), ("high", 5), ("bank", 1), ("target", 1), ("table", 1)):
        wrong = rows.copy()
        wrong[field][1] = value
        assert not References(wrong, tables).fit(1), field
    wrong = rows.copy()
    wrong["target"] = [3, 2]
    assert not References(wrong, tables).fit(9)
    shapes = tables.copy()
    shapes["shape"] = 9
    assert not References(rows, shapes).fit(1)


def test_the_strongest_tables_are_kept_where_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("halscope.rom.references.MOST_REFERENCES", 30)
    entries = np.zeros(100, [("evidence", "<f4"), ("table", "<u4"), ("stride", "<u4")])
    entries["evidence"], entries["table"], entries["stride"] = 10, np.arange(100) % 5, 3
    positions = np.arange(100, dtype=np.uint32)
    kept = References.found(np.zeros(200, np.uint8), positions, positions, entries)
    assert len(kept.rows) == 30
    assert (np.bincount(kept.rows["table"]) == [20, 10]).all()
