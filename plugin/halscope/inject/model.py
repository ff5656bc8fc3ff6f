"""The edit sheet as a value: tiles with their positions, palettes and origins, and the picture they form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal, NamedTuple

import numpy as np
from halscope_hooks import NO_TRANSFORM, TRANSFORMS, ImageError, InjectError, Origin, Transform
from numpy.typing import NDArray

from halscope.inject._transforms import stored_tile
from halscope.ppu.cgram import to_rgb
from halscope.ppu.tilemap import HFLIP, NUMBER, PALETTE_SHIFT, VFLIP
from halscope.ppu.tiles import DEPTHS, TileDepth, decode_tiles, encode_tiles

SheetKind = Literal["sprite", "metasprite", "block", "strip", "layer", "region"]
SHEET_KINDS: Final[tuple[SheetKind, ...]] = ("sprite", "metasprite", "block", "strip", "layer", "region")

TILE: Final = 8
MAX_SIDE: Final = 4096
MAX_PIXELS: Final = 1 << 20
"""A 64 KiB block of 2bpp tiles, 16 tiles wide, is 128x2048; four times that can still be edited by hand."""
MODE7_ENTRIES: Final = 128 * 128
MAX_CELLS: Final = MODE7_ENTRIES
"""The tiles of the largest maps."""
_VRAM_BYTES: Final = 0x10000
MAX_DOUBTS: Final = 16
UNIT_BYTES: Final = 32
"""Bytes of a layer's map whose place in the ROM is known together."""
MAX_PALETTES: Final = 8
"""The number of OBJ palettes. An indexed PNG holds 256 entries, so an 8bpp sheet has one palette."""


Place = tuple[str, int, int, str]
"""A tile's place in the ROM: its origin without the evidence for the block's start, which may grow between two exports.
"""


def place_of(origin: Origin) -> Place:
    """Return the place of an origin."""
    return origin.codec, origin.block_offset, origin.byte_offset, origin.transform


@dataclass(frozen=True, slots=True)
class Cell:
    """One 8×8 tile of a sheet.

    Args:
        x: Left edge in the picture, in pixels.
        y: Top edge in the picture, in pixels.
        hflip: Whether the picture shows the tile mirrored left to right.
        vflip: Whether the picture shows the tile mirrored top to bottom.
        palette: Index into the sheet's palettes.
        tile: The original tile as it stands in VRAM (not flipped), planar, 8 × bpp bytes. In mode 7,
            whose tiles are not planar, its pixels as an 8bpp tile.
        origin: Where it is stored in the ROM, as these bytes or those that its transform converts to them. `None` locks
            the cell: it is shown but cannot be edited.
        vram_byte: VRAM byte address that it was read from, or `None`.
        rom_tile: The tile of the ROM in this place, in the form of `tile`, if `tile` was edited before it was exported.
    """

    x: int
    y: int
    hflip: bool
    vflip: bool
    palette: int
    tile: bytes
    origin: Origin | None = None
    vram_byte: int | None = None
    rom_tile: bytes | None = None

    @property
    def original(self) -> bytes:
        """The tile as the ROM has it."""
        return self.tile if self.rom_tile is None else self.rom_tile

    @property
    def place(self) -> str:
        """The cell's position, for messages."""
        return f"({self.x}, {self.y})"


