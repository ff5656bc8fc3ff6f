"""Convert pixels to the console's formats: planar tiles, tilemaps, BGR555 palettes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
TILE = 8
MAP_HFLIP, MAP_VFLIP, MAP_PRIORITY = 0x4000, 0x8000, 0x2000
SCREEN_TILES = 32  # a tilemap screen is 32 × 32 entries


def planar(tile: Pixels, depth: int) -> bytes:
    """One 8×8 tile of `depth` bits: planes in pairs, the two planes of a pair interleaved row by row.

    If the depth is odd, the last plane is alone: 24 bytes for 3bpp, 8 for 1bpp.
    """
    output = bytearray()
    for pair in range(0, depth, 2):
        for row in tile:
            output += bytes(int(np.packbits(row >> plane & 1)[0]) for plane in range(pair, min(pair + 2, depth)))
    return bytes(output)


def cut(pixels: Pixels, column: int, row: int) -> Pixels:
    """The tile at a tile position."""
    return pixels[row * TILE : row * TILE + TILE, column * TILE : column * TILE + TILE]


def sheet_tiles(pixels: Pixels, frame_width: int, layout: str) -> list[Pixels]:
    """A sprite sheet's tiles: "frames" row by row inside each frame, "strip" row by row over the whole sheet."""
    rows, columns = pixels.shape[0] // TILE, pixels.shape[1] // TILE
    wide = frame_width // TILE if layout == "frames" else columns
    return [
        cut(pixels, column, row)
        for left in range(0, columns, wide)
        for row in range(rows)
        for column in range(left, left + wide)
    ]


def bgr555(palette: Pixels) -> bytes:
    """Convert RGB rows to little-endian words with 5 bits per channel."""
    words = palette.astype(np.uint16) >> 3
    return (words[:, 0] | words[:, 1] << 5 | words[:, 2] << 10).astype("<u2").tobytes()


@dataclass(frozen=True)
class TiledBackground:
    """A background's unique tiles and its map."""

    tiles: bytes
    tilemap: bytes
    tile_count: int
    wide: bool  # two screens side by side


def tile_background(
    pixels: Pixels, priority: npt.NDArray[np.bool_], slots: dict[int, int], depth: int = 4
) -> TiledBackground:
    """Split a background into unique tiles (flipped copies count as the same) and a map of them.

    `slots` maps the palette number in the pixels to the CGRAM palette. Tile 0 is blank. The tiles have `depth` bits.
    """
    rows, columns = pixels.shape[0] // TILE, pixels.shape[1] // TILE
    blank = np.zeros((TILE, TILE), np.uint8)
    numbers: dict[bytes, tuple[int, int]] = {}
    tiles: list[bytes] = []

    def register(tile: Pixels) -> tuple[int, int]:
        key = tile.tobytes()
        if key not in numbers:
            for flips, seen in (
                (0, tile),
                (MAP_HFLIP, tile[:, ::-1]),
                (MAP_VFLIP, tile[::-1]),
                (MAP_HFLIP | MAP_VFLIP, tile[::-1, ::-1]),
            ):
                numbers.setdefault(seen.tobytes(), (len(tiles), flips))
            tiles.append(planar(tile, depth))
        return numbers[key]

    register(blank)
    screens = -(-columns // SCREEN_TILES)
    entries = np.zeros((screens, SCREEN_TILES, SCREEN_TILES), np.uint16)
    for row in range(rows):
        for column in range(columns):
            tile = cut(pixels, column, row)
            used = {int(value) >> 4 for value in np.unique(tile) if value & 15}
            if len(used) > 1:
                raise ValueError(f"tile {column}, {row} uses palettes {sorted(used)}: one a tile")
            number, flips = register(np.where(tile & 15, tile & 15, 0).astype(np.uint8))
            entry = number | flips | (slots[used.pop()] << 10 if used else 0)
            entries[column // SCREEN_TILES, row, column % SCREEN_TILES] = entry | (
                MAP_PRIORITY if priority[row, column] else 0
            )
    if len(tiles) > 512:
        raise ValueError(f"{len(tiles)} unique tiles, 512 at most")
    return TiledBackground(b"".join(tiles), entries.astype("<u2").tobytes(), len(tiles), screens == 2)


def punch(pixels: Pixels, values: Sequence[int]) -> Pixels:
    """Make some values transparent."""
    return np.where(np.isin(pixels, values), 0, pixels).astype(np.uint8)


def carve(pixels: Pixels, mouths: Sequence[tuple[int, int, int, int]]) -> Pixels:
    """Make ragged ellipses with dithered edges transparent. Each is given as centre x and y and two radii."""
    y, x = np.indices(pixels.shape)
    carved = pixels.copy()
    for middle_x, middle_y, radius_x, radius_y in mouths:
        across, down = (x - middle_x) / radius_x, (y - middle_y) / radius_y
        turn = np.arctan2(down, across)
        ragged = 1 + 0.06 * np.sin(5 * turn + middle_x) + 0.04 * np.sin(11 * turn + middle_y)
        distance = np.hypot(across, down) / ragged
        carved[(distance < 0.9) | ((distance < 1) & ((x + y) % 2 == 0))] = 0
    return carved
