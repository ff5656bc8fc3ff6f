"""The edit sheet's JSON, stored in the PNG and next to it, and validated when read (docs/reference/edit-sheet.md)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import numpy as np
from halscope_hooks import (
    MOST_FIGURE_SIDE,
    MOST_GAME_TRANSFORMS,
    NO_TRANSFORM,
    TILE_SIZES,
    ImageError,
    Origin,
    Transform,
    UsageError,
)
from numpy.typing import NDArray

import halscope._fields as read
from halscope._fields import Fields
from halscope.inject.model import (
    MAX_CELLS,
    MAX_DOUBTS,
    MAX_PALETTES,
    MAX_SIDE,
    SHEET_KINDS,
    UNIT_BYTES,
    Cell,
    LayerMap,
    Sheet,
)
from halscope.ppu.tiles import DEPTHS

FORMAT: Final = "halscope-sheet"
VERSION: Final = 1
MAX_JSON_BYTES: Final = 16 << 20
"""16384 cells of 8bpp, of about 450 characters each, take less than half of this."""
_MOST_KEPT: Final = 16
"""Sheets that are kept as they were read: an editor's every save holds the same document."""
_LONGEST_KEPT: Final = 1 << 20
_MOST_PARTS: Final = 3
_MOST_UNITS: Final = 512

_ADVICE: Final = "export the sheet again"

# Made once: a sheet has hundreds of cells, and making the readers took longer than reading.
_ORIGIN: Final[dict[str, Callable[[Any], Any]]] = {
    "codec": read.codec_name,
    "block_offset": read.rom_offset,
    "byte_offset": read.whole(0, 0xFFFF),
    "start": read.start_evidence,
}
_CELL: Final[dict[str, Callable[[Any], Any]]] = {
    "x": read.whole(0, MAX_SIDE),
    "y": read.whole(0, MAX_SIDE),
    "hflip": read.flag,
    "vflip": read.flag,
    "palette": read.whole(0, MAX_PALETTES - 1),
    "tile": read.hex_bytes,
    "vram_byte": read.optional(read.whole(0, 0xFFFF)),
}


def picture_sha256(pixels: NDArray[np.uint8]) -> str:
    """Hash a picture's size and pixel values, independent of the file it is stored in."""
    size = f"{pixels.shape[1]}x{pixels.shape[0]}:".encode()
    return hashlib.sha256(size + pixels.astype(np.uint8, copy=False).tobytes()).hexdigest()


def to_json(sheet: Sheet) -> str:
    """Return the sheet as one line of ASCII JSON, which any kind of PNG text chunk can hold."""
    rgb = sheet.rgb.reshape(len(sheet.palettes), sheet.colours, 3)
    document = {
        "format": FORMAT,
        "version": VERSION,
        "kind": sheet.kind,
        "title": sheet.title,
        "rom": {"sha256": sheet.rom_sha256, "title": sheet.rom_title},
        "width": sheet.width,
        "height": sheet.height,
        "bpp": sheet.bpp,
        "palettes": [
            {"bgr555": colours.tolist(), "rgb": [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in shown.tolist()]}
            for colours, shown in zip(sheet.palettes, rgb, strict=True)
        ],
        "picture_sha256": picture_sha256(sheet.composition.pixels),
        "cells": [_cell_to_json(cell) for cell in sheet.cells],
    }
    if sheet.doubts:
        document["doubts"] = list(sheet.doubts)
    if sheet.transforms:
        document["transforms"] = [_transform_to_json(transform) for transform in sheet.transforms]
    if sheet.map is not None:
        document["map"] = _map_to_json(sheet.map)
    return json.dumps(document, separators=(",", ":"))


def from_json(text: str | bytes, source: str) -> Sheet:
    """Read a sheet's JSON. Unless it is very long, a document is read once, and gives the same sheet with its picture.

    Args:
        text: The document; its contents are not trusted.
        source: Where it was read from, for messages.

    Raises:
        ImageError: It is not JSON, a field is missing, unknown or out of range, or fields contradict each other.
    """
    if len(text) > MAX_JSON_BYTES:
        raise ImageError(f"{source}: {len(text)} bytes of sheet data; at most {MAX_JSON_BYTES}; export the sheet again")
    return _kept(text, source) if len(text) <= _LONGEST_KEPT else _read(text, source)


def _read(text: str | bytes, source: str) -> Sheet:
    root = read.document(text, source, ImageError, _ADVICE)
    if root.take("format", read.anything) != FORMAT:
        raise ImageError(f'{source}: "format" is not "{FORMAT}": this is not a Halscope edit sheet')
    version = root.take("version", read.whole(0, 1 << 31))
    if version != VERSION:
        raise ImageError(f"{source}: sheet version {version}; this Halscope reads {VERSION}; export the sheet again")
    rom = root.inner("rom")
    palettes = [_palette(palette) for palette in root.each("palettes", MAX_PALETTES, least=1)]
    if len({len(palette) for palette in palettes}) != 1:
        raise root.wrong("its palettes have different lengths")
    cells = tuple(_cell(cell) for cell in root.each("cells", MAX_CELLS, least=1))
    digest = root.take("picture_sha256", read.sha256)
    values: dict[str, Any] = {
        "kind": root.take("kind", read.choice(SHEET_KINDS)),
        "title": root.take("title", read.text),
        "width": root.take("width", read.whole(1, MAX_SIDE)),
        "height": root.take("height", read.whole(1, MAX_SIDE)),
        "bpp": root.take("bpp", read.choice(DEPTHS)),
        "rom_sha256": rom.take("sha256", read.sha256),
        "rom_title": rom.take("title", read.text),
    }
    doubts = root.take_or("doubts", read.listed(MAX_DOUBTS, read.text), [])
    transforms = tuple(_transform(one) for one in root.each_or("transforms", MOST_GAME_TRANSFORMS))
    layer_map = _map(root.inner("map")) if "map" in root else None
    root.finish()
    rom.finish()
    colours = np.array(palettes, np.uint16)
    colours.flags.writeable = False  # the sheet is shared by all who read it
    try:
        sheet = Sheet(
            palettes=colours,
            cells=cells,
            doubts=tuple(doubts),
            transforms=transforms,
            map=layer_map,
            **values,
        )
    except ImageError as error:
        raise ImageError(f"{source}: {error}; export the sheet again") from None
    if picture_sha256(sheet.composition.pixels) != digest:
        raise ImageError(f"{source}: its tiles do not match the picture that was exported; export the sheet again")
    return sheet


