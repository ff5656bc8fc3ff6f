"""bsnes-mercury's registers under the tap: read from its memory once some states have proven the places."""

from __future__ import annotations

import numpy as np
import pytest
from halscope.formats.bsnes_state import parse_state
from halscope.hosts._ring import REGISTERS_PROVEN
from halscope.hosts.libretro import available_cores
from halscope_hooks import Snapshot
from support import probe_rom, taps

rings = taps.rings
CORES = [core.name for core in available_cores() if "mercury" in core.name]
PROVEN_WITHIN = 60  # frames
DMA_REGISTERS = 11  # $43x0 to $43xA


@pytest.mark.slow
@pytest.mark.skipif(not CORES, reason="no bsnes-mercury core is installed")
@pytest.mark.usefixtures("rings")
@pytest.mark.parametrize("seed", [5, 6])
@pytest.mark.parametrize("core", CORES)
def test_registers_from_memory_are_what_a_state_says(core: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    registers = probe_rom.random_registers(rng) | {"inidisp": 15}
    colours = rng.integers(0, 0x8000, 256).astype("<u2")
    channels = [(0x4300 + n, int(rng.integers(1, 255))) for n in range(0x80) if n % 16 < DMA_REGISTERS]
    rom = probe_rom.build(
        rng.bytes(0x10000), colours, rng.bytes(544), registers, cpu=[*channels, (0x4207, 0x55), (0x4209, 0x66)]
    )
    with taps.tapped(core, rom) as frontend, taps.attached() as host:
        for _ in range(PROVEN_WITHIN):
            frontend._machine.run()
            host.poll(1)
            if host._ring.context & REGISTERS_PROVEN:
                break
        assert host._ring.context & REGISTERS_PROVEN
        seen: Snapshot | None = None
        for _ in range(5):
            frontend._machine.run()
            seen = host.poll(1)
        assert seen is not None
        fields = parse_state(frontend.save_state())
        assert seen.ppu == fields.ppu
        assert (seen.cpu, seen.field) == (fields.cpu, fields.field)
        assert "ppu" not in seen.ages
