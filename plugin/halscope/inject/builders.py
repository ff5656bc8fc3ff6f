"""Build edit sheets from the screen or the ROM: a sprite, a metasprite, a whole block, or uncompressed tiles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Final

import numpy as np
from halscope_hooks import (
    NO_TRANSFORM,
    RAW_CODEC,
    TILE_BYTES,
    TRANSFORMS,
    Codec,
    Frame,
    ImageError,
    Origin,
    Sprite,
    StartEvidence,
    VramOrigins,
)
from numpy.typing import NDArray

from halscope.inject._plain_tiles import place_plain_tiles
from halscope.inject._transforms import shown_depth, shown_tiles, transform_named
from halscope.inject.edits import PROVEN_STARTS
from halscope.inject.model import TILE, Cell, Sheet, SheetKind
from halscope.inject.plan import decode_proven
from halscope.inject.settle import PAGE_SIDE, Tile, settle_origins
from halscope.ppu.cgram import obj_palette
from halscope.ppu.grouping import Metasprite, screen_y
from halscope.ppu.obj import first_sprite, sprite_cgram
from halscope.ppu.tiles import TileDepth
from halscope.rom.image import Rom

BLOCK_COLUMNS: Final = 16
"""Tiles per row of a block's sheet. The same as in a tile page, so that multi-tile sprites line up."""


def sheet_from_sprite(
    frame: Frame,
    sprite: Sprite,
    origins: VramOrigins,
    rom: Rom,
    codecs: Sequence[Codec] = (),
    *,
    title: str | None = None,
) -> Sheet:
    """Return the sheet of one sprite as displayed, flips applied.

    Args:
        frame: The decoded frame.
        sprite: One of its sprites.
        origins: Origins of the tiles in its VRAM. A tile without an origin is locked.
        rom: The running ROM.
        codecs: If given, the origins of a sprite's tiles are chosen together (see `settle`), and plain tiles (blank or
            one colour) derive theirs from the others. If empty, each tile gets its own best origin.
        title: Title for users; by default the sprite's number and frame.
    """
    cells = _sprite_cells(frame, sprite, _settled(frame, [sprite], origins, rom, codecs), 0, 0, 0)
    name = title or f"sprite {sprite.index}, frame {frame.snapshot.frame}"
    return _sheet(
        "sprite", name, sprite.width, sprite.height, _obj_palettes(frame, [sprite], [sprite.palette]), cells, rom
    )


def sheet_from_metasprite(
    frame: Frame,
    metasprite: Metasprite,
    origins: VramOrigins,
    rom: Rom,
    codecs: Sequence[Codec] = (),
    *,
    title: str | None = None,
) -> Sheet:
    """Return the sheet of a group of sprites, each in its place, the frontmost first.

    Arguments as for `sheet_from_sprite`. The sheet's palettes are those that the sprites use, in numerical order.
    """
    first = first_sprite(frame.snapshot.ppu.oamadd or 0)
    sprites = [frame.sprites[index] for index in sorted(metasprite.indices, key=lambda index: (index - first) % 128)]
    palettes = list(metasprite.palettes)
    settled = _settled(frame, sprites, origins, rom, codecs)
    cells: list[Cell] = []
    for sprite in sprites:
        left, top = sprite.x - metasprite.x, screen_y(sprite) - metasprite.y
        cells.extend(_sprite_cells(frame, sprite, settled, left, top, palettes.index(sprite.palette)))
    numbers = f"{metasprite.indices[0]}" + (f" to {metasprite.indices[-1]}" if len(sprites) > 1 else "")
    name = title or f"sprites {numbers}, frame {frame.snapshot.frame}"
    size = (metasprite.width, metasprite.height)
    return _sheet("metasprite", name, *size, _obj_palettes(frame, sprites, palettes), cells, rom)


def sheet_from_block(
    rom: Rom,
    codec: Codec,
    block_offset: int,
    *,
    palette: NDArray[np.uint16] | None = None,
    start: StartEvidence = "content",
    bpp: TileDepth = 4,
    transform: str = NO_TRANSFORM,
    lead: int = 0,
    count: int | None = None,
    columns: int = BLOCK_COLUMNS,
    title: str | None = None,
) -> Sheet:
    """Return the sheet of all tiles of a compressed block.

    Args:
        rom: The ROM.
        codec: The block's codec.
        block_offset: File offset of the block in the headerless image.
        palette: uint16[2^bpp], BGR555; greys by default.
        start: Evidence for the block's start (from the index or a trace).
        bpp: Bits per pixel; ignored if a transform is given.
        transform: How the game converts the tiles on their way into VRAM; the sheet shows them converted.
        lead: Bytes before the first tile in the decoded block. These, and any bytes after the last whole tile, are not
            part of the sheet and stay unchanged.
        count: Number of tiles; `None` for all. The others are not part of the sheet either.
        columns: Tiles per row. Tiles that are stored in figures (`Transform.figure`) are shown in figures, side by side
            as far as they fit.
        title: Title for users; by default the block's codec and offset.

    Raises:
        InjectError: No stream begins there.
        ImageError: The block holds no whole tile after `lead`, or fewer than `count`, or the palette does not fit.
        UsageError: There is no such transform.
    """
    data = decode_proven(rom, codec, block_offset, sure=start in PROVEN_STARTS).block.data.tobytes()
    size, bpp, convert = _layout(rom, transform, bpp)
    places = range(lead, len(data) - size + 1, size)
    if count is not None and count > len(places):
        raise ImageError(
            f"{rom.name}: the {codec.name} block at {block_offset:#x} holds {len(places)} tiles from byte {lead:#x} "
            f"on, not {count}"
        )
    places = places[:count]
    cells = [(convert(data[at : at + size]), Origin(codec.name, block_offset, at, start, transform)) for at in places]
    name = title or f"{codec.name} block {block_offset:#x}"
    return _grid(rom, cells, palette, bpp, columns, name, size, _figure(rom, transform))


