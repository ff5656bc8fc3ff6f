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
from support import hal_reference, lz_reference

FOLDER = Path(__file__).resolve().parents[1] / "roms" / "lab"
IMAGE = FOLDER / "halscope-lab.sfc"
TRUTH = FOLDER / "halscope-lab.json"
PLANES: dict[str, tuple[int, tuple[tuple[int, ...], ...]]] = {
    "3bpp-low": (3, ((0,), (1,), (2,), ())),
    "3bpp-high": (3, ((0,), (1,), (2,), (0, 1, 2))),
    "2bpp": (2, ((0,), (1,), (), ())),
    "1bpp": (1, ((0,), ())),
    "1bpp-colour3": (1, ((0,), (0,))),
    "1bpp-4bpp": (1, ((0,), (), (), ())),
    "1bpp-4bpp-colour15": (1, ((0,), (0,), (0,), (0,))),
}
"""Transforms: planes of a stored tile, and for each plane in VRAM the stored ones that are ORed into it."""

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
    data = {block["name"]: decoded(image, block).data for block in truth["blocks"]}
    return data | {raw["name"]: image[raw["offset"] : raw["offset"] + raw["size"]] for raw in truth["raw"]}


def decoded(image: bytes, block: dict[str, Any]) -> hal_reference.Decoded:
    """Decode a block of the truth file with the plain decoder of its codec."""
    if block["codec"] == "hal":
        return hal_reference.decode(image, block["offset"])
    return lz_reference.decode(image, block["offset"], format=block["codec"])


def scene(name: str) -> dict[str, Any]:
    """A scene's record."""
    return next(record for record in load_truth()["scenes"] if record["name"] == name)


def tile_sizes(transform: str, bpp: int) -> tuple[int, int]:
    """Bytes of a tile as it is stored, and the bytes that it spans in VRAM."""
    if transform == "mode7":
        return 8 * bpp, 16 * bpp
    if transform in PLANES:
        stored, shown = PLANES[transform]
        return 8 * stored, 8 * len(shown)
    return 8 * bpp, 8 * bpp


def expanded(data: bytes, transform: str) -> bytes:
    """The bytes in VRAM of stored tiles."""
    stored, shown = PLANES[transform]
    tiles = np.frombuffer(data, np.uint8).reshape(-1, 8 * stored)

    def plane(number: int, planes: int, memory: Bytes) -> Bytes:
        """A plane's rows: interleaved with those of its pair, or alone after all pairs."""
        begin = number // 2 * 16
        return (
            memory[:, begin : begin + 8]
            if number == planes - 1 and planes % 2
            else memory[:, begin + number % 2 : begin + 16 : 2]
        )

    memory = np.zeros((len(tiles), 8 * len(shown)), np.uint8)
    for number, parts in enumerate(shown):
        for part in parts:
            plane(number, len(shown), memory)[:] |= plane(part, stored, tiles)
    return memory.tobytes()


def vram(name: str) -> Bytes:
    """A scene's whole VRAM, uint8[65536]; what the scene does not load is zero."""
    memory = np.zeros(0x10000, np.uint8)
    for piece in scene(name)["vram"]:
        at, size, transform = piece["vram_byte"], piece["size"], piece["transform"]
        data = sources()[piece["block"]][piece["byte_offset"] :]
        if transform in HALF_OF_WORDS:
            memory[at + HALF_OF_WORDS[transform] : at + size : 2] = np.frombuffer(data, np.uint8)[: size // 2]
            continue
        if transform in PLANES:
            stored, shown = tile_sizes(transform, 0)
            data = expanded(data[: size // shown * stored], transform)
        memory[at : at + size] = np.frombuffer(data, np.uint8)[:size]
    for piece in scene(name)["drawn"]:
        memory[piece["vram_byte"] :][: piece["size"]] = drawn(piece["size"] // 32)
    return memory


def drawn(count: int) -> Bytes:
    """The 4bpp tiles that the program draws, eight in a row of a picture of (x ^ y) / 2, modulo 16."""
    tile, row, plane, column = np.ogrid[:count, :8, :4, :8]
    bits = ((tile % 8 * 8 + column) ^ (tile // 8 * 8 + row)) >> 1 + plane & 1
    planes = np.packbits(bits.astype(np.uint8), axis=3)[..., 0]  # tile, row, plane
    return np.concatenate([planes[..., :2].reshape(count, 16), planes[..., 2:].reshape(count, 16)], axis=1).reshape(-1)


def cgram(name: str, row: int | None = None, step: int = 0) -> NDArray[np.uint16]:
    """A scene's palette memory, uint16[256].

    Args:
        name: The scene.
        row: As HDMA has left it when this row is drawn; ROWS - 1 is also how it is at the start of vblank. Without a
            row: as the loader fills it.
        step: The variable `cycle_shown`, if the scene has a mirror whose colours cycle.
    """
    memory = np.zeros(512, np.uint8)
    for piece in scene(name)["cgram"]:
        data = sources()[piece["block"]][piece["byte_offset"] :][: piece["size"]]
        memory[piece["cgram_byte"] :][: len(data)] = np.frombuffer(data, np.uint8)
    colours = memory.view("<u2").astype(np.uint16)
    mirror = scene(name)["mirror"]
    for piece in mirror["halved"] if mirror else ():
        first, bright, count = (piece[key] // 2 for key in ("cgram_byte", "of_cgram_byte", "size"))
        colours[first : first + count] = (colours[bright : bright + count] & 0x7BDE) >> 1
    if mirror:
        first, count = (mirror["cycle"][key] // 2 for key in ("cgram_byte", "size"))
        colours[first : first + count] = np.roll(colours[first : first + count], -step)
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
        stored, shown = tile_sizes(transform, record["bpp"])
        for number in range(piece["size"] // shown):
            at = piece["byte_offset"] + number * stored
            begin, inside = (record["offset"], at) if piece["block"] in blocks else (record["offset"] + at, 0)
            codec = record.get("codec", "raw")
            yield Tile(piece["vram_byte"] + number * shown, shown, codec, begin, inside, transform)


def row_values(name: str, register: int, entry: int | None = None, phase: int = 0) -> list[int]:
    """What HDMA makes a register (for $2122: an entry of CGRAM) hold on each of the picture's rows.

    `phase` is the value of the variable that the record names, where the values change from frame to frame.
    """
    (rows,) = (
        rows for rows in scene(name)["raster"] if rows["register"] == register and rows.get("entry") in (None, entry)
    )
    return values(rows, phase)


def written_by_code(name: str) -> bool:
    """Whether code changes registers in the middle of the picture, which no state holds."""
    return any(rows["channel"] is None for rows in scene(name)["raster"])


def values(rows: dict[str, Any], phase: int = 0) -> list[int]:
    """The value on each row of one record of `raster`."""
    if "wave" in rows:
        wave, lines, stride = rows["wave"], rows["lines"], rows["stride"]
        return [wave[(row // lines * stride + phase) % len(wave)] for row in range(ROWS)]
    return [value for count, value in rows["runs"] for _ in range(count)]
