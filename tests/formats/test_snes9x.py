"""snes9x states: read block by block, refused if damaged. (tests/hosts proves the offsets on the core.)"""

from __future__ import annotations

import numpy as np
import pytest
from halscope.formats import snes9x
from halscope_hooks import FormatError
from hypothesis import given
from hypothesis import strategies as st
from support.examples import examples
from support.snes9x_state import block, build_state

_RNG = np.random.default_rng(3)
VRAM, CGRAM, OAM = _RNG.bytes(0x10000), _RNG.integers(0, 0x8000, 256).astype("<u2").tobytes(), _RNG.bytes(544)
STATE = build_state(VRAM, CGRAM, OAM, registers={0x2101: 0x63, 0x2103: 0x80, 0x212C: 0x11})


TWICE = {f"bg{n}{axis}ofs": 0x100 * n % 0x400 + 7 * n + (axis == "v") for n in (1, 2, 3, 4) for axis in "hv"} | {
    "m7a": 0xFE01,
    "m7b": 0x0102,
    "m7c": 0x8003,
    "m7d": 0x7F04,
    "m7x": 0x1F05,
    "m7y": 0x0A06,
    "m7hofs": 0x1007,
    "m7vofs": 0x0F08,
    "coldata": 0x56B5,
    "cgadd": 0x123,
}


@pytest.mark.parametrize("version", [6, 9, 10, 11, 12, 13, 14])
def test_memories_and_registers_are_read_from_every_version(version: int) -> None:
    state = build_state(VRAM, CGRAM, OAM, registers={0x2101: 0x63}, write_twice=TWICE, version=version)
    fields = snes9x.parse_state(state)
    assert fields.version == version
    assert fields.rom_name == "game.sfc"
    assert fields.vram.tobytes() == VRAM
    assert fields.cgram.astype("<u2").tobytes() == CGRAM
    assert fields.oam.tobytes() == OAM
    assert fields.ppu.obsel == 0x63
    assert {name: getattr(fields.ppu, name) for name in TWICE} == TWICE
    assert fields.wram is None
    at = snes9x.cgram_offset(state)
    assert np.frombuffer(state, ">u2", 256, at).astype("<u2").tobytes() == CGRAM


def test_registers_are_those_that_were_written() -> None:
    ppu = snes9x.parse_state(STATE).ppu
    assert (ppu.obsel, ppu.oamadd, ppu.tm) == (0x63, 0x8000, 0x11)


SCREEN = {0x2100: 0x0F, 0x2101: 0x63, 0x2105: 0x09, 0x2126: 3, 0x2127: 200, 0x2128: 9}


@pytest.mark.parametrize("version", [12, 15])
@pytest.mark.parametrize("inserted", [b"", b"\x05", bytes(range(40))])
def test_a_block_of_an_unknown_length_is_read_where_its_fields_repeat(version: int, inserted: bytes) -> None:
    state = build_state(VRAM, CGRAM, OAM, registers=SCREEN, write_twice=TWICE, version=version, inserted=inserted)
    at, length = snes9x.find_blocks(state)[1]["PPU"]
    longer = state[: at - 11] + block("PPU", state[at : at + length] + b"new") + state[at + length :]
    fields = snes9x.parse_state(longer, known_vram=np.frombuffer(VRAM, np.uint8))
    assert fields.cgram.astype("<u2").tobytes() == CGRAM
    assert fields.oam.tobytes() == OAM
    assert {name: getattr(fields.ppu, name) for name in TWICE} == TWICE
    assert fields.ppu.bgmode == 9


def test_a_block_of_an_unknown_length_is_refused_where_nothing_proves_the_places_of_its_fields() -> None:
    empty = build_state(VRAM, CGRAM, bytes(544), version=12, inserted=b"\x05")
    with pytest.raises(FormatError, match=r"PPU block at offset 0x\w+ has 2653 bytes.*not found in it"):
        snes9x.parse_state(empty)


def test_a_version_that_is_too_new_is_read_if_its_blocks_are_known() -> None:
    state = build_state(VRAM, CGRAM, OAM, registers=SCREEN, write_twice=TWICE, version=77)
    fields = snes9x.parse_state(state, known_vram=np.frombuffer(VRAM, np.uint8))
    assert (fields.version, fields.ppu.m7a) == (77, 0xFE01)


