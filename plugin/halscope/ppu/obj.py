"""Sprites (OBJ), decoded individually."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from halscope_hooks import Snapshot, Sprite
from numpy.typing import NDArray

import halscope._codec as _codec
from halscope.ppu import cgram, registers

_OBSEL: Final = 0x01  # as RasterWrites counts registers


def decode_sprites(snapshot: Snapshot, obsel: int) -> tuple[Sprite, ...]:
    """Return all 128 sprites in OAM order, including off-screen ones.

    Each is decoded with the OBSEL ($2101) of its first visible row; `obsel` is that of the rows before the first write
    by HDMA. Tiles wrap within their page of 16 × 16, addresses within VRAM. A rectangular sprite (size pairs 6 and 7)
    flips vertically in two square halves. SETINI ($2133) bit 1 (half-height sprites) is ignored: each field shows every
    second row, and no tile looks different. The sprites' arrays are read-only.
    """
    sprites = _codec.snes_sprites(Sprite, snapshot.vram, snapshot.oam, obsel)[0]
    rows = obsel_rows(snapshot, obsel)
    if rows is None:
        return sprites
    lines = len(rows)
    of_value = {
        value: _codec.snes_sprites(Sprite, snapshot.vram, snapshot.oam, value)[0] for value in {obsel, *rows.tolist()}
    }
    return tuple(
        of_value[int(rows[sprite.y if sprite.y < lines else 0])][index] for index, sprite in enumerate(sprites)
    )


def obsel_rows(snapshot: Snapshot, obsel: int) -> NDArray[np.uint8] | None:
    """Return OBSEL on each row of the picture, uint8[lines], or `None` if HDMA does not change it."""
    raster = snapshot.raster
    writes = None if raster is None else raster[raster["register"] == _OBSEL]
    if writes is None or not len(writes):
        return None
    rows = np.full(registers.screen_lines(snapshot.ppu), obsel, np.uint8)
    for line, value in writes[["line", "value"]].tolist():
        rows[line:] = value
    return rows


def sprite_cgram(snapshot: Snapshot, sprites: Sequence[Sprite]) -> NDArray[np.uint16]:
    """Return CGRAM, uint16[256], as it was on the row in the middle of these sprites' visible part."""
    lines = registers.screen_lines(snapshot.ppu)
    shown = 2 if registers.half_height(snapshot.ppu) else 1
    rows = [(sprite.y + row) % 256 for sprite in sprites for row in range(sprite.height // shown)]
    visible = sorted(row for row in rows if row < lines)
    return cgram_at(snapshot, visible[len(visible) // 2] if visible else 0)


def sprite_colours(snapshot: Snapshot, sprite: Sprite) -> NDArray[np.uint8]:
    """Return the 16 colours of a sprite's palette as RGB, uint8[16, 3], see `sprite_cgram`."""
    return cgram.to_rgb(cgram.obj_palette(sprite_cgram(snapshot, [sprite]), sprite.palette))


def cgram_at(snapshot: Snapshot, row: int) -> NDArray[np.uint16]:
    """Return CGRAM, uint16[256], as it was on a row of the picture; HDMA may have changed it from row to row."""
    raster = registers.raster_bytes(snapshot)
    return snapshot.cgram if raster is None else _codec.snes_cgram_at(snapshot.cgram, snapshot.ppu.cgadd, raster, row)


def first_sprite(oamadd: int) -> int:
    """Return the OAM index of the frontmost sprite: with $2103 bit 7 set, $2102 bits 1 to 7, otherwise 0."""
    return oamadd >> 1 & 127 if oamadd & 0x8000 else 0
