"""Sizes of the console's memories, in bytes."""

from __future__ import annotations

from typing import Final

VRAM_BYTES: Final = 0x10000
CGRAM_BYTES: Final = 512
OAM_BYTES: Final = 544
WRAM_BYTES: Final = 0x20000
IRAM_BYTES: Final = 0x800  # the SA-1's internal memory