def test_a_version_that_is_too_new_is_refused_with_what_to_do() -> None:
    state = build_state(VRAM, CGRAM, OAM, registers=SCREEN, version=15)
    other = np.frombuffer(VRAM, np.uint8) ^ np.uint8(1)
    message = r"does not hold the emulator's VRAM; state version 15 is newer .*\(6 to 14\): update Halscope"
    with pytest.raises(FormatError, match=message):
        snes9x.parse_state(state, known_vram=other)
    with pytest.raises(FormatError, match=r"there is no VRA block.*state version 15 is newer"):
        snes9x.parse_state(state.replace(b"VRA:", b"VRX:", 1))


@pytest.mark.parametrize("word", [b"Removed", b"MemoryROM"])
def test_the_word_that_libretro_cores_write_is_no_file_name(word: bytes) -> None:
    head, name = b"NAM:000009:game.sfc\0", block("NAM", word + b"\0")
    assert snes9x.parse_state(STATE.replace(head, name)).rom_name == ""


def test_zeros_after_the_last_block_are_no_block() -> None:
    assert snes9x.parse_state(STATE + bytes(1000)).vram.tobytes() == VRAM


def test_blocks_are_found_again_wherever_the_next_state_has_them() -> None:
    size = len(STATE) + 100
    more = STATE + block("ABC", b"123")  # where a state of the same size has zeros
    moved = STATE[:14] + block("ABC", b"123") + STATE[14:]
    other = build_state(VRAM, CGRAM, OAM, version=12)
    plain, longer = STATE.ljust(size, b"\0"), STATE.ljust(size + 1, b"\0")
    finder = snes9x.BlockFinder()
    for state in (plain, plain, other.ljust(size, b"\0"), plain, moved.ljust(size, b"\0"), longer, plain, more, plain):
        assert finder.find(state) == snes9x.find_blocks(state)
    assert finder.find(more.ljust(size, b"\0")) == snes9x.find_blocks(more)
    with pytest.raises(FormatError, match="no block begins"):
        finder.find(STATE.ljust(size, b"?"))
    assert finder.find(plain) == snes9x.find_blocks(plain)


def test_a_block_of_more_than_six_digits_has_a_binary_length() -> None:
    head = bytearray(b"BIG:------:")
    head[6:10] = (1_500_000).to_bytes(4, "big")
    with_big = STATE[:14] + bytes(head) + bytes(1_500_000) + STATE[14:]
    assert snes9x.find_blocks(with_big)[1]["BIG"] == (25, 1_500_000)
    assert snes9x.parse_state(with_big).oam.tobytes() == OAM


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (b"", "begins with"),
        (b"BST1" + bytes(100), "begins with"),
        (b"#!s9xsnp:abcd\n", "is not a number"),
        (STATE.replace(b"0009", b"0005", 1), "version 5 is too old"),
        (STATE[:-1], "truncated"),
        (STATE.replace(b"VRA:", b"VRX:", 1), "no VRA block"),
        (STATE[:14] + b"noise" * 9, "no block begins at offset 0xe"),
        (STATE[:14] + block("VRA", bytes(100)) + block("PPU", bytes(3000)), "VRA block at offset 0x19 has 100"),
        (STATE[:14] + block("VRA", VRAM) + block("PPU", bytes(300)), "PPU block at .* has 300 bytes"),
    ],
)
def test_a_damaged_state_is_refused_with_the_place(state: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        snes9x.parse_state(state)


@examples(200)
@given(data=st.data())
def test_damage_never_raises_anything_else(data: st.DataObject) -> None:
    damaged = bytearray(STATE)
    headers = [at - 11 + offset for at, _ in snes9x.find_blocks(STATE)[1].values() for offset in range(11)]
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.sampled_from([*range(14), *headers]))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(damaged)))
    for state in (bytes(damaged), bytes(damaged[:cut])):
        try:
            fields = snes9x.parse_state(state)
        except FormatError:
            continue
        assert fields.vram.shape == (0x10000,)
