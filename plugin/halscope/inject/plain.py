"""Origins of plain tiles: a blank corner of a sprite says nothing by itself, but the tiles around it do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from halscope_hooks import Codec, CodecError, Origin, StartEvidence

from halscope.inject.plan import RAW
from halscope.rom.image import Rom

_TILE_BYTES: Final = 32
_PAGE_COLUMNS: Final = 16

Tile = tuple[int, bytes, Origin | None]
"""A tile of a sprite: its number in VRAM (byte address / 32), its bytes, its origin."""


def complete_origins(tiles: Sequence[Tile], rom: Rom, codecs: Sequence[Codec]) -> tuple[Origin | None, ...]:
    """Fill in the origins of a sprite's tiles that have none.

    A sprite's tiles stand in their block in an order that follows their places in VRAM's page of 16 columns: row after
    row of the sprite, or of a sheet 16 tiles wide. Where every known tile of the sprite fits such an order, it says
    where the others stand, and the block's bytes there are compared. An answer counts if all orders that fit agree.

    Args:
        tiles: The tiles of one sprite.
        rom: The ROM.
        codecs: The codecs that the origins name.

    Returns:
        An origin for each tile: the given one, or one that was found in this way, or `None`.
    """
    known = [(number, origin) for number, _, origin in tiles if origin is not None]
    if not known or len(known) == len(tiles):
        return tuple(origin for _, _, origin in tiles)
    contents = {block: _content(rom, codecs, *block) for block in {_block(origin) for _, origin in known}}
    orders = list(_orders(tiles, known))
    completed: list[Origin | None] = []
    for number, data, origin in tiles:
        if origin is None:
            places = {
                (block, start, at)
                for block, start, base, stride in orders
                if (at := _place(number, base, stride)) >= 0 and contents[block][at : at + _TILE_BYTES] == data
            }
            if len(places) == 1:
                ((codec, block_offset), start, at) = places.pop()
                origin = Origin(RAW, at, 0, start) if codec == RAW else Origin(codec, block_offset, at, start)
        completed.append(origin)
    return tuple(completed)


def _block(origin: Origin) -> tuple[str, int]:
    """What an origin's offset counts in: its block; for uncompressed tiles the whole ROM."""
    return (origin.codec, 0 if origin.codec == RAW else origin.block_offset)


def _content(rom: Rom, codecs: Sequence[Codec], codec_name: str, block_offset: int) -> bytes:
    if codec_name == RAW:
        return rom.data.tobytes()
    for codec in codecs:
        if codec.name == codec_name:
            try:
                return codec.decode(rom.data, block_offset).data.tobytes()
            except CodecError:
                break
    return b""


def _orders(
    tiles: Sequence[Tile], known: Sequence[tuple[int, Origin]]
) -> Iterator[tuple[tuple[str, int], StartEvidence, int, int]]:
    """Block, its evidence, byte offset of tile number 0 and bytes a page row, of every order that fits all tiles known.

    A sprite whose known tiles come from several blocks has been put together from parts: then nothing is said.
    """
    if len({_block(origin) for _, origin in known}) != 1:
        return
    columns = {number % _PAGE_COLUMNS for number, _, _ in tiles}
    for stride in sorted({len(columns) * _TILE_BYTES, _PAGE_COLUMNS * _TILE_BYTES}):
        bases = {_offset(origin) - _place(number, 0, stride) for number, origin in known}
        if len(bases) == 1:
            yield _block(known[0][1]), known[0][1].start, bases.pop(), stride


def _offset(origin: Origin) -> int:
    return origin.block_offset if origin.codec == RAW else origin.byte_offset


def _place(number: int, base: int, stride: int) -> int:
    return base + number // _PAGE_COLUMNS * stride + number % _PAGE_COLUMNS * _TILE_BYTES
