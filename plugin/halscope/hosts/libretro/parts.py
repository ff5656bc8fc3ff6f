"""What a snapshot of a libretro host holds besides VRAM, CGRAM and OAM: options of both hosts, in process or not."""

from __future__ import annotations

from typing import TypedDict


class SnapshotParts(TypedDict, total=False):
    """Parts that a snapshot can hold. Each is there unless it is given as false."""

    registers: bool
    """The PPU's and CPU's registers, and the field. Without them, watching bsnes-mercury has no side effect."""
    wram: bool
    """WRAM, 128 KiB; where the cartridge has an SA-1, also its BW-RAM and (snes9x) IRAM."""
    picture: bool
    """The picture that the core drew."""
