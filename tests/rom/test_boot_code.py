"""A ROM without a usable header is opened where its reset vector leads to code that starts a program."""

import numpy as np
import pytest
from halscope._boot_code import boots
from halscope.demo import rom_path
from halscope.rom.image import Rom
from halscope.rom.mapping import Mapping
from halscope_hooks import RomError
from hypothesis import given
from hypothesis import strategies as st
from support.roms import make_rom

NATIVE = bytes.fromhex("78 18 fb c2 30 4c 05 80")  # SEI, CLC, XCE, REP #$30, a jump to itself
EMULATION = bytes.fromhex("78 a9 80 8d 00 21 9c 00 42 80 fe")  # SEI, screen off, NMI off, a branch to itself
LATE = bytes.fromhex("a5 00 c9 24 d0 03 4c 40 80 78 18 fb c2 38 a2 ff 1f 9a 9c 0d 42")  # behind a branch


def page(code: bytes, reset: int = 0x8000) -> bytearray:
    image = bytearray(0x8000)
    image[reset & 0x7FFF : (reset & 0x7FFF) + len(code)] = code
    image[0x7FFC:0x7FFE] = reset.to_bytes(2, "little")
    return image


def is_code(image: bytes | bytearray) -> bool:
    return boots(np.frombuffer(bytes(image), np.uint8), 0)


@pytest.mark.parametrize("code", [NATIVE, EMULATION, LATE], ids=["native", "emulation", "late"])
@pytest.mark.parametrize("reset", [0x8000, 0xC123])
def test_what_programs_begin_with_is_code(code: bytes, reset: int) -> None:
    if code == NATIVE:
        code = code[:5] + b"\x80\xfe"
    assert is_code(page(code, reset))


@pytest.mark.parametrize(
    "image",
    [
        page(NATIVE, 0x4000),  # the vector leads to RAM
        page(b"\x00" + NATIVE),  # BRK
        page(b""),
        page(b"\xff" * 64),
        page(b"\xea" * 64),  # only NOPs: nothing speaks for it
        page(NATIVE)[:0x7FFF],
    ],
    ids=["vector", "brk", "zeros", "ones", "nops", "short"],
)
def test_what_starts_nothing_is_not_code(image: bytearray) -> None:
    assert not is_code(image)


def test_noise_is_not_code() -> None:
    noise = np.random.default_rng(3).integers(0, 256, (2000, 0x8000), np.uint8)
    assert sum(boots(image, 0) for image in noise) <= 1


@given(st.binary(max_size=200), st.integers(0, 0xFFFF))
def test_any_code_can_be_followed(code: bytes, reset: int) -> None:
    is_code(page(code[: 0x8000 - (reset & 0x7FFF)], reset)[:0x8000])


@pytest.mark.parametrize("mapping", Mapping)
def test_a_blank_header_is_a_warning(mapping: Mapping) -> None:
    size = 0x600000 if mapping.header_offset > 0x400000 else 0x80000
    image = make_rom(size, mapping)
    at = mapping.header_offset
    image[at : at + 0x20] = bytes(0x20)
    image[mapping.page_offset : mapping.page_offset + len(NATIVE)] = NATIVE
    rom = Rom.from_bytes(image)
    # Without the header nothing tells SA-1 from LoROM.
    assert rom.mapping is (Mapping.LOROM if mapping is Mapping.SA1 else mapping)
    (warning,) = rom.warnings
    assert warning.startswith(f"no header at {at:#x}; the mapping is {rom.mapping.value} because the code")
    assert "--mapping" in warning
    assert (rom.title, rom.checksum_rule) == ("", None)


def test_a_damaged_header_keeps_its_title() -> None:
    image = make_rom()
    image[0x7FD5:0x7FE0] = bytes(11)
    image[: len(NATIVE)] = NATIVE
    rom = Rom.from_bytes(image)
    assert rom.title == "HALSCOPE TEST"
    assert len(rom.warnings) == 1


def test_the_demo_without_header_is_the_demo() -> None:
    with rom_path() as path:
        image = bytearray(path.read_bytes())
    image[0x7FC0:0x7FE0] = bytes(0x20)
    assert Rom.from_bytes(image).mapping is Mapping.LOROM
    image[0x7FFC:0x7FFE] = b"\0\0"
    with pytest.raises(RomError, match="no reset vector leads to plausible code"):
        Rom.from_bytes(image)
