"""Choose the origins of a sprite's tiles together, using the order in which the tiles are stored in their block.

A single tile can occur in several places (two frames of an animation share an arm), and a blank corner could be
anywhere. But a sprite's tiles are stored in order: row by row of the sprite, or of a sheet several tiles wide. The
order that explains the most tiles gives the place of each one, and the bytes there are compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Final, NamedTuple, Protocol

from halscope_hooks import RAW_CODEC, TILE_BYTES, Codec, CodecError, Origin, StartEvidence, Transform

from halscope.inject._transforms import stored_bytes, stored_tile
from halscope.rom.image import Rom

PAGE_SIDE: Final = 16
"""A sprite's tiles wrap within a page of 16 x 16 tiles; pages begin at multiples of 8 KiB of VRAM."""

_PLACES_TRIED: Final = 4
"""Origins per tile that orders are derived from; the right one is nearly always among the first two."""
WIDEST_ROW: Final = 64


class Tile(NamedTuple):
    """A tile of a sprite.

    Args:
        row: Its row in the sprite as stored (not flipped), in tiles.
        column: Its column, in tiles.
        data: Its 32 bytes in VRAM.
        origins: Its possible origins, best first; empty for a tile with too little information.
    """

    row: int
    column: int
    data: bytes
    origins: tuple[Origin, ...]


class Source(NamedTuple):
    """What an origin's offset is relative to: a block or, for uncompressed tiles, the whole ROM (as block 0). Its tiles
    are all converted in the same way.

    Args:
        codec: As in the origin.
        block_offset: As in the origin; 0 for uncompressed tiles.
        transform: As in the origin.
        tile_bytes: Size of a stored tile.
    """

    codec: str
    block_offset: int
    transform: str
    tile_bytes: int


class _Order(NamedTuple):
    """A layout hypothesis: a tile is stored at `base`, and row × `stride` + column tiles further on."""

    source: Source
    start: StartEvidence
    base: int
    stride: int

    def place(self, tile: Tile) -> int:
        return self.base + (tile.row * self.stride + tile.column) * self.source.tile_bytes


def settle_origins(
    tiles: Sequence[Tile], beside: Iterable[Tile], rom: Rom, codecs: Sequence[Codec]
) -> tuple[Origin | None, ...]:
    """Choose the origins of a sprite's tiles together.

    An order is accepted if it explains more than half of the tiles that have origins. The orders that explain the most
    tiles win. Ties are broken by the number of neighbouring tiles explained (the frames of an animation are adjacent in
    VRAM and consecutive in the block), then by agreement with the tiles' own best origins. If the remaining orders
    place a tile differently, it keeps its own best origin.

    Args:
        tiles: The tiles of one sprite.
        beside: Tiles to the left and right of it in VRAM, with columns relative to the sprite's. Looked at if
            there are ties.
        rom: The ROM.
        codecs: The codecs that the origins name. If empty, each tile keeps its own best origin.

    Returns:
        An origin for each tile, or `None`.
    """
    own = tuple(tile.origins[0] if tile.origins else None for tile in tiles)
    known = [tile for tile in tiles if tile.origins]
    if not known or not codecs:
        return own
    rows, columns = max(tile.row for tile in tiles) + 1, max(tile.column for tile in tiles) + 1
    contents = Content(rom, codecs)
    orders = _orders(known, columns, contents)

    @cache
    def stored(data: bytes, transform: str) -> bytes | None:
        return stored_tile(transform, data, rom.transforms)

    def fits(order: _Order, tile: Tile, further: int = 0) -> bool:
        size = order.source.tile_bytes
        at = order.place(tile) + further * size
        return at >= 0 and contents[order.source][at : at + size] == stored(tile.data, order.source.transform)

    winners = _best(orders, lambda order: sum(fits(order, tile) for tile in known))
    if sum(fits(winners[0], tile) for tile in known) * 2 <= len(known):
        return own
    if len(winners) > 1:
        winners = _best_beside(winners, beside, rows, columns, fits)
    winners = _best(winners, lambda order: _agreement(order, known, contents))
    settled: list[Origin | None] = []
    for tile, origin in zip(tiles, own, strict=True):
        places = {origin_at(order.source, order.start, order.place(tile)) for order in winners if fits(order, tile)}
        settled.append(places.pop() if len(places) == 1 else origin)
    return tuple(settled)


class _Fits(Protocol):
    """Whether the bytes where an order places a tile, or so many tiles further on, are those of the tile."""

    def __call__(self, order: _Order, tile: Tile, further: int = 0) -> bool: ...