def sheet_from_raw(
    rom: Rom,
    rom_offset: int,
    count: int,
    *,
    palette: NDArray[np.uint16] | None = None,
    bpp: TileDepth = 4,
    transform: str = NO_TRANSFORM,
    columns: int = BLOCK_COLUMNS,
    title: str | None = None,
) -> Sheet:
    """Return the sheet of `count` consecutive uncompressed tiles, starting at a file offset.

    Arguments as for `sheet_from_block`. Raises ImageError if the ROM ends before the last tile.
    """
    size, bpp, convert = _layout(rom, transform, bpp)
    if rom_offset < 0 or count < 1 or rom_offset + count * size > rom.data.size:
        raise ImageError(f"{rom.name}: no {count} tiles at {rom_offset:#x}: the ROM ends at {rom.data.size:#x}")
    places = range(rom_offset, rom_offset + count * size, size)
    cells = [
        (convert(rom.data[at : at + size].tobytes()), Origin(RAW_CODEC, at, 0, "content", transform)) for at in places
    ]
    return _grid(
        rom, cells, palette, bpp, columns, title or f"uncompressed tiles {rom_offset:#x}", size, _figure(rom, transform)
    )


def _layout(rom: Rom, transform: str, bpp: TileDepth) -> tuple[int, TileDepth, Callable[[bytes], bytes]]:
    """Return the size of a stored tile, the depth of the tile as shown, and the conversion from one to the other."""
    row = transform_named(transform, rom.transforms)
    if row is None:
        return TILE * bpp, bpp, bytes
    return row.stored_bytes, shown_depth(row), partial(shown_tiles, row)


def _figure(rom: Rom, transform: str) -> tuple[tuple[int, ...], ...]:
    """Return the order of the tiles that are stored together."""
    row = transform_named(transform, rom.transforms)
    return ((0,),) if row is None else row.figure


