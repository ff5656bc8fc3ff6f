"""Build the edit sheet of a background layer: its whole map, with the places of its tiles and of the map itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from halscope_hooks import NO_TRANSFORM, TILE_BYTES, TRANSFORMS, Codec, Origin, Snapshot, VramOrigins
from numpy.typing import NDArray

from halscope.inject._runs import VRAM_BYTES, Blocks, Run, choose_places, known_places, origin_in_run, run_of
from halscope.inject._transforms import MODE7_MAP
from halscope.inject.model import Cell, LayerMap, Sheet
from halscope.ppu.obj import cgram_at
from halscope.ppu.tilemap import TileMap, tile_map
from halscope.ppu.tiles import DEPTHS, encode_tiles
from halscope.rom.image import Rom

_MIDDLE_ROW: Final = 112
_MOST_RUNS: Final = 16
"""Places of a whole map that are compared with it, byte by byte."""

Lookup = Callable[[NDArray[np.uint8]], Sequence[Sequence[Origin]]]


def sheet_from_layer(
    snapshot: Snapshot,
    layer: int,
    origins: VramOrigins,
    rom: Rom,
    codecs: Sequence[Codec] = (),
    *,
    title: str | None = None,
    lookup: Lookup | None = None,
) -> Sheet:
    """Return the sheet of a layer's whole map, not only of the part on the screen, without scroll and priority.

    Args:
        snapshot: The moment.
        layer: 1 to 4.
        origins: Origins of its VRAM. A tile without an origin is locked, and so is a part of the map.
        rom: The running ROM.
        codecs: All codecs that origins may name.
        title: Title for users; by default the layer's name.
        lookup: Finds stretches of 32 bytes in the ROM, as `RomIndex.lookup` does. It finds the map of mode 7, whose
            bytes do not stand together in VRAM; without it, that map cannot be edited.

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
        map=_mode7_map(layout, rom, codecs, lookup)
        if layout.depth == "mode7"
        else _map(snapshot, layout, used, origins, rom, codecs),
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


def _mode7_map(layout: TileMap, rom: Rom, codecs: Sequence[Codec], lookup: Lookup | None) -> LayerMap | None:
    """Return the map of mode 7 with the places of its bytes in the ROM; `None` if they are nowhere.

    A map repeats itself, so a stretch of it stands in many places. The place of the whole map is the one that holds
    most of it; what the game has changed since has none.
    """
    if lookup is None:
        return None
    plain = LayerMap(0, tuple(layout.words.tolist()), 1, 1, (0,), (None,) * (len(layout.words) // TILE_BYTES), 1)
    units = plain.units()
    blocks = Blocks(rom, codecs)
    votes: Counter[Run] = Counter()
    first: dict[Run, Origin] = {}
    stretches = [unit.tobytes() for unit in units]
    distinct = dict.fromkeys(stretches)
    known = dict(
        zip(distinct, lookup(np.frombuffer(b"".join(distinct), np.uint8).reshape(-1, TILE_BYTES)), strict=True)
    )
    for number, stretch in enumerate(stretches):
        found = known[stretch]
        for origin in found:
            if origin.transform == NO_TRANSFORM:
                run = run_of(origin, number, TILE_BYTES, rom)
                votes[run] += 1 + _MOST_RUNS * (len(found) == 1)
                first.setdefault(run, origin)
    best: tuple[Origin | None, ...] = (None,) * len(units)
    source: tuple[str, int] | None = None
    for run, _ in votes.most_common(_MOST_RUNS):
        places = [origin_in_run(run, first[run], number, TILE_BYTES) for number in range(len(units))]
        held = tuple(
            place if place is not None and blocks.holds(place, stretch) else None
            for place, stretch in zip(places, stretches, strict=True)
        )
        if held.count(None) < best.count(None):
            best, source = held, run[:2]
        elif held.count(None) == best.count(None) and run[:2] == source:
            source = None  # the same stretches, a period further on: which of them it is cannot be told
    if source is None or 2 * best.count(None) > len(units):
        return None
    return replace(plain, origins=tuple(None if one is None else replace(one, transform=MODE7_MAP) for one in best))
