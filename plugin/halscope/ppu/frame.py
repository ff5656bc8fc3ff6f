"""From a snapshot to a frame: the sprites, palettes and layers."""

from __future__ import annotations

from typing import Final

from halscope_hooks import Frame, Snapshot

from halscope.ppu import cgram
from halscope.ppu.layers import draw_layers
from halscope.ppu.obj import decode_sprites

OBSEL_UNKNOWN: Final = (
    "OBSEL ($2101) is not known: this host cannot read it, and without it neither the size nor the tiles of a sprite "
    "can be told; give it with --obsel, or use a savestate"
)


def decode_frame(snapshot: Snapshot, *, layers: bool = False) -> Frame:
    """Return the snapshot decoded: its 128 sprites, its palettes, and where they are asked for its background layers.

    Where the host does not know OBSEL there are no sprites, and `Frame.sprites_unknown` says why; where it does not
    know what a layer depends on, the layer is left out, and `Frame.layers_unknown` says so. Never raises: a `Snapshot`
    has checked its arrays. Who follows a game takes `FrameDecoder`, which gives the same in less time.
    """
    obsel = snapshot.ppu.obsel
    drawn, unknown = draw_layers(snapshot.vram, snapshot.ppu) if layers else ({}, ())
    return Frame(
        snapshot=snapshot,
        sprites=() if obsel is None else decode_sprites(snapshot, obsel),
        palettes=cgram.palettes(snapshot.cgram),
        sprites_unknown=OBSEL_UNKNOWN if obsel is None else None,
        layers=tuple(one.layer for one in drawn.values()),
        layers_unknown=unknown,
    )
