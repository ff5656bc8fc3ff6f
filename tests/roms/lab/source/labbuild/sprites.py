"""OAM tables from lists of sprites."""

from __future__ import annotations

from dataclasses import dataclass

HIDDEN_Y = 0xF0  # below the screen


@dataclass(frozen=True)
class Sprite:
    """One OBJ."""

    x: int
    y: int
    tile: int  # 9 bits, the name bit on top
    palette: int
    large: bool = False
    priority: int = 3
    hflip: bool = False
    vflip: bool = False


def oam(sprites: list[Sprite]) -> bytes:
    """Return 544 bytes; the entries that are not used are hidden."""
    low, high = bytearray(), bytearray(32)
    for index in range(128):
        one = sprites[index] if index < len(sprites) else Sprite(0, HIDDEN_Y, 0, 0)
        flags = one.vflip << 7 | one.hflip << 6 | one.priority << 4 | one.palette << 1 | one.tile >> 8
        low += bytes([one.x & 0xFF, one.y & 0xFF, one.tile & 0xFF, flags])
        high[index // 4] |= ((one.x >> 8 & 1) | one.large << 1) << index % 4 * 2
    return bytes(low + high)
