"""The registers in a snes9x state that control HDMA and IRQs, and the displayed field.

Source: snapshot.cpp of snes9x (SnapDMA, SnapTimings), verified on running cores of versions 9 and 14.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from halscope_hooks import CpuRegisters, DmaChannel

CHANNEL_BYTES: Final = 19
_FIELD: Final = 44  # TIM begins with eleven 32-bit positions in the line; the field is the byte behind them


def register_bytes(dma: memoryview | None, space: memoryview | None) -> tuple[bytes, bytes] | None:
    """Return the bytes of a state that `registers` reads, or `None` without the register space.

    Args:
        dma: The DMA block, or `None`. The register space has open bus in place of $43x0 to $43xA in old versions.
        space: The register space, $0000 to $7FFF.
    """
    if space is None:
        return None
    known = dma is not None and len(dma) == CpuRegisters.CHANNELS * CHANNEL_BYTES
    return bytes(space[0x4200:0x420D]), bytes(dma) if dma is not None and known else b""


@lru_cache(maxsize=8)  # most frames have the registers of the frame before
def registers(ports: bytes, dma: bytes) -> CpuRegisters:
    """Return the registers; `ports` is $4200 to $420C, and `dma` is empty if the channels are not known."""
    return CpuRegisters(
        nmitimen=ports[0],
        hdmaen=ports[12],
        htime=ports[7] | (ports[8] & 1) << 8,
        vtime=ports[9] | (ports[10] & 1) << 8,
        dma=_channels(dma),
    )


@lru_cache(maxsize=8)  # most frames have the channels of the frame before
def _channels(blocks: bytes) -> tuple[DmaChannel, ...]:
    return tuple(_channel(blocks[at : at + CHANNEL_BYTES]) for at in range(0, len(blocks), CHANNEL_BYTES))


def _channel(block: bytes) -> DmaChannel:
    """Return a channel from its fields, which are big-endian."""
    reverse, indirect, unused, fixed, decrement, mode, b_address, a_high, a_low, a_bank, das_high, das_low = block[:12]
    indirect_bank, position_high, position_low, skips, lines = block[12:17]
    flags = bool(reverse) << 7 | bool(indirect) << 6 | bool(unused) << 5 | bool(decrement) << 4 | bool(fixed) << 3
    return DmaChannel(
        dmap=flags | mode & 7,
        bbad=b_address,
        a1t=a_high << 8 | a_low,
        a1b=a_bank,
        das=das_high << 8 | das_low,
        dasb=indirect_bank,
        a2a=position_high << 8 | position_low,
        ntrl=lines ^ (0 if skips else 0x80),  # as snes9x answers when the game reads $43xA
    )


def field(timings: memoryview | None) -> int | None:
    """Return the displayed field, 0 or 1, or `None` without a TIM block."""
    return None if timings is None or len(timings) <= _FIELD else timings[_FIELD] & 1
