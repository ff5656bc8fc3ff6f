"""Sizes of the console's memories, and the units that their contents are counted in."""

from __future__ import annotations

from typing import Final

VRAM_BYTES: Final = 0x10000
CGRAM_BYTES: Final = 512
OAM_BYTES: Final = 544
WRAM_BYTES: Final = 0x20000
IRAM_BYTES: Final = 0x800
"""The SA-1's internal memory, $3000 to $37FF."""
MOST_BWRAM_BYTES: Final = 0x40000
"""The SA-1 addresses 256 KiB of BW-RAM; cartridges have less."""

TILE_BYTES: Final = 32
"""One 4bpp tile: the unit in which VRAM changes and origins are counted."""
VRAM_TILES: Final = VRAM_BYTES // TILE_BYTES
CGRAM_COLOURS: Final = 256
CGRAM_PALETTES: Final = 16
"""Rows of 16 colours; sprites use the last eight."""
