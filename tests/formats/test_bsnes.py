"""bsnes-mercury states: only the known version, only complete ones. (tests/hosts proves each field on the cores.)"""

from __future__ import annotations

from dataclasses import asdict, fields

import pytest
from halscope.formats import bsnes
from halscope_hooks import FormatError, PpuRegisters
from hypothesis import given
from hypothesis import strategies as st

_HEAD = b"BST1" + (27).to_bytes(4, "little")
_PROFILES = sorted(bsnes.LAYOUTS)


@pytest.mark.parametrize("profile", _PROFILES)
def test_every_register_has_a_place(profile: bsnes.Profile) -> None:
    state = _HEAD + bytes(100 + bsnes.LAYOUTS[profile].end)
    registers = bsnes.read_registers(state, profile, 100)
    assert set(asdict(registers).values()) == {0}
    assert set(asdict(registers)) == {field.name for field in fields(PpuRegisters)}


@pytest.mark.parametrize("profile", _PROFILES)
def test_no_field_reaches_beyond_its_register_or_the_state(profile: bsnes.Profile) -> None:
    layout = bsnes.LAYOUTS[profile]
    for places in layout.registers.values():
        bits = [place.bit + n for place in places for n in range(place.width)]
        assert len(bits) == len(set(bits))
        assert max(bits) < 16
        for place in places:
            assert layout.cgram + 512 <= place.at < layout.end - (place.shift + place.width > 8)


@pytest.mark.parametrize("profile", _PROFILES)
@pytest.mark.parametrize(
    ("state", "message"),
    [
        (b"", "begins with"),
        (b"#!s9xsnp:0009\n", "begins with"),
        (b"BST1" + bytes(200_000), "version 0"),
        (_HEAD + bytes(1000), "ends before"),
    ],
)
def test_another_state_is_refused(profile: bsnes.Profile, state: bytes, message: str) -> None:
    for read in (bsnes.read_registers, bsnes.read_oam, bsnes.read_cgram):
        with pytest.raises(FormatError, match=message):
            read(state, profile, 100)


@pytest.mark.parametrize("profile", _PROFILES)
def test_the_part_of_the_cpu_is_not_looked_for_before_the_state(profile: bsnes.Profile) -> None:
    state = _HEAD + bytes(0x20000 + bsnes.LAYOUTS[profile].end)
    with pytest.raises(FormatError, match="VRAM is at offset 0x64, too early"):
        bsnes.read_cpu(state, profile, 100)
    cpu, field, line = bsnes.read_cpu(state, profile, 0x20000)
    assert (cpu.nmitimen, cpu.hdmaen, len(cpu.dma), field, line) == (0, 0, 8, 0, 0)


@given(state=st.binary(max_size=200) | st.binary(max_size=200).map(lambda tail: _HEAD + tail))
def test_noise_is_refused(state: bytes) -> None:
    with pytest.raises(FormatError):
        bsnes.read_registers(state, "accuracy", 8)
