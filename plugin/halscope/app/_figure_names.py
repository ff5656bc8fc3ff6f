"""Names of edit sheets, made from what they show: the same in every run, wherever the figure is on the screen."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from halscope_hooks import RAW_CODEC, Origin

from halscope.inject import Cell, Sheet, stored_bytes

UNKNOWN: Final = "unknown"
"""Folder of the figures of which no tile has a known place."""
RAW_FOLDER_BYTES: Final = 0x8000
"""Uncompressed tiles have no block, so those in the same 32 KiB of the ROM share a folder."""
_MIRRORED: Final = {(False, False): "", (True, False): "-mirrored", (False, True): "-flipped", (True, True): "-turned"}


class _Place(NamedTuple):
    """The place of a tile: its block, and the tile's number in it."""

    block: tuple[str, int]
    number: int


def block_name(codec: str, block_offset: int) -> str:
    """Return the name of the folder of a block's sheets: `hal-035d23`."""
    if codec == RAW_CODEC:
        block_offset -= block_offset % RAW_FOLDER_BYTES
    return f"{codec}-{block_offset:06x}"


def figure_name(sheet: Sheet) -> str:
    """Return a sheet's name, `BLOCK/WIDTHxHEIGHT-TILE`, without a suffix: `hal-035d23/32x32-016`.

    BLOCK is the one that most tiles come from, and TILE the number of the first of them in it (for uncompressed
    tiles its offset in the ROM). For a plain rectangle of consecutive tiles that is all, but for `w16` where its rows
    are 16 tiles apart in the block, and a word if the whole is mirrored. Any other arrangement gets six digits of its
    hash.
    """
    places = [None if cell.origin is None else _place(cell.origin, sheet) for cell in sheet.cells]
    size = f"{sheet.width}x{sheet.height}"
    known = [place for place in places if place is not None]
    if not known:
        return f"{UNKNOWN}/{size}-{_digest(sheet)}"
    folders = Counter(block_name(*place.block) for place in known)
    folder = max(folders, key=lambda name: (folders[name], name))
    inside = [place for place in known if block_name(*place.block) == folder]
    first = min(place.number for place in inside)
    raw = inside[0].block[0] == RAW_CODEC
    at = f"{first:06x}" if raw else f"{first:03}"
    step = next(_stored_bytes(cell.origin, sheet) for cell in sheet.cells if cell.origin is not None) if raw else 1
    whole = _as_rectangle(sheet, places, step)
    if whole is None:
        return f"{folder}/{size}-{at}-{_digest(sheet)}"
    pitch, mirrored = whole
    return f"{folder}/{size}{pitch}-{at}{mirrored}"


def layer_name(sheet: Sheet, layer: int) -> str:
    """Return the name of a layer's sheet, `BLOCK/bg1-256x512`, without a suffix; BLOCK is as in `figure_name`."""
    folders = Counter(
        block_name(cell.origin.codec, cell.origin.block_offset) for cell in sheet.cells if cell.origin is not None
    )
    folder = max(folders, key=lambda name: (folders[name], name)) if folders else UNKNOWN
    return f"{folder}/bg{layer}-{sheet.width}x{sheet.height}"


def _place(origin: Origin, sheet: Sheet) -> _Place:
    if origin.codec == RAW_CODEC:
        return _Place((origin.codec, origin.block_offset), origin.block_offset)
    return _Place((origin.codec, origin.block_offset), origin.byte_offset // _stored_bytes(origin, sheet))


def _stored_bytes(origin: Origin, sheet: Sheet) -> int:
    """Return the size of a tile as it is stored: a transform may make more bytes of it in VRAM."""
    return stored_bytes(origin.transform, sheet.tile_bytes, sheet.known_transforms)


def _as_rectangle(sheet: Sheet, places: Sequence[_Place | None], step: int) -> tuple[str, str] | None:
    """Return how the rows of a plain rectangle follow each other and how it is mirrored, or `None` for another figure.

    Args:
        sheet: The sheet.
        places: The place of each cell.
        step: Difference of the numbers of consecutive tiles.
    """
    columns, rows = sheet.width // 8, sheet.height // 8
    flips = {(cell.hflip, cell.vflip) for cell in sheet.cells}
    if len(flips) != 1 or sheet.width % 8 or sheet.height % 8:
        return None
    ((hflip, vflip),) = flips
    numbers: dict[tuple[int, int], int] = {}
    for cell, place in zip(sheet.cells, places, strict=True):
        if place is None or (place.block[0] != RAW_CODEC and place.block != (places[0] or place).block):
            return None
        across, down = cell.x // 8, cell.y // 8
        numbers[rows - 1 - down if vflip else down, columns - 1 - across if hflip else across] = place.number
    if not len(numbers) == len(sheet.cells) == columns * rows:
        return None  # a place without a tile, or with several
    first = numbers[0, 0]
    pitch = columns if rows == 1 else (numbers[1, 0] - first) // step
    if any(number != first + step * (row * pitch + column) for (row, column), number in numbers.items()):
        return None
    return ("" if pitch == columns else f"w{pitch}"), _MIRRORED[hflip, vflip]


def _digest(sheet: Sheet) -> str:
    def content(cell: Cell) -> tuple[object, ...]:
        place = None if cell.origin is None else (cell.origin.codec, cell.origin.block_offset, cell.origin.byte_offset)
        return cell.x, cell.y, cell.hflip, cell.vflip, place, cell.original

    return hashlib.sha256(repr([content(cell) for cell in sheet.cells]).encode()).hexdigest()[:6]