@dataclass(frozen=True, slots=True)
class LayerMap:
    """The map of a layer's sheet, whose cells are the tiles of its entries, entry by entry.

    Args:
        vram_byte: Byte address of the first entry in VRAM.
        words: The entries in the order of VRAM: tile, palette, priority and flips, as the console reads them; in mode 7
            the number of the tile alone.
        columns: Tiles side by side in one entry: 1 or 2.
        rows: Tiles one above the other: 1 or 2.
        palettes: The number, in the entries, of each of the sheet's palettes.
        origins: For each 32 bytes of entries, where they are stored in the ROM, or `None`.
        entry_bytes: Size of an entry as stored: 2, and in mode 7 1. In VRAM each begins two bytes after the one before.

    Raises:
        ImageError: The fields are inconsistent.
    """

    vram_byte: int
    words: tuple[int, ...]
    columns: int
    rows: int
    palettes: tuple[int, ...]
    origins: tuple[Origin | None, ...]
    entry_bytes: Literal[1, 2] = 2

    def __post_init__(self) -> None:
        sizes = (1024, 2048, 4096) if self.entry_bytes == 2 else (MODE7_ENTRIES,)
        if len(self.words) not in sizes or self.unit_entries * len(self.origins) != len(self.words):
            raise ImageError(f"sheet: a map of {len(self.words)} entries with {len(self.origins)} places")
        if self.entry_bytes == 1 and (max(self.words) > 0xFF or self.tiles > 1):
            raise ImageError("sheet: a map of mode 7 has entries of one byte, and of one tile")
        if self.columns not in (1, 2) or self.rows not in (1, 2):
            raise ImageError(f"sheet: map entries of {self.columns}x{self.rows} tiles")

    @property
    def tiles(self) -> int:
        """Tiles of one entry."""
        return self.columns * self.rows

    @property
    def unit_entries(self) -> int:
        """Entries whose place in the ROM is known together."""
        return UNIT_BYTES // self.entry_bytes

    def units(self, words: Sequence[int] | None = None) -> NDArray[np.uint8]:
        """Return uint8[n, 32]: its entries as stored, or other ones in their place."""
        kind = "<u2" if self.entry_bytes == 2 else "u1"
        return np.array(self.words if words is None else words, kind).view(np.uint8).reshape(-1, UNIT_BYTES)

    def entries(self, units: bytes) -> list[int]:
        """Return the entries of stored bytes."""
        return np.frombuffer(units, "<u2" if self.entry_bytes == 2 else "u1").tolist()

    def unit_vram_byte(self, unit: int) -> int:
        """Return the byte address of a unit's first entry in VRAM."""
        return (self.vram_byte + 2 * self.unit_entries * unit) % _VRAM_BYTES


class Composition(NamedTuple):
    """A sheet's picture, and the cell visible in each pixel.

    Args:
        pixels: uint8[height, width], palette × 2^bpp + colour; 0 where transparent.
        owner: int32[height, width], index of the frontmost cell with an opaque pixel, or -1.
    """

    pixels: NDArray[np.uint8]
    owner: NDArray[np.int32]


