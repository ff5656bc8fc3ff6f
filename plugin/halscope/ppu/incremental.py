"""Incremental decoding: decode only what changed from one snapshot to the next.

A sprite depends on its OAM entry, on OBSEL and on the VRAM tiles in its cells; a layer on its registers, on HDMA's
writes and on the parts of VRAM that were read to draw it (maps, characters, BG3's map where it holds offsets); the
palettes on CGRAM.
Anything unaffected by a change is returned as the same object, so callers that cache data per sprite or layer (a
picture, an origin) can detect changes by identity.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from halscope_hooks import TILE_BYTES, VRAM_TILES, Changes, Frame, PpuRegisters, Snapshot, Sprite
from numpy.typing import NDArray

import halscope._codec as _codec
from halscope.ppu import cgram
from halscope.ppu.frame import OBSEL_UNKNOWN
from halscope.ppu.layers import DrawnLayer, draw_layers
from halscope.ppu.obj import decode_sprites, obsel_rows
from halscope.ppu.registers import raster_bytes

_PALETTE_BYTES: Final = 32  # 16 colours of two bytes
_NONE: Final = np.empty(0, np.int64)
_ALL_TILES: Final = np.arange(VRAM_TILES, dtype=np.int64)
_ALL_PALETTES: Final = np.arange(16, dtype=np.int64)
_ALL_SPRITES: Final = np.arange(128, dtype=np.int64)
for _numbers in (_NONE, _ALL_TILES, _ALL_PALETTES, _ALL_SPRITES):
    _numbers.flags.writeable = False


class FrameDecoder:
    """Decodes successive snapshots of one game. Not thread-safe: use one decoder per consumer."""

    def __init__(self) -> None:
        self._last: Frame | None = None
        self._layers: dict[int, DrawnLayer] = {}
        self._layers_unknown: tuple[str, ...] = ()
        self._drawn_for: tuple[PpuRegisters, bytes | None] | None = None  # registers and HDMA's writes of all layers
        self._obsel_rows: bytes | None = None  # OBSEL on each row, if HDMA changed it
        self._changes = Changes()

    @property
    def changes(self) -> Changes:
        """Changes made by the last decoded snapshot: everything after the first one, nothing before it."""
        return self._changes

    def decode(self, snapshot: Snapshot, *, layers: bool = False) -> Frame:
        """Return the same as `decode_frame`, in less time. Successive snapshots need not be related."""
        last = self._last
        before = None if last is None else last.snapshot
        tiles = _ALL_TILES if before is None else _changed(before.vram, snapshot.vram, TILE_BYTES)
        palettes = _ALL_PALETTES if before is None else _changed(before.cgram, snapshot.cgram, _PALETTE_BYTES)
        sprites, new_sprites = self._decode_sprites(snapshot, tiles)
        kept = {index: one for index, one in self._layers.items() if not one.tiles[tiles].any()}
        new_layers = self._draw_layers(snapshot, kept) if layers else ()
        if not layers:
            self._layers, self._drawn_for = kept, None
        frame = Frame(
            snapshot=snapshot,
            sprites=sprites,
            palettes=cgram.palettes(snapshot.cgram) if last is None or len(palettes) else last.palettes,
            sprites_unknown=OBSEL_UNKNOWN if snapshot.ppu.obsel is None else None,
            layers=tuple(one.layer for one in self._layers.values()) if layers else (),
            layers_unknown=self._layers_unknown if layers else (),
        )
        self._changes = Changes(tiles=tiles, sprites=new_sprites, palettes=palettes, layers=new_layers)
        self._last = frame
        return frame

    def _draw_layers(self, snapshot: Snapshot, kept: dict[int, DrawnLayer]) -> tuple[int, ...]:
        """Update the layers and return the numbers of the redrawn ones. `kept`: the layers whose VRAM is unchanged."""
        drawn_for = snapshot.ppu, raster_bytes(snapshot)
        if len(kept) == len(self._layers) and drawn_for == self._drawn_for:
            return ()
        self._layers, self._layers_unknown = draw_layers(snapshot, kept)
        self._drawn_for = drawn_for
        return tuple(index for index, one in self._layers.items() if one is not kept.get(index))

    def _decode_sprites(
        self, snapshot: Snapshot, tiles: NDArray[np.int64]
    ) -> tuple[tuple[Sprite, ...], NDArray[np.int64]]:
        obsel = snapshot.ppu.obsel
        if obsel is None:
            return (), _NONE
        last = self._last
        rows = obsel_rows(snapshot, obsel)
        before, self._obsel_rows = self._obsel_rows, None if rows is None else rows.tobytes()
        if last is None or last.snapshot.ppu.obsel != obsel or before != self._obsel_rows:
            return decode_sprites(snapshot, obsel), _ALL_SPRITES
        if not len(tiles) and not len(_changed(last.snapshot.oam, snapshot.oam, 1)):
            return last.sprites, _NONE
        if rows is not None:
            return decode_sprites(snapshot, obsel), _ALL_SPRITES
        return _codec.snes_sprites(Sprite, snapshot.vram, snapshot.oam, obsel, (last.sprites, last.snapshot.oam, tiles))


def _changed[T: np.generic](before: NDArray[T], after: NDArray[T], unit: int) -> NDArray[np.int64]:
    """Return which units of `unit` bytes differ. A host may pass the same array again if a memory did not change."""
    if before is after:
        return _NONE
    return _codec.snes_changed(before.view(np.uint8), after.view(np.uint8), unit)
