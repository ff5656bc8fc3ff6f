"""Sprites (OBJ): decoded individually, and composed into the plane that the screen uses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from halscope_hooks import Snapshot, Sprite
from numpy.typing import NDArray

import halscope._codec as _codec
from halscope.ppu import registers


@dataclass(frozen=True, slots=True, eq=False)
class ObjectPlane:
    """The sprites' contribution to the screen, before the layers. The height is 224, or 239 with overscan.

    Args:
        owner: int16[height, 256], OAM index of the frontmost sprite with a pixel there, or -1.
        colours: uint8[height, 256], that pixel's index into CGRAM (128 to 255), or 0.
        priority: uint8[height, 256], that sprite's priority bits, which only matter against the layers.
        range_over: bool[height], lines with more than 32 sprites: those further back are missing.
        time_over: bool[height], lines with more than 34 slivers of 8 pixels: those in *front* are missing.
        ignored: Effects that could not be reproduced, as text.
    """

    owner: NDArray[np.int16]
    colours: NDArray[np.uint8]
    priority: NDArray[np.uint8]
    range_over: NDArray[np.bool_]
    time_over: NDArray[np.bool_]
    ignored: tuple[str, ...] = ()

    @classmethod
    def empty(cls, lines: int) -> ObjectPlane:
        """Return the plane of a screen without sprites."""
        shape = (lines, 256)
        return cls(
            np.full(shape, -1, np.int16),
            np.zeros(shape, np.uint8),
            np.zeros(shape, np.uint8),
            np.zeros(lines, np.bool_),
            np.zeros(lines, np.bool_),
        )


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


def compose_plane(snapshot: Snapshot, obsel: int) -> ObjectPlane:
    """Return the sprites' plane.

    Measured on running cores: a sprite with y = 0 begins on the picture's first line; the frontmost sprite is the first
    in (rotated) OAM order regardless of its priority bits; 32 sprites are taken from the front, then 34 slivers from
    the back; a sprite at x = -256 counts towards both limits although it is not visible.
    """
    ignored = []
    oamadd = snapshot.ppu.oamadd
    if oamadd is None:
        ignored.append("OAMADD ($2102) is not known: sprite 0 is assumed to be the first")
    if registers.known(snapshot.ppu.setini) & 0x03:
        ignored.append("interlace (SETINI, $2133)")
    lines = registers.screen_lines(snapshot.ppu)
    first = first_sprite(registers.known(oamadd))
    plane = _codec.snes_compose_objects(snapshot.vram, snapshot.oam, obsel, first, lines)
    owner, colours, priority, range_over, time_over = plane
    return ObjectPlane(owner, colours, priority, range_over.view(np.bool_), time_over.view(np.bool_), tuple(ignored))
