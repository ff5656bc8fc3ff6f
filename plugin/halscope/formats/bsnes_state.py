"""A bsnes-mercury state read without its core: which profile wrote it, where VRAM is in it, and what it holds.

The header names the profile and the ROM. The cartridge's memories follow, so everything behind them is further along
the larger they are. It is found by three clock frequencies (CPU, SMP and PPU), which stand at fixed distances from
VRAM.
"""

from __future__ import annotations

import re
from collections.abc import Buffer
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from halscope_hooks import VRAM_BYTES, WRAM_BYTES, CpuRegisters, FormatError, PpuRegisters
from numpy.typing import NDArray

from halscope.formats import bsnes
from halscope.formats.bsnes import LAYOUTS, Profile

_HASH: Final = slice(8, 8 + 64)  # SHA-256 of the ROM in hexadecimal
_PROFILE: Final = slice(584, 584 + 16)
_MASTER_CLOCKS: Final = (21477272, 21281370)  # NTSC and PAL, in Hz; the CPU and the PPU have the same
_SMP_CLOCK: Final = 24607104  # 768 × 32,040.5 Hz, rounded
_SEARCHED: Final = 2 << 20  # bytes; cartridges have 256 KiB of RAM at most, and states less than 1 MiB


@dataclass(frozen=True, slots=True, eq=False)
class StateFields:
    """The console's part of a state. The arrays are copies.

    Args:
        profile: Profile of the core that wrote it.
        rom_sha256: SHA-256 of the ROM's image, or `None` if the header has none.
        vram: uint8[65536].
        cgram: uint16[256].
        oam: uint8[544].
        ppu: The registers. `cgadd` is `None` if the state was not saved at the start of vblank, as the game may have
            moved the address since the last write by HDMA.
        wram: uint8[131072].
        cpu: The CPU's registers, or `None` if the state was saved while the picture was drawn: then it does not tell
            what HDMA has written to the whole picture.
        field: The displayed field, 0 or 1.
    """

    profile: Profile
    rom_sha256: str | None
    vram: NDArray[np.uint8]
    cgram: NDArray[np.uint16]
    oam: NDArray[np.uint8]
    ppu: PpuRegisters
    wram: NDArray[np.uint8]
    cpu: CpuRegisters | None
    field: int


def parse_state(state: Buffer) -> StateFields:
    """Parse an uncompressed state.

    Raises:
        FormatError: It is not a state of bsnes v094, is truncated, or its parts are not where a profile has them.
    """
    profile, vram_at = locate(state)
    data, layout = memoryview(state).cast("B"), LAYOUTS[profile]
    ppu = bsnes.read_registers(state, profile, vram_at)
    cpu, field, line = bsnes.read_cpu(state, profile, vram_at)
    into_vblank = bsnes.lines_into_vblank(ppu.setini, line)
    name = bytes(data[_HASH])
    return StateFields(
        profile=profile,
        rom_sha256=name.decode() if re.fullmatch(rb"[0-9a-f]{64}", name) else None,
        vram=np.frombuffer(data, np.uint8, VRAM_BYTES, vram_at).copy(),
        cgram=bsnes.read_cgram(state, profile, vram_at),
        oam=bsnes.read_oam(state, profile, vram_at),
        ppu=ppu if 0 <= into_vblank <= bsnes.STILL_THE_START else replace(ppu, cgadd=None),
        wram=np.frombuffer(data, np.uint8, WRAM_BYTES, vram_at + layout.cpu.wram).copy(),
        cpu=cpu if into_vblank >= 0 else None,
        field=field,
    )


def locate(state: Buffer) -> tuple[Profile, int]:
    """Return the profile that wrote a state, and the offset of VRAM in it. Raises FormatError like `parse_state`."""
    data = bytes(memoryview(state).cast("B")[:_SEARCHED])
    bsnes.check_header(data)
    name = data[_PROFILE].rstrip(b"\0").decode(errors="replace").lower()
    profile = next((profile for profile in LAYOUTS if profile == name), None)
    if profile is None:
        raise FormatError(f"bsnes-mercury state: the profile is {name!r}, known are {', '.join(LAYOUTS)}")
    cpu, key = LAYOUTS[profile].cpu, _SMP_CLOCK.to_bytes(4, "little")
    hit = data.find(key)
    while hit >= 0:
        vram_at = hit - cpu.smp_clock
        if vram_at + cpu.clock >= 0:
            clocks = (data[vram_at + at : vram_at + at + 4] for at in (cpu.clock, cpu.ppu_clock))
            cpu_clock, ppu_clock = (int.from_bytes(clock, "little") for clock in clocks)
            if cpu_clock == ppu_clock and cpu_clock in _MASTER_CLOCKS:
                bsnes.check_state(state, profile, vram_at)
                return profile, vram_at
        hit = data.find(key, hit + 1)
    raise FormatError(
        f"bsnes-mercury state: the clocks of CPU, SMP and PPU are not where the {profile} profile has them; the file "
        "is damaged, or another version of bsnes wrote it"
    )
