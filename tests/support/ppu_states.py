"""Random but valid states of the PPU, for tests that compare our picture with a running core's."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from halscope_hooks import Snapshot
from numpy.typing import NDArray
from support import probe_rom

LAYERS = (15, 7, 3, 3, 3, 3, 1, 1)
"""TM bits of the layers in BG modes 0 to 7."""


@dataclass
class PpuState:
    """Video memory and registers; the arrays and the mapping may be changed before use."""

    vram: NDArray[np.uint8]
    cgram: NDArray[np.uint16]
    oam: NDArray[np.uint8]
    registers: dict[str, int] = field(default_factory=dict)

    def snapshot(self) -> Snapshot:
        """The snapshot of a host that knows everything."""
        ppu = probe_rom.expected_registers(self.registers)
        return Snapshot(vram=self.vram, cgram=self.cgram, oam=self.oam, ppu=ppu)

    def rom(self) -> bytes:
        """A ROM that shows this state."""
        return probe_rom.build(self.vram.tobytes(), self.cgram.tobytes(), self.oam.tobytes(), self.registers)


def hidden_oam() -> NDArray[np.uint8]:
    """OAM with every sprite far left of the picture, outside of it whatever the size."""
    return random_oam(np.random.default_rng(0), 0)


def noise(rng: np.random.Generator, **registers: int) -> PpuState:
    """Noise in VRAM and CGRAM, no sprite on the screen, the registers as given and 0 elsewhere."""
    vram = rng.integers(0, 256, 0x10000).astype(np.uint8)
    cgram = rng.integers(0, 0x8000, 256).astype(np.uint16)
    return PpuState(vram, cgram, hidden_oam(), dict(registers))


def random_oam(rng: np.random.Generator, count: int = 128) -> NDArray[np.uint8]:
    """`count` random sprites; the others are at x = -128, y = 240."""
    oam = rng.integers(0, 256, 544).astype(np.uint8)
    oam[4 * count : 512 : 4] = 0x80
    oam[4 * count + 1 : 512 : 4] = 240
    for index in range(count, 128):
        oam[512 + index // 4] |= 1 << index % 4 * 2
    return oam


def add_layers(state: PpuState, rng: np.random.Generator, mode: int) -> None:
    """Set a BG mode with random maps, tiles, tile sizes, scrolls (or mode 7 geometry), and show all its layers."""
    registers = state.registers
    registers["bgmode"] = mode | int(rng.integers(32)) << 3
    registers["tm"] = registers["ts"] = LAYERS[mode] | 0x10
    for name in ("bg1sc", "bg2sc", "bg3sc", "bg4sc", "bg12nba", "bg34nba"):
        registers[name] = int(rng.integers(256)) & 0x7F
    for layer in range(1, 5):
        registers[f"bg{layer}hofs"] = int(rng.integers(1024))
        registers[f"bg{layer}vofs"] = int(rng.integers(1024))
    if mode == 7:
        del registers["bg1hofs"], registers["bg1vofs"]  # the same registers as mode 7's scroll
        for name in ("m7a", "m7b", "m7c", "m7d"):
            registers[name] = int(rng.integers(-0x500, 0x500)) & 0xFFFF
        for name in ("m7x", "m7y", "m7hofs", "m7vofs"):
            registers[name] = int(rng.integers(1 << 13))
        registers["m7sel"] = int(rng.integers(256)) & 0xC3


def add_sprites(state: PpuState, rng: np.random.Generator, count: int = 128) -> None:
    """Show random sprites of a random size pair, with or without priority rotation."""
    state.oam = random_oam(rng, count)
    state.registers["obsel"] = int(rng.integers(256))
    state.registers["oamadd"] = int(rng.integers(2)) << 15 | int(rng.integers(512))
    state.registers["tm"] = state.registers.get("tm", 0) | 0x10


def add_windows(state: PpuState, rng: np.random.Generator) -> None:
    """Give every window register a random value."""
    for name in ("w12sel", "w34sel", "wobjsel", "wh0", "wh1", "wh2", "wh3", "wbglog", "wobjlog"):
        state.registers[name] = int(rng.integers(256))
    state.registers["tmw"] = int(rng.integers(32))
    state.registers["tsw"] = int(rng.integers(32))


def add_colour_math(state: PpuState, rng: np.random.Generator) -> None:
    """Give every register of colour math a random value; direct colour stays off. Call it after `add_windows`."""
    rules = 0xF2 if "wobjsel" in state.registers else 0x32  # without a window, "outside" would blacken everything
    state.registers["cgwsel"] = int(rng.integers(256)) & rules
    state.registers["cgadsub"] = int(rng.integers(256))
    state.registers["coldata"] = int(rng.integers(0x8000))
    state.registers["ts"] = int(rng.integers(32))