def grey_palette(bpp: TileDepth) -> NDArray[np.uint16]:
    """Return uint16[2^bpp], BGR555, all different and rising from black (transparent) to white.

    Greys for 2 and 4bpp. The console has 32 greys, so 8bpp gets 256 colours in the order of their brightness: an editor
    that converts the picture to RGB then keeps every index.
    """
    if bpp == 8:
        red, green, blue = np.meshgrid(np.arange(8), np.arange(8), np.arange(4), indexing="ij")
        levels = [(part.reshape(-1) * 31 + most // 2) // most for part, most in ((red, 7), (green, 7), (blue, 3))]
        brightness = 299 * levels[0] + 587 * levels[1] + 114 * levels[2]  # ITU-R BT.601
        order = np.argsort(brightness, kind="stable")
        return (levels[0] | levels[1] << 5 | levels[2] << 10)[order].astype(np.uint16)
    most = (1 << bpp) - 1
    level = (np.arange(1 << bpp) * 31 + most // 2) // most
    return (level * 0x421).astype(np.uint16)  # the same five bits in all three channels


def _grid(
    rom: Rom,
    tiles: Sequence[tuple[bytes, Origin]],
    palette: NDArray[np.uint16] | None,
    bpp: TileDepth,
    columns: int,
    title: str,
    tile_bytes: int,
    figure: tuple[tuple[int, ...], ...],
) -> Sheet:
    if not tiles:
        raise ImageError(f"{rom.name}: the {title} holds no whole {bpp}bpp tile of {tile_bytes} bytes")
    high, wide = len(figure), len(figure[0])
    places = {number: (x, y) for y, row in enumerate(figure) for x, number in enumerate(row)}
    figures = -(-len(tiles) // (high * wide))
    across = max(1, min(columns // wide, figures))
    colours = grey_palette(bpp) if palette is None else (np.asarray(palette) & 0x7FFF).astype(np.uint16)
    cells = []
    for number, (tile, origin) in enumerate(tiles):
        whole, inside = divmod(number, high * wide)
        x, y = whole % across * wide + places[inside][0], whole // across * high + places[inside][1]
        cells.append(Cell(x * TILE, y * TILE, False, False, 0, tile, origin))
    size = (across * wide * TILE, -(-figures // across) * high * TILE)
    return _sheet("block", title, *size, colours.reshape(1, -1), cells, rom, bpp)


def _sheet(
    kind: SheetKind,
    title: str,
    width: int,
    height: int,
    palettes: NDArray[np.uint16],
    cells: Iterable[Cell],
    rom: Rom,
    bpp: TileDepth = 4,
) -> Sheet:
    cells = tuple(cells)
    named = {cell.origin.transform for cell in cells if cell.origin is not None}
    return Sheet(
        kind=kind,
        title=_printable(title),
        width=width,
        height=height,
        bpp=bpp,
        palettes=palettes,
        cells=cells,
        rom_sha256=rom.sha256,
        rom_title=_printable(rom.title),
        transforms=tuple(one for one in rom.transforms if one.name in named and one not in TRANSFORMS),
    )


def _sprite_cells(
    frame: Frame, sprite: Sprite, origins: dict[int, Origin | None], left: int, top: int, palette: int
) -> Iterator[Cell]:
    """Yield the tiles of a sprite as cells, row by row as displayed."""
    columns = sprite.cells.shape[1]
    for at, number in enumerate(_tile_numbers(sprite)):
        x, y = left + at % columns * TILE, top + at // columns * TILE
        data = _tile_data(frame, number)
        yield Cell(x, y, sprite.hflip, sprite.vflip, palette, data, origins[number], number * TILE_BYTES)


def _settled(
    frame: Frame, sprites: Sequence[Sprite], origins: VramOrigins, rom: Rom, codecs: Sequence[Codec]
) -> dict[int, Origin | None]:
    """Return the origins of the sprites' tiles by VRAM tile number; sprites that form a rectangle settle together."""
    whole = _corner(sprites)
    clusters = [(whole, sprites)] if whole is not None else [(sprite.tile, [sprite]) for sprite in sprites]
    settled: dict[int, Origin | None] = {}
    for corner, cluster in clusters:
        numbers = list(dict.fromkeys(number for sprite in cluster for number in _tile_numbers(sprite)))
        tiles = [
            Tile(*_place_in_page(number, corner), _tile_data(frame, number), origins.at(number * TILE_BYTES))
            for number in numbers
        ]
        beside = _beside(frame, numbers, corner, origins)
        for number, origin in zip(numbers, settle_origins(tiles, beside, rom, codecs), strict=True):
            settled.setdefault(number, origin)
    return place_plain_tiles(frame, settled, origins, rom, codecs) if codecs else settled


def _beside(frame: Frame, numbers: Sequence[int], corner: int, origins: VramOrigins) -> Iterator[Tile]:
    """Yield the other tiles in the rows of VRAM that hold these tiles."""
    for row in sorted({number // PAGE_SIDE for number in numbers}):
        for number in set(range(row * PAGE_SIDE, (row + 1) * PAGE_SIDE)).difference(numbers):
            down, across = _place_in_page(number, corner)
            if corner % PAGE_SIDE + across >= PAGE_SIDE:
                across -= PAGE_SIDE  # to the left of the sprites, not to the right
            yield Tile(down, across, _tile_data(frame, number), origins.at(number * TILE_BYTES))


def _corner(sprites: Sequence[Sprite]) -> int | None:
    """Return the number of the top left tile within its page if the sprites' tiles fill a rectangle of one page."""
    numbers = {number for sprite in sprites for number in _tile_numbers(sprite)}
    if len({number // PAGE_SIDE**2 for number in numbers}) == 1:
        for sprite in sprites:
            places = [_place_in_page(number, sprite.tile) for number in numbers]
            if (max(row for row, _ in places) + 1) * (max(column for _, column in places) + 1) == len(numbers):
                return sprite.tile
    return None


def _place_in_page(number: int, corner: int) -> tuple[int, int]:
    """Return row and column of a tile in its page, relative to a corner. Both wrap, as a sprite's tiles do."""
    return (number // PAGE_SIDE - corner // PAGE_SIDE) % PAGE_SIDE, (number - corner) % PAGE_SIDE


def _tile_numbers(sprite: Sprite) -> list[int]:
    """Return the VRAM byte addresses of a sprite's tiles / 32: OBJ tiles always begin at multiples of 32 bytes."""
    numbers: list[int] = (sprite.cells.reshape(-1) // TILE_BYTES).tolist()
    return numbers


def _tile_data(frame: Frame, number: int) -> bytes:
    return frame.snapshot.vram[number * TILE_BYTES :][:TILE_BYTES].tobytes()


def _obj_palettes(frame: Frame, sprites: Sequence[Sprite], numbers: Sequence[int]) -> NDArray[np.uint16]:
    """Return OBJ palettes (CGRAM from colour 128) as the sprites are shown with them, uint16[n, 16], bit 15 cleared."""
    users = ([sprite for sprite in sprites if sprite.palette == number] for number in numbers)
    shown = [sprite_cgram(frame.snapshot, those) for those in users]
    return np.stack([obj_palette(cgram, number) for cgram, number in zip(shown, numbers, strict=True)]) & np.uint16(
        0x7FFF
    )


def _printable(text: str) -> str:
    """Make a title safe for messages and JSON: a ROM's title may be any bytes."""
    return "".join(character if character.isprintable() else "?" for character in text)[:200]
