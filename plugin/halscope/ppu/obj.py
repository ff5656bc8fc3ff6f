"""Sprites (OBJ), decoded individually."""

from __future__ import annotations

from halscope_hooks import Snapshot, Sprite

import halscope._codec as _codec


def decode_sprites(snapshot: Snapshot, obsel: int) -> tuple[Sprite, ...]:
    """Return all 128 sprites in OAM order, decoded according to OBSEL ($2101), including off-screen ones.

    Tiles wrap within their page of 16 × 16, addresses within VRAM. A rectangular sprite (size pairs 6 and 7) flips
    vertically in two square halves. SETINI ($2133) bit 1 (half-height sprites in an interlaced picture) is ignored: it
    affects every second line of a field, and no tile looks different. The sprites' arrays are read-only.
    """
    return _codec.snes_sprites(Sprite, snapshot.vram, snapshot.oam, obsel)[0]


def first_sprite(oamadd: int) -> int:
    """Return the OAM index of the frontmost sprite: with $2103 bit 7 set, $2102 bits 1 to 7, otherwise 0."""
    return oamadd >> 1 & 127 if oamadd & 0x8000 else 0
