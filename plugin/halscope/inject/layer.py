"""Build the edit sheet of a background layer: its whole map, with the places of its tiles and of the map itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from halscope_hooks import NO_TRANSFORM, TILE_BYTES, TRANSFORMS, Codec, Snapshot, VramOrigins
from numpy.typing import NDArray

from halscope.inject._runs import VRAM_BYTES, Blocks, choose_places, known_places
from halscope.inject.model import Cell, LayerMap, Sheet
from halscope.ppu.obj import cgram_at
from halscope.ppu.tilemap import TileMap, tile_map
from halscope.ppu.tiles import DEPTHS, encode_tiles
from halscope.rom.image import Rom

_MIDDLE_ROW: Final = 112


def sheet_from_layer(
    snapshot: Snapshot,
    layer: int,
    origins: VramOrigins,
    rom: Rom,
    codecs: Sequence[Codec] = (),
    *,
    title: str | None = None,
) -> Sheet:
    """Return the sheet of a layer's whole map, not only of the part on the screen, without scroll and priority.

    Args:
        snapshot: The moment.
        layer: 1 to 4.
        origins: Origins of its VRAM. A tile without an origin is locked, and so is a part of the map.
        rom: The running ROM.
        codecs: All codecs that origins may name.
        title: Title for users; by default the layer's name.

    Raises:
        UsageError: The BG mode has no such layer, or a register of it is not known.
    """
    layout = tile_map(snapshot, layer)
    placed = [*layout.tiles()]
    places = sorted({tile.vram_byte for tile in placed})
    data = {at: _tile(snapshot, layout, at) for at in places}
    blocks = Blocks(rom, codecs)
    known = {at // layout.tile_bytes: known_places(origins, at, layout.depth, data[at], blocks) for at in places}
    numbered = {at // layout.tile_bytes: tile for at, tile in data.items()}
    chosen = choose_places(numbered, known, rom, codecs)
    used = sorted({tile.palette for tile in placed})
    cells = tuple(
        Cell(
            tile.x,
            tile.y,
            tile.hflip,
            tile.vflip,
            used.index(tile.palette),
            data[tile.vram_byte],
            chosen[tile.vram_byte // layout.tile_bytes],
            tile.vram_byte,
        )
        for tile in placed
    )
    named = {cell.origin.transform for cell in cells if cell.origin is not None}
    width, height = layout.size
    return Sheet(
        kind="layer",
        title=title or f"BG{layer}, frame {snapshot.frame}",
        width=width,
        height=height,
        bpp=next(depth for depth in DEPTHS if depth == layout.bpp),
        palettes=_palettes(snapshot, layout, used),
        cells=cells,
        rom_sha256=rom.sha256,
        rom_title="".join(character if character.isprintable() else "?" for character in rom.title)[:200],
        transforms=tuple(one for one in rom.transforms if one.name in named and one not in TRANSFORMS),
        map=None if layout.depth == "mode7" else _map(snapshot, layout, used, origins, rom, codecs),
    )


def _tile(snapshot: Snapshot, layout: TileMap, vram_byte: int) -> bytes:
    """Return a tile as the sheet shows it; in mode 7, where VRAM has a byte per pixel, as a planar one."""
    at = np.arange(vram_byte, vram_byte + layout.tile_bytes) % VRAM_BYTES
    tile = snapshot.vram[at]
    if layout.depth == "mode7":
        return encode_tiles(tile[1::2].reshape(1, 8, 8), 8).tobytes()
    return tile.tobytes()


def _palettes(snapshot: Snapshot, layout: TileMap, used: Sequence[int]) -> NDArray[np.uint16]:
    """Return uint16[n, 2^bpp]: the palettes in the middle of the picture, bit 15 cleared."""
    cgram, colours = cgram_at(snapshot, _MIDDLE_ROW), 1 << layout.bpp
    first = (layout.first_colour + colours * number for number in used)
    return np.stack([cgram[at : at + colours] for at in first]) & np.uint16(0x7FFF)


def _map(
    snapshot: Snapshot,
    layout: TileMap,
    used: Sequence[int],
    origins: VramOrigins,
    rom: Rom,
    codecs: Sequence[Codec],
) -> LayerMap:
    """Return the map with the places of its entries in the ROM, which are found by their bytes like tiles."""
    size = 2 * len(layout.words)
    units = [(layout.vram_byte + at) % VRAM_BYTES for at in range(0, size, TILE_BYTES)]
    stored = {unit: snapshot.vram[at : at + TILE_BYTES].tobytes() for unit, at in enumerate(units)}
    known = {
        unit: [origin for origin in origins.at(at) if origin.transform == NO_TRANSFORM] for unit, at in enumerate(units)
    }
    chosen = choose_places(stored, known, rom, codecs)
    return LayerMap(
        vram_byte=layout.vram_byte,
        words=tuple(layout.words.tolist()),
        columns=layout.columns,
        rows=layout.rows,
        palettes=tuple(used),
        origins=tuple(chosen[unit] for unit in range(len(units))),
    )
