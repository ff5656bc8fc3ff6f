"""Edit sheets of what is on the screen or in the ROM: a sprite, a metasprite, a whole block, uncompressed tiles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from halscope_hooks import Codec, Frame, ImageError, Origin, Sprite, StartEvidence, VramOrigins
from numpy.typing import NDArray

from halscope.inject.model import TILE, Cell, Sheet
from halscope.inject.plan import RAW, decode_proven
from halscope.ppu.tiles import TileDepth
from halscope.rom.image import Rom

if TYPE_CHECKING:
    from halscope.ppu.grouping import Metasprite

BLOCK_COLUMNS: Final = 16
"""Tiles in a row of a block's sheet: as in the console's tile page, so that sprites of several tiles look right."""

_OBJ_COLOURS: Final = 128
_OBJ_TILE_BYTES: Final = 32


def sheet_from_sprite(
    frame: Frame, sprite: Sprite, origins: VramOrigins, rom: Rom, *, title: str | None = None
) -> Sheet:
    """Return the sheet of one sprite as the screen shows it, flips applied.

    Args:
        frame: The decoded frame.
        sprite: One of its sprites.
        origins: Where the tiles of its VRAM come from; the best origin of each counts, a tile without one is locked.
        rom: The ROM that runs.
        title: For a person; by default the sprite's number and frame.
    """
    name = title or f"sprite {sprite.index}, frame {frame.snapshot.frame}"
    cells = _sprite_cells(frame, sprite, origins, 0, 0, 0)
    palettes = _obj_palettes(frame, [sprite.palette])
    return Sheet(
        kind="sprite",
        title=_printable(name),
        width=sprite.width,
        height=sprite.height,
        bpp=4,
        palettes=palettes,
        cells=tuple(cells),
        rom_sha256=rom.sha256,
        rom_title=_printable(rom.title),
    )


def sheet_from_metasprite(
    frame: Frame, metasprite: Metasprite, origins: VramOrigins, rom: Rom, *, title: str | None = None
) -> Sheet:
    """Return the sheet of several sprites that belong together, each in its place, the lower OAM index in front.

    Arguments as for `sheet_from_sprite`. Its palettes are those that its sprites use, in the order of their numbers.
    """
    sprites = [frame.sprites[index] for index in sorted(metasprite.indices)]
    numbers = sorted({sprite.palette for sprite in sprites})
    lefts = [sprite.x for sprite in sprites]
    tops = _unwrapped([sprite.y for sprite in sprites])
    cells = [
        cell
        for sprite, left, top in zip(sprites, lefts, tops, strict=True)
        for cell in _sprite_cells(
            frame, sprite, origins, left - min(lefts), top - min(tops), numbers.index(sprite.palette)
        )
    ]
    indices = "-".join(str(sprite.index) for sprite in (sprites[0], sprites[-1])[: len(sprites)])
    return Sheet(
        kind="metasprite",
        title=_printable(title or f"sprites {indices}, frame {frame.snapshot.frame}"),
        width=max(left + sprite.width for sprite, left in zip(sprites, lefts, strict=True)) - min(lefts),
        height=max(top + sprite.height for sprite, top in zip(sprites, tops, strict=True)) - min(tops),
        bpp=4,
        palettes=_obj_palettes(frame, numbers),
        cells=tuple(cells),
        rom_sha256=rom.sha256,
        rom_title=_printable(rom.title),
    )


def sheet_from_block(
    rom: Rom,
    codec: Codec,
    block_offset: int,
    *,
    palette: NDArray[np.uint16] | None = None,
    start: StartEvidence = "content",
    bpp: TileDepth = 4,
    lead: int = 0,
    columns: int = BLOCK_COLUMNS,
    title: str | None = None,
) -> Sheet:
    """Return the sheet of all tiles of a compressed block.

    Args:
        rom: The ROM.
        codec: The block's codec.
        block_offset: File offset of the block in the headerless image.
        palette: uint16[2^bpp], BGR555; by default greys.
        start: How the block's start is known (from the index or a trace).
        bpp: Bits a pixel.
        lead: Bytes before the first tile in the decoded block. They, and what is left behind the last whole tile, are
            not part of the sheet and stay as they are.
        columns: Tiles in a row.
        title: For a person; by default the block's codec and offset.

    Raises:
        InjectError: No stream begins there.
        ImageError: The block holds no whole tile behind `lead`, or the palette does not fit.
    """
    data = decode_proven(rom, codec, block_offset).data.tobytes()
    size = TILE * bpp
    places = range(lead, len(data) - size + 1, size)
    cells = [(data[at : at + size], Origin(codec.name, block_offset, at, start)) for at in places]
    name = title or f"{codec.name} block {block_offset:#x}"
    return _grid(rom, cells, palette, bpp, columns, name)


def sheet_from_raw(
    rom: Rom,
    rom_offset: int,
    count: int,
    *,
    palette: NDArray[np.uint16] | None = None,
    bpp: TileDepth = 4,
    columns: int = BLOCK_COLUMNS,
    title: str | None = None,
) -> Sheet:
    """Return the sheet of `count` uncompressed tiles that stand one behind the other from a file offset on.

    Arguments as for `sheet_from_block`. Raises ImageError: the ROM ends before the last tile.
    """
    size = TILE * bpp
    if rom_offset < 0 or count < 1 or rom_offset + count * size > rom.data.size:
        raise ImageError(f"{rom.name}: no {count} tiles at {rom_offset:#x}: the ROM ends at {rom.data.size:#x}")
    places = range(rom_offset, rom_offset + count * size, size)
    cells = [(rom.data[at : at + size].tobytes(), Origin(RAW, at, 0, "content")) for at in places]
    return _grid(rom, cells, palette, bpp, columns, title or f"uncompressed tiles {rom_offset:#x}")


def grey_palette(bpp: TileDepth) -> NDArray[np.uint16]:
    """uint16[2^bpp], BGR555: black (transparent), then greys that rise to white; 8bpp has each grey eight times."""
    most = (1 << bpp) - 1
    level = (np.arange(1 << bpp) * 31 + most // 2) // most
    return (level * 0x421).astype(np.uint16)  # the same five bits three times


def _grid(
    rom: Rom,
    tiles: Sequence[tuple[bytes, Origin]],
    palette: NDArray[np.uint16] | None,
    bpp: TileDepth,
    columns: int,
    title: str,
) -> Sheet:
    if not tiles:
        raise ImageError(f"{rom.name}: the {title} holds no whole {bpp}bpp tile of {TILE * bpp} bytes")
    columns = max(1, min(columns, len(tiles)))
    colours = grey_palette(bpp) if palette is None else (np.asarray(palette) & 0x7FFF).astype(np.uint16)
    return Sheet(
        kind="block",
        title=_printable(title),
        width=columns * TILE,
        height=-(-len(tiles) // columns) * TILE,
        bpp=bpp,
        palettes=colours.reshape(1, -1),
        cells=tuple(
            Cell(number % columns * TILE, number // columns * TILE, False, False, 0, tile, origin)
            for number, (tile, origin) in enumerate(tiles)
        ),
        rom_sha256=rom.sha256,
        rom_title=_printable(rom.title),
    )


def _sprite_cells(
    frame: Frame, sprite: Sprite, origins: VramOrigins, left: int, top: int, palette: int
) -> Iterable[Cell]:
    """The tiles of a sprite, row by row as shown; tiles of OBJ always begin at multiples of 32 bytes."""
    vram = frame.snapshot.vram
    for (row, column), vram_byte in np.ndenumerate(sprite.cells):
        at = int(vram_byte)
        found = origins.origins[at // _OBJ_TILE_BYTES]
        yield Cell(
            left + column * TILE,
            top + row * TILE,
            sprite.hflip,
            sprite.vflip,
            palette,
            vram[at : at + _OBJ_TILE_BYTES].tobytes(),
            found[0] if found else None,
            at,
        )


def _obj_palettes(frame: Frame, numbers: Sequence[int]) -> NDArray[np.uint16]:
    """uint16[n, 16]: OBJ palettes (CGRAM from colour 128), bit 15 cleared: CGRAM keeps 15 bits."""
    colours = frame.snapshot.cgram[_OBJ_COLOURS:].reshape(8, 16)
    return colours[list(numbers)] & np.uint16(0x7FFF)


def _unwrapped(tops: list[int]) -> list[int]:
    """OAM's y of neighbouring sprites without the wrap at 256: a group across it continues below 255."""
    wraps = max(tops) - min(tops) > 128
    return [top + 256 if wraps and top < 128 else top for top in tops]


def _printable(text: str) -> str:
    """A title that messages and JSON can hold: a ROM's own may be any bytes."""
    return "".join(character if character.isprintable() else "?" for character in text)[:200]
