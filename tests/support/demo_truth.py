"""VRAM according to the demo ROM's truth file: its bytes in each scene, and the origin of each of its tiles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from halscope.codecs import hal
from numpy.typing import NDArray

TILE = 32


class Place(NamedTuple):
    """A tile's source, in the terms of Origin."""

    codec: str
    block_offset: int
    byte_offset: int


class SceneVram(NamedTuple):
    """A VRAM as the demo fills it; `places` holds each tile whose source is known, by its number."""

    scene: str
    vram: NDArray[np.uint8]
    places: dict[int, Place]


def scene_vrams(rom: NDArray[np.uint8], truth: dict[str, Any]) -> Iterator[SceneVram]:
    """Every scene with each step of its animations: static loads unchanged, every slot showing its next frame."""
    sources: dict[str, tuple[str, int, NDArray[np.uint8]]] = {}
    for block in truth["blocks"]:
        sources[block["name"]] = ("hal", block["offset"], hal.decode(rom, block["offset"]).data)
    for sheet in truth["raw"]:
        begin = sheet["offset"]
        sources[sheet["name"]] = ("raw", begin, rom[begin : begin + sheet["size"]])

    for scene in truth["scenes"]:
        for step in range(max(len(slot["frames"]) for slot in scene["slots"]) if scene["slots"] else 1):
            vram = np.zeros(0x10000, np.uint8)
            places: dict[int, Place] = {}
            for load in _loads(scene, step):
                codec, begin, data = sources[load.block]
                vram[load.vram_byte : load.vram_byte + load.size] = data[
                    load.byte_offset : load.byte_offset + load.size
                ]
                for tile in range(load.vram_byte // TILE, (load.vram_byte + load.size - 1) // TILE + 1):
                    places.pop(tile, None)  # a partially loaded tile has no single source
                first = -(-load.vram_byte // TILE)
                for tile in range(first, (load.vram_byte + load.size) // TILE):
                    at = load.byte_offset + tile * TILE - load.vram_byte
                    places[tile] = Place("raw", begin + at, 0) if codec == "raw" else Place("hal", begin, at)
            yield SceneVram(scene["name"], vram, places)


class _Load(NamedTuple):
    block: str
    byte_offset: int
    vram_byte: int
    size: int


def _loads(scene: dict[str, Any], step: int) -> Iterator[_Load]:
    for load in scene["vram"]:
        yield _Load(load["block"], load["byte_offset"], load["vram_byte"], load["size"])
    for slot in scene["slots"]:
        frame = slot["frames"][step % len(slot["frames"])]
        for row in range(slot["rows"]):
            source = frame["byte_offset"] + row * slot["source_row_stride"]
            target = slot["vram_byte"] + row * slot["vram_row_stride"]
            yield _Load(frame["block"], source, target, slot["row_bytes"])