_kept = lru_cache(maxsize=_MOST_KEPT)(_read)


def forget() -> None:
    """Drop the sheets that are kept."""
    _kept.cache_clear()


def origin_to_json(origin: Origin) -> dict[str, Any]:
    """Return an origin as a JSON object, for a sheet or an edit."""
    value = {
        "codec": origin.codec,
        "block_offset": origin.block_offset,
        "byte_offset": origin.byte_offset,
        "start": origin.start,
    }
    return value if origin.transform == NO_TRANSFORM else {**value, "transform": origin.transform}


def origin_from_json(fields: Fields) -> Origin:
    """Read an origin. Raises the error type of `fields`."""
    transform = fields.take_or("transform", read.text, NO_TRANSFORM)
    return Origin(transform=transform, **fields.take_all(_ORIGIN))


def _transform_to_json(transform: Transform) -> dict[str, Any]:
    return {
        "name": transform.name,
        "depth": transform.depth,
        "stored_bytes": transform.stored_bytes,
        "parts": transform.parts,
        "figure": transform.figure,
    }


def _transform(fields: Fields) -> Transform:
    part = read.optional(read.listed(_MOST_PARTS, read.whole(0, 63), least=0))
    values: dict[str, Any] = {
        "name": fields.take("name", read.text),
        "depth": fields.take("depth", read.choice(tuple(TILE_SIZES))),
        "stored_bytes": fields.take("stored_bytes", read.whole(8, 64)),
    }
    parts = fields.take("parts", read.listed(max(TILE_SIZES.values()), part))
    numbers = read.listed(MOST_FIGURE_SIDE, read.whole(0, MOST_FIGURE_SIDE**2 - 1))
    figure = fields.take("figure", read.listed(MOST_FIGURE_SIDE, numbers))
    fields.finish()
    try:
        return Transform(
            parts=tuple(None if some is None else tuple(some) for some in parts),
            figure=tuple(tuple(row) for row in figure),
            **values,
        )
    except UsageError as error:
        raise fields.wrong(str(error)) from None


def _map_to_json(layer: LayerMap) -> dict[str, Any]:
    document: dict[str, Any] = {
        "vram_byte": layer.vram_byte,
        "columns": layer.columns,
        "rows": layer.rows,
        "palettes": list(layer.palettes),
        "units": [
            {"words": unit.tobytes().hex(), "origin": None if origin is None else origin_to_json(origin)}
            for unit, origin in zip(layer.units(), layer.origins, strict=True)
        ],
    }
    return document if layer.entry_bytes == 2 else {**document, "entry_bytes": layer.entry_bytes}


def _map(fields: Fields) -> LayerMap:
    values: dict[str, Any] = {
        "vram_byte": fields.take("vram_byte", read.whole(0, 0xFFFF)),
        "columns": fields.take("columns", read.choice((1, 2))),
        "rows": fields.take("rows", read.choice((1, 2))),
        "palettes": tuple(fields.take("palettes", read.listed(MAX_PALETTES, read.whole(0, 7)))),
    }
    entry_bytes = fields.take_or("entry_bytes", read.choice((1, 2)), 2)
    units = [_unit(unit) for unit in fields.each("units", _MOST_UNITS)]
    fields.finish()
    words = np.frombuffer(b"".join(words for words, _ in units), "<u2" if entry_bytes == 2 else "u1")
    try:
        return LayerMap(
            words=tuple(words.tolist()),
            origins=tuple(origin for _, origin in units),
            entry_bytes=2 if entry_bytes == 2 else 1,
            **values,
        )
    except ImageError as error:
        raise fields.wrong(str(error)) from None


def _unit(fields: Fields) -> tuple[bytes, Origin | None]:
    words = fields.take("words", read.hex_bytes)
    if len(words) != UNIT_BYTES:
        raise fields.wrong(f"a part of the map has {len(words)} bytes, not {UNIT_BYTES}")
    origin = fields.optional("origin", origin_from_json)
    fields.finish()
    return words, origin


def _cell_to_json(cell: Cell) -> dict[str, Any]:
    origin = cell.origin
    value = {
        "x": cell.x,
        "y": cell.y,
        "hflip": cell.hflip,
        "vflip": cell.vflip,
        "palette": cell.palette,
        "vram_byte": cell.vram_byte,
        "origin": None if origin is None else origin_to_json(origin),
        "tile": cell.tile.hex(),
    }
    return value if cell.rom_tile is None else {**value, "rom_tile": cell.rom_tile.hex()}


def _cell(fields: Fields) -> Cell:
    origin = fields.optional("origin", origin_from_json)
    rom_tile = fields.take_or("rom_tile", read.hex_bytes, None)
    return Cell(origin=origin, rom_tile=rom_tile, **fields.take_all(_CELL))


def _palette(fields: Fields) -> list[int]:
    colours = fields.take("bgr555", read.listed(256, read.whole(0, 0x7FFF)))
    fields.take("rgb", read.anything)  # for people and other tools; only BGR555 is used
    fields.finish()
    return colours
