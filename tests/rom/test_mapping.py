"""File offset ⇄ SNES address, for every mapping and size, mirrors included."""

import numpy as np
import pytest
from halscope.rom.mapping import Mapping, mirrored, page_table, snes_mirrors, to_offset, to_snes
from halscope_hooks import RomError, UsageError
from hypothesis import given
from hypothesis import strategies as st

MIB = 0x100000
LARGEST = {
    Mapping.LOROM: 4 * MIB,
    Mapping.HIROM: 4 * MIB,
    Mapping.EXLOROM: 0x7F0000,  # banks 7E and 7F are WRAM, so the last 64 KiB of 8 MiB have no address
    Mapping.EXHIROM: 0x7E0000,
    Mapping.SA1: 4 * MIB,
}


@st.composite
def places(draw: st.DrawFn) -> tuple[Mapping, int, int]:
    mapping = draw(st.sampled_from(Mapping))
    size = draw(st.integers(1, LARGEST[mapping]) | st.integers(1, LARGEST[mapping] // 0x8000).map(lambda n: n * 0x8000))
    return mapping, draw(st.integers(0, size - 1)), size


@given(places())
def test_an_offset_survives_the_way_to_an_address_and_back(place: tuple[Mapping, int, int]) -> None:
    mapping, rom_offset, size = place
    assert to_offset(mapping, to_snes(mapping, rom_offset, size), size) == rom_offset


@given(places())
def test_every_mirror_maps_back(place: tuple[Mapping, int, int]) -> None:
    mapping, rom_offset, size = place
    direct = snes_mirrors(mapping, rom_offset, size)
    everywhere = snes_mirrors(mapping, rom_offset, size, repeats=True)
    assert direct[0] == to_snes(mapping, rom_offset, size)
    assert set(direct) <= set(everywhere)
    assert len(set(everywhere)) == len(everywhere)
    assert {to_offset(mapping, address, size) for address in everywhere} == {rom_offset}


@given(places())
def test_the_mirrors_are_all_addresses_that_show_the_byte(place: tuple[Mapping, int, int]) -> None:
    mapping, rom_offset, size = place
    addresses = np.arange(512) * 0x8000 + rom_offset % 0x8000
    shown = [address for address in addresses.tolist() if to_offset(mapping, address, size) == rom_offset]
    assert shown == sorted(snes_mirrors(mapping, rom_offset, size, repeats=True))


@given(st.sampled_from(Mapping), st.integers(0, 0xFFFFFF), st.integers(1, 8 * MIB))
def test_an_address_leads_into_the_image_or_nowhere(mapping: Mapping, address: int, size: int) -> None:
    one = to_offset(mapping, address, size)
    assert one is None or 0 <= one < size


@pytest.mark.parametrize(
    ("mapping", "rom_offset", "size", "expected"),
    [
        (Mapping.LOROM, 0x0000, 4 * MIB, {0x008000, 0x808000}),
        (Mapping.LOROM, 0x0ABCD, 4 * MIB, {0x01ABCD, 0x81ABCD}),  # 0x0ABCD is 0x2BCD of bank 1
        (Mapping.LOROM, 0x200000, 4 * MIB, {0x408000, 0xC08000, 0x400000, 0xC00000}),
        (Mapping.LOROM, 0x3F8123, 4 * MIB, {0xFF8123}),  # 7F is WRAM
        (Mapping.HIROM, 0x12345, 4 * MIB, {0x412345, 0xC12345}),
        (Mapping.HIROM, 0x1FFC0, 4 * MIB, {0x01FFC0, 0x41FFC0, 0x81FFC0, 0xC1FFC0}),
        (Mapping.HIROM, 0x3E1234, 4 * MIB, {0xFE1234}),
        (Mapping.EXLOROM, 0x400000, 6 * MIB, {0x008000}),
        (Mapping.EXLOROM, 0x000000, 6 * MIB, {0x808000}),
        (Mapping.EXHIROM, 0x000000, 6 * MIB, {0xC00000}),
        (Mapping.EXHIROM, 0x40FFC0, 6 * MIB, {0x00FFC0, 0x40FFC0}),
        (Mapping.EXHIROM, 0x7E8000, 8 * MIB, {0x3E8000}),
        (Mapping.SA1, 0x007FC0, 4 * MIB, {0x00FFC0, 0xC07FC0}),
        (Mapping.SA1, 0x100000, 4 * MIB, {0x208000, 0xD00000}),
        (Mapping.SA1, 0x2089AB, 4 * MIB, {0x8189AB, 0xE089AB}),  # 80 to 9F is the third MiB, not a mirror of 00 to 1F
        (Mapping.SA1, 0x3FFFFF, 4 * MIB, {0xBFFFFF, 0xFFFFFF}),
    ],
)
def test_known_places(mapping: Mapping, rom_offset: int, size: int, expected: set[int]) -> None:
    assert set(snes_mirrors(mapping, rom_offset, size)) == expected


@pytest.mark.parametrize(
    ("mapping", "rom_offset", "canonical"),
    [
        (Mapping.LOROM, 0x8000, 0x018000),
        (Mapping.HIROM, 0x8000, 0xC08000),
        (Mapping.EXHIROM, 0x8000, 0xC08000),
        (Mapping.EXHIROM, 0x408000, 0x408000),
        (Mapping.EXLOROM, 0x8000, 0x818000),
        (Mapping.SA1, 0x8000, 0xC08000),
    ],
)
def test_the_canonical_address_is_the_one_that_people_write(mapping: Mapping, rom_offset: int, canonical: int) -> None:
    assert to_snes(mapping, rom_offset, 6 * MIB if rom_offset >= 4 * MIB else 4 * MIB) == canonical


@pytest.mark.parametrize("address", [0x000000, 0x7E0000, 0x7FFFFF, 0x802100, 0x700000])
def test_ram_and_registers_show_no_rom(address: int) -> None:
    assert to_offset(Mapping.LOROM, address, 4 * MIB) is None


def test_a_3_mib_rom_shows_its_last_mib_twice() -> None:
    assert mirrored(0x300000, 3 * MIB) == 0x200000
    assert to_offset(Mapping.HIROM, 0xF01234, 3 * MIB) == 0x201234
    assert to_offset(Mapping.HIROM, 0xE01234, 3 * MIB) == 0x201234
    assert 0xF01234 in snes_mirrors(Mapping.HIROM, 0x201234, 3 * MIB, repeats=True)
    assert 0xF01234 not in snes_mirrors(Mapping.HIROM, 0x201234, 3 * MIB)


def test_a_byte_that_no_address_shows_is_said() -> None:
    assert snes_mirrors(Mapping.SA1, 4 * MIB, 6 * MIB) == ()
    with pytest.raises(RomError, match="0x400000 has no SNES address in the sa1 mapping"):
        to_snes(Mapping.SA1, 4 * MIB, 6 * MIB)


def test_places_outside_are_refused() -> None:
    with pytest.raises(UsageError, match="outside the image"):
        to_snes(Mapping.LOROM, 0x80000, 0x80000)
    with pytest.raises(UsageError, match="not a SNES address"):
        to_offset(Mapping.LOROM, 0x1000000, 0x80000)
    with pytest.raises(UsageError, match="has no addresses"):
        to_offset(Mapping.LOROM, 0x8000, 0)


def test_windows_are_the_banks_that_a_stream_cannot_leave() -> None:
    assert [mapping.window for mapping in Mapping] == [0x8000, 0x10000, 0x8000, 0x10000, 0]


def test_page_tables_are_shared_and_so_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        page_table(Mapping.LOROM, 0x80000)[0] = 0