def _best_beside(
    orders: Sequence[_Order], beside: Iterable[Tile], rows: int, columns: int, fits: _Fits
) -> Sequence[_Order]:
    """Return the orders that explain the most tiles beside a sprite of so many rows and columns of tiles."""
    frames = [(tile.column // columns, tile._replace(column=tile.column % columns)) for tile in beside if tile.origins]
    # Tiles from one frame to the next in the block: side by side as in VRAM, or consecutive, with the height of this
    # sprite or of two such sprites.
    steps = (columns, rows * columns, 2 * rows * columns)
    return _best(
        orders, lambda order: max(sum(fits(order, tile, frame * step) for frame, tile in frames) for step in steps)
    )


def _orders(known: Sequence[Tile], columns: int, contents: Content) -> list[_Order]:
    """Return every order that places at least one tile at one of its origins."""
    strides = sorted({columns, PAGE_SIDE, *_seen_strides(known, contents)})
    orders: dict[_Order, None] = {}
    for tile in known:
        for origin in tile.origins[:_PLACES_TRIED]:
            source, at = contents.place_of(origin)
            for stride in strides:
                flat = _Order(source, origin.start, 0, stride)
                orders[_Order(source, origin.start, at - flat.place(tile), stride)] = None
    return list(orders)


def _seen_strides(known: Sequence[Tile], contents: Content) -> Iterable[int]:
    """Return the two most frequent row distances among the tiles' own best origins, in tiles."""
    seen: Counter[int] = Counter()
    places = [(tile, *contents.place_of(tile.origins[0])) for tile in known]
    for tile, first, at in places:
        for other, second, other_at in places:
            if other.row == tile.row + 1 and first == second:
                distance, rest = divmod(other_at - at, first.tile_bytes)
                if not rest:
                    seen[distance - (other.column - tile.column)] += 1
    return [stride for stride, _ in seen.most_common(2) if 0 < stride <= WIDEST_ROW]


def _best(orders: Sequence[_Order], score: Callable[[_Order], int]) -> Sequence[_Order]:
    """Return the orders with the highest score."""
    if len(orders) == 1:
        return orders
    scores = [score(order) for order in orders]
    best = max(scores)
    return [order for order, own in zip(orders, scores, strict=True) if own == best]


def _agreement(order: _Order, known: Sequence[Tile], contents: Content) -> int:
    """Count the tiles whose own best origin is where the order places them."""
    return sum(contents.place_of(tile.origins[0]) == (order.source, order.place(tile)) for tile in known)


class Content(dict[Source, bytes | memoryview]):
    """The bytes of each source, decoded on first use; empty if it cannot be decoded."""

    def __init__(self, rom: Rom, codecs: Sequence[Codec]) -> None:
        super().__init__()
        self._rom, self._codecs = rom, codecs
        self._tile_bytes: dict[str, int] = {}  # by transform

    def __missing__(self, source: Source) -> bytes | memoryview:
        self[source] = _content(self._rom, self._codecs, source)
        return self[source]

    @property
    def transforms(self) -> tuple[Transform, ...]:
        """The transforms that origins may name."""
        return self._rom.transforms

    def place_of(self, origin: Origin) -> tuple[Source, int]:
        """Return the source of an origin, and its offset there."""
        tile_bytes = self._tile_bytes.get(origin.transform)
        if tile_bytes is None:
            tile_bytes = stored_bytes(origin.transform, TILE_BYTES, self.transforms)
            self._tile_bytes[origin.transform] = tile_bytes
        if origin.codec == RAW_CODEC:
            return Source(RAW_CODEC, 0, origin.transform, tile_bytes), origin.block_offset
        return Source(origin.codec, origin.block_offset, origin.transform, tile_bytes), origin.byte_offset


def _content(rom: Rom, codecs: Sequence[Codec], source: Source) -> bytes | memoryview:
    if source.codec == RAW_CODEC:
        return memoryview(rom.data)
    for codec in codecs:
        if codec.name == source.codec:
            try:
                return rom.decode(codec, source.block_offset).data.tobytes()
            except CodecError:
                break
    return b""


def origin_at(source: Source, start: StartEvidence, at: int) -> Origin:
    """Return the origin of the tile at an offset of a source."""
    codec, block_offset, transform, _ = source
    if codec == RAW_CODEC:
        return Origin(codec, at, 0, start, transform)
    return Origin(codec, block_offset, at, start, transform)
