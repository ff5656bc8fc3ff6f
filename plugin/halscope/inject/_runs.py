"""Choose the places of tiles that follow each other, in VRAM and in the ROM: what most of them agree on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, Literal

from halscope_hooks import NO_TRANSFORM, RAW_CODEC, TILE_BYTES, Codec, CodecError, InjectError, Origin, VramOrigins

from halscope.inject._transforms import stored_bytes, stored_tile
from halscope.rom.image import Rom

VRAM_BYTES: Final = 0x10000
_MOST_HALVES: Final = 8
"""Places at which a tile of 8 bits per pixel is looked for by one half."""
_FARTHEST: Final = 32
"""Tiles between a plain tile and the known one whose run it continues."""

Run = tuple[str, int, str, int]
"""Codec, block offset (0 for uncompressed bytes), transform, and where the run's tile 0 would be."""


def known_places(
    origins: VramOrigins, vram_byte: int, depth: int | Literal["mode7"], tile: bytes, blocks: Blocks
) -> tuple[Origin, ...]:
    """Return the origins of a tile in VRAM, best first.

    Half of an 8bpp tile in few colours is blank, and says nothing: then the other half says where the tile is, if the
    whole tile is there.

    Args:
        origins: The origins of VRAM.
        vram_byte: Byte address of the tile.
        depth: Bits per pixel, or "mode7".
        tile: The tile as shown.
        blocks: The ROM's blocks.
    """
    if vram_byte + len(tile) > VRAM_BYTES:
        return ()  # it wraps
    found = origins.at(vram_byte, depth)
    if found or depth != 8:
        return found
    halves = [
        replace(origin, block_offset=origin.block_offset - away)
        if origin.codec == RAW_CODEC
        else replace(origin, byte_offset=origin.byte_offset - away)
        for away in (0, TILE_BYTES)
        for origin in origins.at(vram_byte + away)
        if origin.transform == NO_TRANSFORM
        and (origin.block_offset if origin.codec == RAW_CODEC else origin.byte_offset) >= away
    ]
    return tuple(origin for origin in halves[:_MOST_HALVES] if blocks.holds(origin, tile))


def choose_places(
    tiles: Mapping[int, bytes], origins: Mapping[int, Sequence[Origin]], rom: Rom, codecs: Sequence[Codec]
) -> dict[int, Origin | None]:
    """Choose one place for each tile: the one that lies in the same run as those of most other tiles.

    A tile that says too little to be found anywhere (blank, of one colour) gets the place that continues the run of the
    nearest tile before or after it, if the same bytes are there.

    Args:
        tiles: The tiles as shown, by their number: consecutive tiles have consecutive numbers.
        origins: The known origins of each, best first.
        rom: The ROM.
        codecs: All codecs that origins may name.
    """
    sizes = {number: len(tile) for number, tile in tiles.items()}
    blocks = Blocks(rom, codecs)
    votes: Counter[Run] = Counter()
    for number in tiles:
        votes.update({run_of(origin, number, sizes[number], rom) for origin in origins.get(number, ())})
    chosen: dict[int, Origin | None] = {}
    for number in tiles:
        known = list(origins.get(number, ()))
        ranks = [(-votes[run_of(origin, number, sizes[number], rom)], at) for at, origin in enumerate(known)]
        chosen[number] = known[min(ranks)[1]] if ranks else None
    found = sorted(number for number, origin in chosen.items() if origin is not None)
    for step, order in ((1, sorted(tiles)), (-1, sorted(tiles, reverse=True))):
        last: tuple[int, Origin] | None = None
        for number in order:
            origin = chosen[number]
            if origin is None and last is not None and abs(number - last[0]) <= _FARTHEST:
                origin = _continued(last, number, sizes[number], rom)
                if origin is None or not blocks.holds(origin, tiles[number]):
                    continue
                chosen[number] = origin
            elif origin is not None and (step == 1 or number in found):
                last = number, origin
    return chosen


def _stored(origin: Origin, shown: int, rom: Rom) -> int:
    return stored_bytes(origin.transform, shown, rom.transforms)


def origin_in_run(run: Run, origin: Origin, number: int, stored: int) -> Origin | None:
    """Return the place of a tile in a run, given any origin of the run and the bytes of a stored tile."""
    at = run[3] + number * stored
    if at < 0:
        return None
    if run[0] == RAW_CODEC:
        return replace(origin, block_offset=at)
    return replace(origin, byte_offset=at) if at <= 0xFFFF else None


def run_of(origin: Origin, number: int, shown: int, rom: Rom) -> Run:
    """Return the run that a tile of this number would be part of at a place."""
    raw = origin.codec == RAW_CODEC
    at = origin.block_offset if raw else origin.byte_offset
    return origin.codec, 0 if raw else origin.block_offset, origin.transform, at - number * _stored(origin, shown, rom)


def _continued(last: tuple[int, Origin], number: int, shown: int, rom: Rom) -> Origin | None:
    before, origin = last
    away = (number - before) * _stored(origin, shown, rom)
    if origin.codec == RAW_CODEC:
        return replace(origin, block_offset=origin.block_offset + away) if origin.block_offset + away >= 0 else None
    return replace(origin, byte_offset=origin.byte_offset + away) if 0 <= origin.byte_offset + away < 0x10000 else None


class Blocks:
    """The bytes of the ROM and of its blocks, decoded once."""

    def __init__(self, rom: Rom, codecs: Sequence[Codec]) -> None:
        self._rom = rom
        self._codecs = {codec.name: codec for codec in codecs}
        self._decoded: dict[tuple[str, int], bytes] = {}

    def holds(self, origin: Origin, tile: bytes) -> bool:
        """Whether a tile, as shown, is stored at a place."""
        try:
            stored = stored_tile(origin.transform, tile, self._rom.transforms)
        except InjectError:
            return False
        if stored is None:
            return False
        if origin.codec == RAW_CODEC:
            return self._rom.data[origin.block_offset : origin.block_offset + len(stored)].tobytes() == stored
        key = origin.codec, origin.block_offset
        if key not in self._decoded:
            self._decoded[key] = self._decode(*key)
        return self._decoded[key][origin.byte_offset : origin.byte_offset + len(stored)] == stored

    def _decode(self, codec: str, block_offset: int) -> bytes:
        if codec not in self._codecs:
            return b""
        try:
            return self._rom.read_stream(self._codecs[codec], block_offset).block.data.tobytes()
        except CodecError:
            return b""
