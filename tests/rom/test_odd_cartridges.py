"""Odd cartridges: Satellaview, SPC7110, S-DD1, more than 4 MiB, copier headers with trailing bytes."""

import numpy as np
import pytest
from halscope._rom_file import copier_header_bytes, for_a_core
from halscope.games import match_game, profiles
from halscope.rom.checksum import MIRRORED, Rule
from halscope.rom.image import Rom
from halscope.rom.mapping import Mapping
from hypothesis import given
from hypothesis import strategies as st
from support.checksums import fix
from support.roms import make_rom

MIB = 0x100000
COPIER = bytes(range(256)) * 2


def satellaview(mapping: Mapping, size: int = MIB, title: bytes = b"SPECIAL HUNT") -> bytearray:
    """A broadcast program with noise as contents; its sum leaves out $xxB0 to $xxDF."""
    image = bytearray(np.random.default_rng(1).integers(0, 256, size, np.uint8).tobytes())
    at = mapping.header_offset
    image[at - 0x10 : at + 0x40] = bytes(0x50)
    image[at : at + 16] = title.ljust(16)
    map_mode = 0x20 if mapping is Mapping.LOROM else 0x21
    image[at + 0x10 : at + 0x1C] = b"\xff\xff\0\0\xff\x80\x30\x48" + bytes([map_mode, 0x10, 0x33, 0])
    image[at + 0x3C : at + 0x3E] = b"\x00\x80"
    image[mapping.page_offset : mapping.page_offset + 5] = bytes.fromhex("78 18 fb 80 fe")
    total = sum(image) - sum(image[at - 0x10 : at + 0x20])
    image[at + 0x1C : at + 0x20] = (~total & 0xFFFF).to_bytes(2, "little") + (total & 0xFFFF).to_bytes(2, "little")
    return image


@pytest.mark.parametrize("mapping", [Mapping.LOROM, Mapping.HIROM])
def test_a_satellaview_program_is_opened_without_a_warning(mapping: Mapping) -> None:
    rom = Rom.from_bytes(satellaview(mapping))
    assert (rom.mapping, rom.title, rom.warnings) == (mapping, "SPECIAL HUNT", ())
    assert rom.header.is_satellaview
    assert rom.map_mode == (0x20 if mapping is Mapping.LOROM else 0x21)


def test_the_built_in_profile_of_a_satellaview_program_matches() -> None:
    rom = Rom.from_bytes(satellaview(Mapping.LOROM, title=b"SPECIAL TEE SHOT"))
    match = match_game(profiles(), rom.title, rom.sha256, rom.read)
    assert match is not None
    assert match.profile.id == "special-tee-shot"


def test_the_title_of_a_satellaview_program_is_shift_jis() -> None:
    assert Rom.from_bytes(satellaview(Mapping.LOROM, title="カービィ".encode("shift_jis"))).title == "カービィ"


def test_the_sum_of_a_satellaview_program_leaves_its_header_out() -> None:
    image = satellaview(Mapping.LOROM)
    image[0x20000] ^= 0xFF
    rom = Rom.from_bytes(image)
    assert any("changed or damaged" in warning for warning in rom.warnings)
    assert rom.checksum_rule == Rule("satellaview")
    assert Rom.from_bytes(fix(image, 0x7FC0, rom.checksum_rule)).warnings == ()


def spc7110(mib: int, times: int) -> bytearray:
    """An image with the map mode and chip of an SPC7110 board, whose sum counts each byte `times` times."""
    image = make_rom(mib * MIB, Mapping.HIROM, map_mode=0x3A)
    image[0xFFD6] = 0xF5
    image[0xFFDC:0xFFE0] = b"\xff\xff\0\0"
    total = times * int(np.frombuffer(image, np.uint8).sum(dtype=np.uint64)) & 0xFFFF
    image[0xFFDC:0xFFE0] = (total ^ 0xFFFF).to_bytes(2, "little") + total.to_bytes(2, "little")
    return image


@pytest.mark.parametrize(("mib", "times"), [(2, 1), (3, 2), (5, 1)])
def test_an_spc7110_counts_its_sum_in_its_own_way(mib: int, times: int) -> None:
    image = spc7110(mib, times)
    rom = Rom.from_bytes(image)
    assert rom.warnings == ("a cartridge with SPC7110: addresses are those of plain hirom",)
    assert rom.checksum_rule is not None
    image[0x1234] ^= 1
    fixed = fix(image, 0xFFC0, rom.checksum_rule)
    assert Rom.from_bytes(fixed).warnings == rom.warnings


