"""The registers in a bsnes-mercury state that control HDMA and IRQs, and the displayed field.

They stand before VRAM: the CPU's part, the SMP's with its 64 KiB, and the PPU's counters with their history. Distances
are the same for every cartridge, because the cartridge's own memory comes before the CPU. They were found with ROMs
that write known values, and the host tests verify every field on the running core.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from halscope_hooks import CpuRegisters, DmaChannel


@dataclass(frozen=True, slots=True)
class CpuLayout:
    """Distances from VRAM in the state, all negative.

    Args:
        nmi, virq, hirq, joypad: Bits 7, 5, 4 and 0 of NMITIMEN ($4200), a byte each.
        htime, vtime: $4207/8 and $4209/A, 16 bits little-endian.
        channels: The first channel. Each begins with its bits of $420B and $420C and the five flags of $43x0.
        mode_bytes: Size of the transfer mode (the rest of $43x0) that follows.
        clock, smp_clock, ppu_clock: Frequencies of the CPU, the SMP and the PPU in Hz, 32 bits little-endian.
        wram: WRAM, 131072 bytes.
        field: The displayed field.
        line: The PPU's line counter, 16 bits little-endian.
    """

    nmi: int
    virq: int
    hirq: int
    joypad: int
    htime: int
    vtime: int
    channels: int
    mode_bytes: int
    clock: int
    smp_clock: int
    wram: int
    ppu_clock: int = -10262
    field: int = -10249
    line: int = -10248

    @property
    def channel_bytes(self) -> int:
        """Size of a channel."""
        return 20 + self.mode_bytes


PERFORMANCE: Final = CpuLayout(
    nmi=-75902,
    virq=-75901,
    hirq=-75900,
    joypad=-75899,
    htime=-75892,
    vtime=-75890,
    channels=-76086,
    mode_bytes=1,
    clock=-221528,
    smp_clock=-75872,
    wram=-211266,
)
EXACT: Final = CpuLayout(  # the balanced and accuracy profiles share the CPU
    nmi=-76133,
    hirq=-76132,
    virq=-76131,
    joypad=-76130,
    htime=-76123,
    vtime=-76119,
    channels=-76087,
    mode_bytes=4,
    clock=-217547,
    smp_clock=-75862,
    wram=-207285,
)
FIRST: Final = -76133
"""Distance of the first byte that any profile needs."""


def register_bytes(state: memoryview, layout: CpuLayout, vram_at: int) -> tuple[bytes, bytes]:
    """Return the bytes of a checked state that `registers` reads: those of $4200 to $420A, and the channels."""
    places = (layout.nmi, layout.virq, layout.hirq, layout.joypad)
    times = (layout.htime, layout.htime + 1, layout.vtime, layout.vtime + 1)
    first = vram_at + layout.channels
    return (
        bytes([state[vram_at + at] for at in (*places, *times)]),
        bytes(state[first : first + CpuRegisters.CHANNELS * layout.channel_bytes]),
    )


@lru_cache(maxsize=8)  # most frames have the registers of the frame before
def registers(ports: bytes, channels: bytes, mode_bytes: int) -> CpuRegisters:
    """Return the CPU's registers from their `register_bytes`."""
    hdmaen, dma = _channels(channels, mode_bytes)
    return CpuRegisters(
        nmitimen=sum((ports[n] & 1) << bit for n, bit in enumerate((7, 5, 4, 0))),
        hdmaen=hdmaen,
        htime=(ports[4] | ports[5] << 8) & 0x1FF,
        vtime=(ports[6] | ports[7] << 8) & 0x1FF,
        dma=dma,
    )


def pieces(layout: CpuLayout) -> list[tuple[int, int]]:
    """Return what the functions here read: distances from VRAM, and bytes."""
    first = min(layout.nmi, layout.channels)
    last = max(layout.channels + CpuRegisters.CHANNELS * layout.channel_bytes, layout.vtime + 2)
    return [(first, last - first), (layout.field, layout.line + 2 - layout.field)]


def line(state: memoryview, layout: CpuLayout, vram_at: int) -> int:
    """Return the line (V) at which the PPU stood, 0 to 311."""
    return state[vram_at + layout.line] | state[vram_at + layout.line + 1] << 8


def field(state: memoryview, layout: CpuLayout, vram_at: int) -> int:
    """Return the displayed field, 0 or 1."""
    return state[vram_at + layout.field] & 1


@lru_cache(maxsize=8)  # most frames have the channels of the frame before
def _channels(block: bytes, mode_bytes: int) -> tuple[int, tuple[DmaChannel, ...]]:
    """Return HDMAEN ($420C) and the channels."""
    size = len(block) // CpuRegisters.CHANNELS
    hdmaen, channels = 0, []
    for n in range(CpuRegisters.CHANNELS):
        one = block[n * size : (n + 1) * size]
        hdmaen |= (one[1] & 1) << n
        flags = sum((one[2 + k] & 1) << bit for k, bit in enumerate((7, 6, 5, 4, 3)))
        rest = one[7 + mode_bytes :]
        channels.append(
            DmaChannel(
                dmap=flags | one[7] & 7,
                bbad=rest[0],
                a1t=rest[1] | rest[2] << 8,
                a1b=rest[3],
                das=rest[4] | rest[5] << 8,
                dasb=rest[6],
                a2a=rest[7] | rest[8] << 8,
                ntrl=rest[9],
            )
        )
    return hdmaen, tuple(channels)
