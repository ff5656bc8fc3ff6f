"""Pointer tables: several addresses at one stride count; single matches and number patterns do not."""

from __future__ import annotations

import numpy as np
import pytest
from halscope.rom.image import Rom
from halscope.rom.mapping import Mapping, snes_mirrors
from halscope.rom.pointers import direct_pages, table_pointers
from numpy.typing import NDArray
from support.roms import make_rom

SIZE = 0x80000
TABLE = 0x1235


def starts(count: int, seed: int = 0) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Offsets, ascending, and families: four twins each."""
    offsets = np.sort(np.random.default_rng(seed).choice(np.arange(0x9000, SIZE), count, replace=False))
    return offsets.astype(np.uint32), (np.arange(count) // 4).astype(np.uint32)


def with_table(
    targets: list[int], *, stride: int = 3, mirror: int = 0, mapping: Mapping = Mapping.LOROM, at: int = TABLE
) -> Rom:
    """A ROM of noise with a table that points to the targets; 0 stands for an entry that points elsewhere."""
    image = make_rom(SIZE, mapping)
    for number, target in enumerate(targets):
        address = snes_mirrors(mapping, target, SIZE)[mirror] if target else 0x7E2000
        image[at + number * stride : at + number * stride + 3] = address.to_bytes(3, "little")
    return Rom.from_bytes(bytes(image), "test", mapping=mapping)


def evidence_of(rom: Rom, offsets: NDArray[np.uint32], families: NDArray[np.uint32]) -> NDArray[np.float32]:
    return table_pointers(rom, offsets, families).evidence


@pytest.mark.parametrize("stride", [3, 4, 7, 16])
@pytest.mark.parametrize("mirror", [0, 1])
def test_the_entries_of_a_table_are_found_at_any_stride_and_mirror(stride: int, mirror: int) -> None:
    offsets, families = starts(400)
    chosen = offsets[::40]
    evidence = evidence_of(with_table(chosen.tolist(), stride=stride, mirror=mirror), offsets, families)
    assert set(offsets[evidence > 0].tolist()) == set(chosen.tolist())


@pytest.mark.parametrize("mapping", [Mapping.LOROM, Mapping.HIROM, Mapping.SA1])
def test_every_mapping_has_its_addresses(mapping: Mapping) -> None:
    offsets, families = starts(400)
    chosen = offsets[::50]
    evidence = evidence_of(with_table(chosen.tolist(), mapping=mapping), offsets, families)
    assert set(offsets[evidence > 0].tolist()) == set(chosen.tolist())


def test_entries_that_lead_elsewhere_do_not_break_a_table() -> None:
    offsets, families = starts(400)
    chosen = offsets[::20].tolist()
    targets = [target for pair in zip(chosen, [0] * len(chosen), strict=True) for target in pair]
    evidence = evidence_of(with_table(targets), offsets, families)
    assert set(offsets[evidence > 0].tolist()) == set(chosen)


@pytest.mark.parametrize("before", [True, False])
def test_a_lone_pointer_across_a_gap_is_no_entry_of_a_table(before: bool) -> None:
    offsets, families = starts(400)
    chosen = offsets[::40].tolist()
    lone = int(offsets[6])
    evidence = evidence_of(with_table([lone, 0, 0, *chosen] if before else [*chosen, 0, 0, lone]), offsets, families)
    assert set(offsets[evidence > 0].tolist()) == set(chosen)


def test_one_pointer_or_two_are_no_table() -> None:
    offsets, families = starts(400)
    for count in (1, 2):
        assert not evidence_of(with_table(offsets[8 : 8 + 4 * count : 4].tolist()), offsets, families).any()


def test_three_pointers_are_a_table_where_accidents_are_rare() -> None:
    offsets, families = starts(40)
    chosen = offsets[[0, 8, 20]]
    evidence = evidence_of(with_table(chosen.tolist()), offsets, families)
    assert set(offsets[evidence > 0].tolist()) == set(chosen.tolist())


def test_twins_of_one_family_are_no_table() -> None:
    offsets, _ = starts(400)
    one_family = np.zeros(len(offsets), np.uint32)
    assert not evidence_of(with_table(offsets[::40].tolist()), offsets, one_family).any()


def test_noise_holds_no_table_even_where_accidents_are_common() -> None:
    rng = np.random.default_rng(1)
    offsets = np.sort(rng.choice(np.arange(SIZE), 60_000, replace=False)).astype(np.uint32)
    families = (np.arange(len(offsets)) // 50).astype(np.uint32)
    assert not evidence_of(with_table([]), offsets, families).any()


def test_what_lies_across_the_entries_of_a_table_is_none_of_it() -> None:
    offsets, families = starts(400)
    chosen = offsets[::20].tolist()
    rom = with_table(chosen)
    across = int.from_bytes(rom.data[TABLE + 38 : TABLE + 41].tobytes(), "little")
    page = int(direct_pages(rom)[across >> 15])
    if page >= 0:  # one more start, exactly where the bytes across two entries happen to point
        offsets = np.append(offsets, np.uint32(page + (across & 0x7FFF)))
        families = np.append(families, np.uint32(families.max() + 1))
        order = np.argsort(offsets)
        offsets, families = offsets[order], families[order]
    evidence = evidence_of(rom, offsets, families)
    assert set(offsets[evidence > 0].tolist()) == set(chosen)


def test_no_starts_and_tiny_roms_are_no_trouble() -> None:
    rom = with_table([])
    assert len(evidence_of(rom, np.empty(0, np.uint32), np.empty(0, np.uint32))) == 0