@dataclass(frozen=True, kw_only=True, eq=False)  # no slots: `cached_property` needs a `__dict__`
class Sheet:
    """A picture exported for editing, made of tiles whose places in the ROM are known.

    Args:
        kind: What the sheet shows.
        title: Title for users.
        width: Width in pixels.
        height: Height in pixels.
        bpp: Bits per pixel: 2, 4 or 8.
        palettes: uint16[n, 2^bpp], BGR555 in the console's order; colour 0 of each is transparent.
        cells: The tiles. Where they overlap, earlier ones are in front, as in OAM.
        rom_sha256: SHA-256 of the headerless image, lower-case hex.
        rom_title: Title from the ROM's header, for users.
        doubts: What may be wrong with the picture, for users; empty if it is proven.
        transforms: The transforms of the game's profile that its origins name.
        map: The map of a layer; `None` for other sheets, and in mode 7 if its place in the ROM is not known.

    Raises:
        ImageError: The fields are inconsistent or out of range.
    """

    kind: SheetKind
    title: str
    width: int
    height: int
    bpp: TileDepth
    palettes: NDArray[np.uint16]
    cells: tuple[Cell, ...]
    rom_sha256: str
    rom_title: str = ""
    doubts: tuple[str, ...] = ()
    transforms: tuple[Transform, ...] = ()
    map: LayerMap | None = None

    def __post_init__(self) -> None:
        if self.bpp not in DEPTHS:
            raise ImageError(f"sheet: {self.bpp} bits per pixel; tiles have 2, 4 or 8")
        if not (1 <= self.width <= MAX_SIDE and 1 <= self.height <= MAX_SIDE) or self.width * self.height > MAX_PIXELS:
            raise ImageError(
                f"sheet: {self.width}x{self.height} pixels; at most {MAX_SIDE} per side and {MAX_PIXELS} in total"
            )
        count, colours = self.palettes.shape
        most = min(MAX_PALETTES, 256 >> self.bpp)
        if not 1 <= count <= most or colours != self.colours:
            raise ImageError(
                f"sheet: {count} palettes of {colours} colours; {self.bpp}bpp takes 1 to {most} of {self.colours}"
            )
        if self.palettes.size and int(self.palettes.max()) > 0x7FFF:
            raise ImageError("sheet: a palette holds a colour above $7FFF, which is not BGR555")
        if not 1 <= len(self.cells) <= MAX_CELLS:
            raise ImageError(f"sheet: {len(self.cells)} tiles; a sheet has 1 to {MAX_CELLS}")
        if self.map is not None:
            _check_map(self.map, self.cells, count, self.bpp)
        names = [transform.name for transform in self.known_transforms]
        if len(set(names)) != len(names):
            raise ImageError(f"sheet: it describes a transform twice, or one that every ROM has: {', '.join(names)}")
        tiles: dict[Place, tuple[bytes, bytes]] = {}
        for cell in self.cells:
            origin = cell.origin
            both = cell.tile, cell.original
            if origin is not None and tiles.setdefault(place_of(origin), both) != both:
                raise ImageError(f"sheet: the tile at {cell.place} differs from another one with the same origin")
            if not (0 <= cell.x <= self.width - TILE and 0 <= cell.y <= self.height - TILE):
                raise ImageError(f"sheet: the tile at {cell.place} is outside of {self.width}x{self.height} pixels")
            if not 0 <= cell.palette < count:
                raise ImageError(f"sheet: the tile at {cell.place} names palette {cell.palette} of {count}")
            for tile in (cell.tile, cell.original):
                if len(tile) != self.tile_bytes:
                    raise ImageError(f"sheet: the tile at {cell.place} has {len(tile)} bytes, not {self.tile_bytes}")
            if origin is not None and origin.transform != NO_TRANSFORM:
                _check_stored(cell, origin, self.known_transforms)

    @property
    def known_transforms(self) -> tuple[Transform, ...]:
        """The transforms that its origins may name."""
        return (*TRANSFORMS, *self.transforms)

    @property
    def colours(self) -> int:
        """Colours per palette."""
        return 1 << self.bpp

    @property
    def tile_bytes(self) -> int:
        """Size of a tile in bytes: 8 × bpp."""
        return TILE * self.bpp

    @property
    def rgb(self) -> NDArray[np.uint8]:
        """uint8[palettes × 2^bpp, 3]: the colour of every pixel value of the picture."""
        return to_rgb(self.palettes.reshape(-1))

    @cached_property
    def places(self) -> dict[Place, tuple[int, ...]]:
        """The places of its tiles, with the cells that show each; those of its map have none."""
        found: dict[Place, list[int]] = {}
        for number, cell in enumerate(self.cells):
            if cell.origin is not None:
                found.setdefault(place_of(cell.origin), []).append(number)
        for origin in () if self.map is None else self.map.origins:
            if origin is not None:
                found.setdefault(place_of(origin), [])
        return {place: tuple(numbers) for place, numbers in found.items()}

    def tile_pixels(self) -> NDArray[np.uint8]:
        """Return every cell's tile as displayed (flips applied): uint8[cells, 8, 8], 0 to 2^bpp - 1."""
        pixels = decode_tiles(b"".join(cell.tile for cell in self.cells), self.bpp)
        return self.flip(pixels)

    def flip(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Convert uint8[cells, 8, 8] between stored and displayed orientation; a flip is its own inverse."""
        flipped = pixels.copy()
        hflip, vflip = self._flips
        flipped[hflip] = flipped[hflip, :, ::-1]
        flipped[vflip] = flipped[vflip, ::-1, :]
        return flipped

    @cached_property
    def _flips(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The cells that are mirrored left to right, and those that are mirrored top to bottom."""
        flips = np.array([(cell.hflip, cell.vflip) for cell in self.cells])
        return np.flatnonzero(flips[:, 0]), np.flatnonzero(flips[:, 1])

    def encode(self, shown: NDArray[np.uint8]) -> list[bytes]:
        """Return every cell's tile as stored bytes, given uint8[cells, 8, 8] as displayed."""
        return [row.tobytes() for row in encode_tiles(self.flip(shown), self.bpp)]

    @cached_property
    def composition(self) -> Composition:
        """The sheet's picture, read-only; composed on first access and cached."""
        composition = self.compose()
        for array in composition:
            array.flags.writeable = False
        return composition

    def compose(self) -> Composition:
        """Compose the picture into new arrays, drawing the last cell first so that earlier cells cover later ones."""
        pixels = np.zeros((self.height, self.width), np.uint8)
        owner = np.full((self.height, self.width), -1, np.int32)
        shown = self.tile_pixels()[::-1]
        number, row, column = np.nonzero(shown)
        x, y, palette = np.array([(cell.x, cell.y, cell.palette) for cell in self.cells])[::-1].T
        # Where a place is assigned twice, the last value stays.
        places = y[number] + row, x[number] + column
        pixels[places] = shown[number, row, column] + palette[number] * self.colours
        owner[places] = len(self.cells) - 1 - number
        return Composition(pixels, owner)


def _check_map(layer: LayerMap, cells: tuple[Cell, ...], palettes: int, bpp: int) -> None:
    """Check that cells are what the entries of a map show. Raises ImageError."""
    if layer.tiles * len(layer.words) != len(cells) or len(layer.palettes) != palettes:
        raise ImageError("sheet: its map does not fit its tiles or its palettes")
    offsets = [(TILE * column, TILE * row) for row in range(layer.rows) for column in range(layer.columns)]
    shown: dict[tuple[int, int], bytes] = {}
    for entry, word in enumerate(layer.words):
        first = cells[entry * layer.tiles]
        hflip, vflip = bool(word & HFLIP), bool(word & VFLIP)
        palette = 0 if bpp == 8 else word >> PALETTE_SHIFT & 7
        for part, (x, y) in enumerate(offsets):
            cell = cells[entry * layer.tiles + part]
            stored = (layer.columns - 1 if hflip else 0) + layer.columns * (layer.rows - 1 if vflip else 0)
            same = shown.setdefault((word & NUMBER, part ^ stored), cell.tile) == cell.tile
            if (
                (cell.x, cell.y, cell.hflip, cell.vflip) != (first.x + x, first.y + y, hflip, vflip)
                or layer.palettes[cell.palette] != palette
                or not same
            ):
                raise ImageError(f"sheet: the tile at {cell.place} is not what its map shows there")


def _check_stored(cell: Cell, origin: Origin, transforms: tuple[Transform, ...]) -> None:
    try:
        stored = [stored_tile(origin.transform, tile, transforms) for tile in (cell.tile, cell.original)]
    except InjectError as error:
        raise ImageError(f"sheet: the tile at {cell.place}: {error}") from None
    if None in stored:
        raise ImageError(f"sheet: the tile at {cell.place} cannot be stored as {origin.transform}")


@dataclass(frozen=True, slots=True, eq=False)
class EditedSheet:
    """A sheet and its edited picture.

    Args:
        sheet: The sheet as exported.
        pixels: uint8[height, width], palette × 2^bpp + colour, 0 where transparent.
        name: The file that it was read from, for messages.
    """

    sheet: Sheet
    pixels: NDArray[np.uint8]
    name: str = "the sheet"
