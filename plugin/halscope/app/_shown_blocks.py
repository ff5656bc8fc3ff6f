"""How a moment of a game shows blocks: where their tiles begin, how far their rows are apart, and their colours."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from typing import Final, Literal, NamedTuple

import numpy as np
from halscope_hooks import NO_TRANSFORM, RAW_CODEC, TILE_BYTES, Frame, Origin, VramOrigins
from numpy.typing import NDArray

from halscope.app._tile_layout import TileLayout, tile_layout
from halscope.ppu.grouping import Metasprite, screen_y
from halscope.ppu.obj import sprite_cgram
from halscope.ppu.placements import layer_placements, stacked_tiles

_WIDEST_ROW: Final = 64
_FEWEST_PAIRS: Final = 4
_FEWEST_TILES: Final = 2
"""How many different tiles of a block must be seen: a single one may stand in several blocks by chance."""
_OBJ_COLOURS: Final = 128
"""First colour of the sprites in CGRAM."""

Depth = int | Literal["mode7"]


class _Stored(NamedTuple):
    """How a tile of a block is stored: its name, and bits per pixel in VRAM."""

    transform: str
    depth: Depth


@dataclass(slots=True)
class _Seen:
    """What is seen of a block under one way of storing: counts by byte offset, first colour, and row distance, the
    last of sprites and of maps."""

    offsets: Counter[int] = field(default_factory=Counter)
    colours: Counter[int] = field(default_factory=Counter)
    strides: Counter[int] = field(default_factory=Counter)
    map_strides: Counter[int] = field(default_factory=Counter)

    @property
    def columns(self) -> int | None:
        """The row distance that sprites show or, if none does, that most pairs of tiles in maps have."""
        if self.strides:
            return self.strides.most_common(1)[0][0]
        for distance, count in self.map_strides.most_common(1):
            # Maps reuse tiles, so a few pairs of any distance are chance; 0 stands for those without a distance.
            if distance and count >= _FEWEST_PAIRS and 2 * count > self.map_strides.total():
                return distance
        return None


@dataclass(frozen=True, slots=True)
class ShownBlock:
    """A block as a moment shows it.

    Args:
        layout: How its tiles are stored and shown.
        lead: Bytes before its first tile.
        columns: Tiles from one row of its figures, or of its picture in a map, to the next; `None` if no two rows are
            seen, or the rows of a map agree on no distance.
        palette: uint16[2^bpp], BGR555, the colours that most of its tiles are shown with.
        frame: The frame of a recording that shows it so, if it was searched for.
    """

    layout: TileLayout
    lead: int
    columns: int | None
    palette: NDArray[np.uint16]
    frame: int | None = None


class ShownBlocks:
    """The blocks whose tiles a moment shows, as sprites or in the maps of its layers.

    Args:
        frame: The decoded moment.
        groups: Its visible sprites in groups.
        origins: The origins of the tiles in its VRAM.
    """

    def __init__(self, frame: Frame, groups: Iterable[Metasprite], origins: VramOrigins) -> None:
        self._frame, self._groups, self._origins = frame, tuple(groups), origins
        self._layouts: dict[_Stored, TileLayout] = {}

    def find(self, codec: str, block_offset: int, wanted: TileLayout | None = None) -> ShownBlock | None:
        """Return how a block is shown, or `None` if it is not, or only a single tile that may be another block's.

        Args:
            codec: Name of the block's codec.
            block_offset: Its file offset.
            wanted: Count only tiles that are stored and shown so.
        """
        ways = {
            way: seen
            for way, seen in self._blocks.get((codec, block_offset), {}).items()
            if len(seen.offsets) >= _FEWEST_TILES and wanted in (None, self._layout(way))
        }
        if not ways:
            return None
        way = max(ways, key=lambda way: ways[way].offsets.total())
        seen, layout = ways[way], self._layout(way)
        leads: Counter[int] = Counter()
        for offset, count in seen.offsets.items():
            leads[offset % layout.stored_bytes] += count
        first = seen.colours.most_common(1)[0][0]
        palette = self._cgram(first)[first : first + (1 << layout.bpp)] & np.uint16(0x7FFF)
        return ShownBlock(layout, leads.most_common(1)[0][0], seen.columns, palette)

    def _cgram(self, first: int) -> NDArray[np.uint16]:
        """Return CGRAM as it was where the sprites with these colours stand; for layers that of the moment."""
        shown = [self._frame.sprites[index] for group in self._groups for index in group.indices]
        users = [one for one in shown if _OBJ_COLOURS + 16 * one.palette == first]
        return sprite_cgram(self._frame.snapshot, users) if users else self._frame.snapshot.cgram

    @cached_property
    def _blocks(self) -> dict[tuple[str, int], dict[_Stored, _Seen]]:
        blocks: dict[tuple[str, int], dict[_Stored, _Seen]] = defaultdict(lambda: defaultdict(_Seen))
        for group in self._groups:
            places: dict[tuple[int, int], list[Origin]] = {}
            for index in group.indices:
                sprite = self._frame.sprites[index]
                for (row, column), address in np.ndenumerate(sprite.cells):
                    at = sprite.x + 8 * column, screen_y(sprite) + 8 * row
                    places.setdefault(at, found := self._found(int(address), 4))
                    for origin in found:
                        seen = blocks[origin.codec, origin.block_offset][_Stored(origin.transform, 4)]
                        seen.offsets[origin.byte_offset] += 1
                        seen.colours[_OBJ_COLOURS + 16 * sprite.palette] += 1
            for (x, y), above in places.items():
                for origin in above:
                    for other in places.get((x, y + 8), ()):
                        if _block(other) == _block(origin):
                            way = _Stored(origin.transform, 4)
                            distance, rest = divmod(
                                abs(other.byte_offset - origin.byte_offset), self._layout(way).stored_bytes
                            )
                            if not rest and 0 < distance <= _WIDEST_ROW:
                                blocks[origin.codec, origin.block_offset][way].strides[distance] += 1
        for one in layer_placements(self._frame.snapshot):
            for origin in self._found(one.vram_byte, one.depth):
                seen = blocks[origin.codec, origin.block_offset][_Stored(origin.transform, one.depth)]
                seen.offsets[origin.byte_offset] += one.entries
                seen.colours[one.first_colour] += one.entries
        for pair in stacked_tiles(self._frame.snapshot):
            below = self._found(pair.lower, pair.depth)
            for origin in self._found(pair.upper, pair.depth) if below else ():
                way = _Stored(origin.transform, pair.depth)
                seen = blocks[origin.codec, origin.block_offset][way]
                for other in below:
                    if _block(other) == _block(origin):
                        seen.map_strides[self._rows_apart(origin, other, way)] += pair.entries
        return blocks

    def _rows_apart(self, upper: Origin, lower: Origin, way: _Stored) -> int:
        """Return how many tiles further on in the block the lower tile is; 0 if that is no distance between rows."""
        distance, rest = divmod(lower.byte_offset - upper.byte_offset, self._layout(way).stored_bytes)
        return distance if not rest and 1 < distance <= _WIDEST_ROW else 0

    def _layout(self, way: _Stored) -> TileLayout:
        if way not in self._layouts:
            bpp = None if way.depth == "mode7" or way.transform != NO_TRANSFORM else way.depth
            self._layouts[way] = tile_layout(bpp, way.transform, self._origins.transforms)
        return self._layouts[way]

    def _found(self, address: int, depth: Depth) -> list[Origin]:
        """Return the origins of a tile in blocks. A plain tile says nothing, and uncompressed ones have no block."""
        if depth != "mode7" and not self._origins.informative[address // TILE_BYTES]:
            return []
        return [origin for origin in self._origins.at(address, depth) if origin.codec != RAW_CODEC]


class ShownSometime:
    """The blocks that some moments show, each as in the first of them that shows it.

    Args:
        moments: Frames and their blocks; they are taken when a block is looked for that no earlier one shows.
    """

    def __init__(self, moments: Iterable[tuple[int, ShownBlocks]]) -> None:
        self._moments = iter(moments)
        self._taken: list[tuple[int, ShownBlocks]] = []

    def find(self, codec: str, block_offset: int, wanted: TileLayout | None = None) -> ShownBlock | None:
        """Return how a block is shown, as `ShownBlocks.find` does, and in which frame."""
        for frame, shown in chain(self._taken, self._rest()):
            if (found := shown.find(codec, block_offset, wanted)) is not None:
                return replace(found, frame=frame)
        return None

    def _rest(self) -> Iterator[tuple[int, ShownBlocks]]:
        for one in self._moments:
            self._taken.append(one)
            yield one


def _block(origin: Origin) -> tuple[str, int, str]:
    return origin.codec, origin.block_offset, origin.transform
