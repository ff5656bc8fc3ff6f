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


@pytest.mark.parametrize("version", [6, 9, 10, 11, 12])
def test_memories_and_registers_are_read_from_every_version(version: int) -> None:
    fields = snes9x.parse_state(build_state(VRAM, CGRAM, OAM, registers={0x2101: 0x63}, version=version))
    assert fields.version == version
    assert fields.rom_name == "game.sfc"
    assert fields.vram.tobytes() == VRAM
    assert fields.cgram.astype("<u2").tobytes() == CGRAM
    assert fields.oam.tobytes() == OAM
    assert fields.ppu.obsel == 0x63
    assert fields.ppu.m7a == 0
    assert fields.wram is None


def test_registers_are_those_that_were_written() -> None:
    ppu = snes9x.parse_state(STATE).ppu
    assert (ppu.obsel, ppu.oamadd, ppu.tm) == (0x63, 0x8000, 0x11)


def test_write_twice_registers_of_an_unknown_layout_stay_unknown() -> None:
    at, length = snes9x.find_blocks(STATE)[1]["PPU"]
    longer = STATE[: at - 11] + block("PPU", STATE[at : at + length] + b"\0") + STATE[at + length :]
    ppu = snes9x.parse_state(longer).ppu
    assert (ppu.bg1hofs, ppu.m7a, ppu.coldata) == (None, None, None)
    assert ppu.obsel == 0x63


def test_zeros_after_the_last_block_are_no_block() -> None:
    assert snes9x.parse_state(STATE + bytes(1000)).vram.tobytes() == VRAM


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
        (STATE.replace(b"0009", b"0005", 1), "version 5"),
        (STATE.replace(b"0009", b"0077", 1), "version 77"),
        (STATE[:-1], "truncated"),
        (STATE.replace(b"VRA:", b"VRX:", 1), "no VRA block"),
        (STATE[:14] + b"noise" * 9, "no block begins at offset 0xe"),
        (STATE[:14] + block("VRA", bytes(100)) + block("PPU", bytes(3000)), "VRA block at offset 0x19 has 100"),
        (STATE[:14] + block("VRA", VRAM) + block("PPU", bytes(300)), "too few to hold OAM"),
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
