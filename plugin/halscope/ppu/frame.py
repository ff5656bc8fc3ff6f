"""From a snapshot to a frame: the sprites and palettes."""

from __future__ import annotations

from halscope_hooks import Frame, Snapshot

from halscope.ppu import cgram
from halscope.ppu.obj import decode_sprites

OBSEL_UNKNOWN = (
    "OBSEL ($2101) is not known: this host cannot read it, and without it neither the size nor the tiles of a sprite "
    "can be told; give it with --obsel, or use a savestate"
)


def decode_frame(snapshot: Snapshot) -> Frame:
    """Return the snapshot with its 128 sprites and its palettes decoded.

    Where the host does not know OBSEL there are no sprites, and `Frame.sprites_unknown` says why. Never raises: a
    `Snapshot` has checked its arrays.
    """
    palettes = cgram.to_rgb(snapshot.cgram)
    obsel = snapshot.ppu.obsel
    if obsel is None:
        return Frame(snapshot=snapshot, sprites=(), palettes=palettes, sprites_unknown=OBSEL_UNKNOWN)
    return Frame(snapshot=snapshot, sprites=decode_sprites(snapshot, obsel), palettes=palettes)
