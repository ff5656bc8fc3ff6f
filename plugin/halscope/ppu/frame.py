"""Decode a snapshot into a frame: sprites, palettes and layers."""

from __future__ import annotations

from typing import Final

from halscope_hooks import Frame, Snapshot

from halscope.ppu import cgram
from halscope.ppu.layers import draw_layers
from halscope.ppu.obj import decode_sprites

OBSEL_UNKNOWN: Final = (
    "OBSEL ($2101) is not known: this host cannot read it, and without it neither the size nor the tiles of a sprite "
    "can be determined; give it with --obsel, or use a savestate"
)


def decode_frame(snapshot: Snapshot, *, layers: bool = False) -> Frame:
    """Decode a snapshot: its 128 sprites, its palettes and, if requested, its background layers.

    If OBSEL is not known there are no sprites, and `Frame.sprites_unknown` says why. If a register of a layer is not
    known, the layer is left out and `Frame.layers_unknown` names the register. Never raises: a `Snapshot` has been
    validated. To follow a game use `FrameDecoder`, which returns the same in less time.
    """
    obsel = snapshot.ppu.obsel
    drawn, unknown = draw_layers(snapshot) if layers else ({}, ())
    return Frame(
        snapshot=snapshot,
        sprites=() if obsel is None else decode_sprites(snapshot, obsel),
        palettes=cgram.palettes(snapshot.cgram),
        sprites_unknown=OBSEL_UNKNOWN if obsel is None else None,
        layers=tuple(one.layer for one in drawn.values()),
        layers_unknown=unknown,
    )
