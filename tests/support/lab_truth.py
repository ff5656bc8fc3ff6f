"""The lab ROM according to its truth file: the memories of each scene, the origin of each tile, each row's registers.

`tests/roms/lab/README.md` describes the scenes and the file. The fixtures `lab_rom` and `lab_truth` are for every test.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from support import hal_reference

FOLDER = Path(__file__).resolve().parents[1] / "roms" / "lab"
IMAGE = FOLDER / "halscope-lab.sfc"
TRUTH = FOLDER / "halscope-lab.json"
STORED_BYTES = {"3bpp-low": 24, "3bpp-high": 24}
"""Bytes of a tile before the transform."""
SHOWN_BYTES = {"3bpp-low": 32, "3bpp-high": 32}
"""Bytes of a tile in VRAM after the transform."""

HALF_OF_WORDS = {"mode7": 1, "mode7-map": 0}
"""Mode 7: which byte of each VRAM word the data goes to."""

ROWS = 224
"""Rows of the picture."""

Bytes = NDArray[np.uint8]


@pytest.fixture(scope="session")
def lab_rom() -> Path:
    """The lab ROM's image."""
    return IMAGE


@pytest.fixture(scope="session")
def lab_truth() -> dict[str, Any]:
    """The lab ROM's truth file."""
    return load_truth()


@cache
def load_truth() -> dict[str, Any]:
    """Read the truth file. Don't change what it returns."""
    truth: dict[str, Any] = json.loads(TRUTH.read_text(encoding="utf-8"))
    return truth


@cache
def sources() -> dict[str, bytes]:
    """Every block, decoded, and every piece of raw data, by name."""
    image, truth = IMAGE.read_bytes(), load_truth()
    data = {block["name"]: hal_reference.decode(image, block["offset"]).data for block in truth["blocks"]}
    return data | {raw["name"]: image[raw["offset"] : raw["offset"] + raw["size"]] for raw in truth["raw"]}


def scene(name: str) -> dict[str, Any]:
    """A scene's record."""
    return next(record for record in load_truth()["scenes"] if record["name"] == name)


def expanded(data: bytes, transform: str) -> bytes:
    """The bytes in VRAM of stored tiles."""
    if transform == "none":
        return data
    tiles = np.frombuffer(data, np.uint8).reshape(-1, STORED_BYTES[transform])
    shown = np.zeros((len(tiles), SHOWN_BYTES[transform]), np.uint8)
    shown[:, :16] = tiles[:, :16]
    shown[:, 16::2] = tiles[:, 16:]
    if transform == "3bpp-high":
        shown[:, 17::2] = tiles[:, 0:16:2] | tiles[:, 1:16:2] | tiles[:, 16:]
    return shown.tobytes()


def vram(name: str) -> Bytes:
    """A scene's whole VRAM, uint8[65536]; what the scene does not load is zero."""
    memory = np.zeros(0x10000, np.uint8)
    for piece in scene(name)["vram"]:
        at, offset, transform = piece["vram_byte"], piece["byte_offset"], piece["transform"]
        stored = piece["size"]
        if transform in HALF_OF_WORDS:
            data = np.frombuffer(sources()[piece["block"]], np.uint8)[offset : offset + stored // 2]
            memory[at + HALF_OF_WORDS[transform] : at + stored : 2] = data
            continue
        if transform != "none":
            stored = piece["size"] // SHOWN_BYTES[transform] * STORED_BYTES[transform]
        shown = expanded(sources()[piece["block"]][offset : offset + stored], transform)
        assert len(shown) == piece["size"]
        memory[at : at + len(shown)] = np.frombuffer(shown, np.uint8)
    return memory


def cgram(name: str, row: int | None = None) -> NDArray[np.uint16]:
    """A scene's palette memory, uint16[256]: as the loader fills it, or as HDMA has left it when a row is drawn.

    After the last row, and so at the start of vblank, it is that of row ROWS - 1.
    """
    memory = np.zeros(512, np.uint8)
    for piece in scene(name)["cgram"]:
        data = sources()[piece["block"]][piece["byte_offset"] :][: piece["size"]]
        memory[piece["cgram_byte"] :][: len(data)] = np.frombuffer(data, np.uint8)
    colours = memory.view("<u2").astype(np.uint16)
    for rows in scene(name)["raster"]:
        if row is not None and "entry" in rows:
            colours[rows["entry"]] = values(rows)[row]
    return colours


def oam(name: str) -> Bytes:
    """A scene's OAM, uint8[544]; all zero if the scene has no sprites."""
    block = scene(name)["oam"]
    return np.zeros(544, np.uint8) if block is None else np.frombuffer(sources()[block], np.uint8)


class Tile(NamedTuple):
    """A tile in VRAM and where it comes from, in the terms of `Origin`.

    A tile with the transform "mode7" has 64 bytes, which are every second of the `bytes_shown` ones.
    """

    vram_byte: int
    bytes_shown: int
    codec: str
    block_offset: int
    byte_offset: int
    transform: str


def tiles(name: str) -> Iterator[Tile]:
    """Every tile that a scene loads, maps left out. A raw tile's block begins at the tile: byte_offset is 0."""
    truth = load_truth()
    raws = {raw["name"]: raw for raw in truth["raw"]}
    blocks = {block["name"]: block for block in truth["blocks"]}
    for piece in scene(name)["vram"]:
        record = blocks.get(piece["block"]) or raws[piece["block"]]
        if record["kind"] not in ("sprites", "tiles"):
            continue
        transform = piece["transform"]
        plain = record["bpp"] * 8
        if transform == "mode7":
            stored, shown = plain, 2 * plain
        else:
            stored, shown = STORED_BYTES.get(transform, plain), SHOWN_BYTES.get(transform, plain)
        for number in range(piece["size"] // shown):
            at = piece["byte_offset"] + number * stored
            begin, inside = (record["offset"], at) if piece["block"] in blocks else (record["offset"] + at, 0)
            codec = record.get("codec", "raw")
            yield Tile(piece["vram_byte"] + number * shown, shown, codec, begin, inside, transform)


def row_values(name: str, register: int, entry: int | None = None) -> list[int]:
    """What HDMA makes a register (for $2122: an entry of CGRAM) hold on each of the picture's rows."""
    (rows,) = (
        rows for rows in scene(name)["raster"] if rows["register"] == register and rows.get("entry") in (None, entry)
    )
    return values(rows)


def values(rows: dict[str, Any]) -> list[int]:
    """The value on each row of one record of `raster`."""
    return [value for count, value in rows["runs"] for _ in range(count)]