def test_a_sum_that_follows_no_known_rule_is_left_alone() -> None:
    image = spc7110(3, 5)
    rom = Rom.from_bytes(image)
    assert rom.checksum_rule is None
    assert any("follows no rule that is known" in warning for warning in rom.warnings)


def test_the_stale_sum_of_an_ordinary_cartridge_may_be_corrected() -> None:
    image = make_rom()
    image[0x1234] ^= 1
    assert Rom.from_bytes(image).checksum_rule == MIRRORED


def test_the_sum_of_an_overdump_stays_that_of_the_first_copy() -> None:
    image = make_rom()
    assert Rom.from_bytes(image + image).checksum_rule == Rule("mirrored", len(image))


def test_an_s_dd1_map_mode_fits_its_chip() -> None:
    image = make_rom(MIB, map_mode=0x32)
    image[0x7FD6] = 0x45
    rom = Rom.from_bytes(fix(image, 0x7FC0))
    assert rom.mapping is Mapping.LOROM
    assert rom.warnings == ("a cartridge with S-DD1: addresses are those of plain lorom",)


@pytest.mark.parametrize(("inner", "outer"), [(Mapping.HIROM, Mapping.EXHIROM), (Mapping.LOROM, Mapping.EXLOROM)])
def test_a_stale_header_in_the_first_4_mib_does_not_win(inner: Mapping, outer: Mapping) -> None:
    image = make_rom(6 * MIB, outer)
    at = inner.header_offset
    image[at : at + 0x40] = make_rom(4 * MIB, inner)[at : at + 0x40]
    image[inner.page_offset] = 0x78
    image = bytearray(fix(image, at))  # the stale one is the better header in every other respect
    image[outer.header_offset + 0x17] = 0
    assert Rom.from_bytes(image).mapping is outer


@pytest.mark.parametrize("mapping", [Mapping.LOROM, Mapping.HIROM])
def test_an_overdump_is_not_taken_for_an_ex_mapping(mapping: Mapping) -> None:
    image = make_rom(4 * MIB, mapping)
    rom = Rom.from_bytes(image + image)
    assert rom.mapping is mapping
    assert rom.checksum_rule == Rule("mirrored", len(image))


def test_a_plain_mapping_of_more_than_4_mib_is_a_warning() -> None:
    rom = Rom.from_bytes(make_rom(5 * MIB, Mapping.HIROM))
    assert rom.mapping is Mapping.HIROM
    assert any("hirom ends at 4 MiB" in warning for warning in rom.warnings)


@pytest.mark.parametrize("trailing", [0, 1, 100, 512, 513, 0x7FFF])
def test_a_copier_header_is_recognized_whatever_follows_the_image(trailing: int) -> None:
    rom = Rom.from_bytes(COPIER + bytes(make_rom()) + bytes(trailing))
    assert rom.copier_header == COPIER
    assert rom.title == "HALSCOPE TEST"
    assert rom.data.size == 0x80000 + trailing


def test_a_bare_image_of_any_length_keeps_its_first_bytes() -> None:
    for trailing in (0, 1, 512, 1023):
        image = bytes(make_rom()) + bytes(trailing)
        assert copier_header_bytes(image) == 0
        assert Rom.from_bytes(image).copier_header == b""


def test_no_core_takes_the_first_bytes_off_an_image_that_has_none_to_spare() -> None:
    # snes9x judges by the length modulo 8 KiB, bsnes by that modulo 32 KiB
    for size in (0x8000, 0x8000 + 512, 0x80000 + 0x1200, 0x80000 + 100):
        image = bytes(make_rom(0x88000))[:size]
        given_to_core = for_a_core(image)
        assert given_to_core.startswith(image)
        assert len(given_to_core) % 0x2000 != 512


@given(st.binary(max_size=0x60), st.sampled_from([0x7FB0, 0xFFB0, 0x7FC0, 0xFFC0]), st.integers(0, 1024))
def test_any_bytes_in_the_place_of_a_header_are_judged(field: bytes, at: int, trailing: int) -> None:
    image = bytearray(0x10000 + trailing)
    image[at : at + len(field)] = field[: len(image) - at]
    assert copier_header_bytes(bytes(image)) in (0, 512)
