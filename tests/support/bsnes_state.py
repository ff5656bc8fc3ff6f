"""Builds a bsnes-mercury state around given memories: what a reader needs of it, and zeros elsewhere."""

from __future__ import annotations

from halscope.formats import bsnes

NTSC = 21477272
HASH = "0123456789abcdef" * 4
_HEADER_BYTES = 650


def build_state(
    profile: bsnes.Profile,
    vram: bytes,
    cgram: bytes,
    oam: bytes,
    *,
    wram: bytes = bytes(0x20000),
    cartridge: bytes = b"",
    clock: int = NTSC,
    line: int = 225,
    obsel: int = 0,
) -> bytes:
    """Return a state.

    Args:
        profile: Profile of the core that would have written it.
        vram: 65536 bytes.
        cgram: 512 bytes, little-endian.
        oam: 544 bytes.
        wram: 131072 bytes.
        cartridge: The cartridge's memories, of any size.
        clock: Frequency of CPU and PPU.
        line: Where the PPU stood.
        obsel: OBSEL ($2101), any bits but 2.
    """
    layout = bsnes.LAYOUTS[profile]
    cpu = layout.cpu
    vram_at = _HEADER_BYTES + len(cartridge) - cpu.clock
    state = bytearray(vram_at + layout.end)
    state[:8] = bsnes.MAGIC + bsnes.STATE_VERSION.to_bytes(4, "little")
    state[8:72] = HASH.encode()
    state[584 : 584 + len(profile)] = profile.capitalize().encode()
    state[_HEADER_BYTES : _HEADER_BYTES + len(cartridge)] = cartridge
    for at, data in (
        (cpu.clock, clock.to_bytes(4, "little")),
        (cpu.smp_clock, (24607104).to_bytes(4, "little")),
        (cpu.ppu_clock, clock.to_bytes(4, "little")),
        (cpu.line, line.to_bytes(2, "little")),
        (cpu.wram, wram),
        (0, vram),
        (layout.oam, oam),
        (layout.cgram, cgram),
    ):
        state[vram_at + at : vram_at + at + len(data)] = data
    for field in layout.registers["obsel"]:
        state[vram_at + field.at] |= (obsel >> field.bit & (1 << field.width) - 1) << field.shift & 0xFF
        if field.shift + field.width > 8:
            state[vram_at + field.at + 1] |= (obsel >> field.bit & (1 << field.width) - 1) << field.shift >> 8
    return bytes(state)
