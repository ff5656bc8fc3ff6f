"""A state that a bsnes-mercury core has written is read without the core, whatever the cartridge."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from halscope.formats.bsnes_state import parse_state
from halscope.hosts.libretro import LibretroHost, available_cores
from support import probe_rom

CORES = [core.name for core in available_cores() if "mercury" in core.name]
# Bytes of the header: map mode, chipset, size of the RAM, region.
CARTRIDGES = {
    "plain": {},
    "ram-8k": {0x7FD6: 2, 0x7FD8: 3},
    "ram-128k": {0x7FD6: 2, 0x7FD8: 7},
    "pal": {0x7FD9: 2},
    "sa1": {0x7FD5: 0x23, 0x7FD6: 0x35, 0x7FD8: 5},
    "sdd1": {0x7FD5: 0x32, 0x7FD6: 0x45, 0x7FD8: 3},
}


@pytest.mark.slow
@pytest.mark.skipif(not CORES, reason="no bsnes-mercury core is installed")
@pytest.mark.parametrize("cartridge", CARTRIDGES)
@pytest.mark.parametrize("core", CORES)
def test_a_state_holds_what_the_core_shows(core: str, cartridge: str) -> None:
    rng = np.random.default_rng(5)
    registers = probe_rom.random_registers(rng) | {"inidisp": 15}
    made = probe_rom.build(
        rng.bytes(0x10000),
        rng.integers(0, 0x8000, 256).astype("<u2"),
        rng.bytes(544),
        registers,
        wram=rng.bytes(0x20000),
    )
    rom = bytearray(made)
    for at, value in CARTRIDGES[cartridge].items():
        rom[at] = value
    with LibretroHost(bytes(rom), core) as host:
        for _ in range(10):
            snapshot = host.step()
        state = host.save_state()
    fields = parse_state(state)
    assert core.endswith(fields.profile)
    assert fields.rom_sha256 == hashlib.sha256(rom).hexdigest()
    assert np.array_equal(fields.vram, snapshot.vram)
    assert np.array_equal(fields.cgram, snapshot.cgram)
    assert np.array_equal(fields.oam, snapshot.oam)
    assert snapshot.wram is not None
    assert np.array_equal(fields.wram[0x2000:], snapshot.wram[0x2000:])  # below are the counter and the stack
    assert fields.ppu == snapshot.ppu
    assert fields.cpu is not None
    assert (fields.cpu, fields.field) == (snapshot.cpu, snapshot.field)
