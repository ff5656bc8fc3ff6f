"""Registers are checked when they are created: a pushing host passes on what another program sent."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from halscope.ppu import decode_frame
from halscope_hooks import CpuRegisters, DmaChannel, PpuRegisters, Snapshot, UsageError
from hypothesis import given
from hypothesis import strategies as st

PPU_NAMES = [field.name for field in fields(PpuRegisters)]
WIDTHS = {
    "oamadd": 16,
    "cgadd": 9,
    "coldata": 15,
    "m7a": 16,
    "m7d": 16,
    "m7x": 13,
    "m7hofs": 13,
    "bg1hofs": 10,
    "bg4vofs": 10,
}
BLANK = Snapshot(vram=np.zeros(65536, np.uint8), cgram=np.zeros(256, np.uint16), oam=np.zeros(544, np.uint8))
CHANNEL = {"dmap": 1, "bbad": 0x18, "a1t": 0x8000, "a1b": 0x7E, "das": 0, "dasb": 0, "a2a": 0xFFFF, "ntrl": 255}


@pytest.mark.parametrize("name", PPU_NAMES)
def test_a_value_wider_than_its_register_is_refused_by_name(name: str) -> None:
    for value in (-1, 0x10000, 1 << 40):
        with pytest.raises(UsageError, match=rf"PPU register {name} is -?0x"):
            PpuRegisters(**{name: value})


@pytest.mark.parametrize("name", sorted(WIDTHS))
def test_a_register_takes_as_many_bits_as_it_has(name: str) -> None:
    most = (1 << WIDTHS[name]) - 1
    assert getattr(PpuRegisters(**{name: most}), name) == most
    with pytest.raises(UsageError, match=name):
        PpuRegisters(**{name: most + 1})


@pytest.mark.parametrize("value", ["99", 1.5, b"\x63", [99]])
def test_what_is_no_whole_number_is_refused(value: Any) -> None:
    with pytest.raises(UsageError, match=r"obsel is .* expected a whole number from 0 to 0xff"):
        PpuRegisters(obsel=value)


def test_a_numpy_integer_is_held_as_a_plain_one() -> None:
    ppu = PpuRegisters(obsel=np.uint8(0x63))  # type: ignore[arg-type]  # what hosts have in their hands
    assert type(ppu.obsel) is int
    assert ppu == PpuRegisters(obsel=0x63)


@given(st.dictionaries(st.sampled_from(PPU_NAMES), st.none() | st.integers(-10, 0x20000)))
def test_whatever_registers_can_be_made_can_be_decoded(values: dict[str, int | None]) -> None:
    try:
        ppu = PpuRegisters(**values)
    except UsageError:
        return
    frame = decode_frame(replace(BLANK, ppu=ppu))
    assert len(frame.sprites) == (0 if ppu.obsel is None else 128)


def test_the_processors_registers_are_checked_too() -> None:
    channel = DmaChannel(**CHANNEL)
    assert CpuRegisters(hdmaen=0x80, htime=339, vtime=0x1FF, dma=(channel,) * 8).dma[7].a2a == 0xFFFF
    with pytest.raises(UsageError, match="CPU register vtime is 0x200, expected 0 to 0x1ff"):
        CpuRegisters(vtime=0x200)
    with pytest.raises(UsageError, match="DMA register a1b is 0x100"):
        DmaChannel(**CHANNEL | {"a1b": 0x100})
    with pytest.raises(UsageError, match="dma holds 3 values, expected 8"):
        CpuRegisters(dma=(channel,) * 3)
