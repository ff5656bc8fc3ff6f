"""Where the blocks of edits are in another build of the ROM: found again by the bytes of their tiles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from halscope_hooks import NO_TRANSFORM, RAW_CODEC, TILE_BYTES, Codec, CodecError, Origin, StartEvidence

from halscope.inject import PROVEN_STARTS, TileIndex
from halscope.rom.image import Rom

_MOST_WINDOWS: Final = 512  # of a block: a few tiles tell where it is
_TELLING: Final = 3
"""Different words that bytes must have to be found by themselves: of six bytes in 4 MiB, chance has one in 2**26."""


class Block(NamedTuple):
    """What the offsets of tiles are relative to: a block, or for uncompressed tiles the whole ROM as block 0."""

    codec: str
    offset: int


class Place(NamedTuple):
    """Where the bytes of a block are now.

    Args:
        block: The block.
        shift: How many bytes further on they are in it.
        start: Evidence for the start of the block, or `None` to keep what is known.
    """

    block: Block
    shift: int
    start: StartEvidence | None


@dataclass(slots=True)
class Known:
    """The tiles of a block that are known, as stored, by their offset.

    Args:
        needed: Those that an edit changes: all of them must be where the block is.
        others: Others that its sheet shows. They tell which of several places is the right one.
        shown: Tiles of 32 bytes that the game converts, as in VRAM, with the name of the transform.
    """

    needed: dict[int, bytes] = field(default_factory=dict)
    others: dict[int, bytes] = field(default_factory=dict)
    shown: list[tuple[int, bytes, str]] = field(default_factory=list)


class BlockFinder:
    """Finds the blocks of another build in a ROM.

    Args:
        rom: The ROM.
        codecs: Its codecs.
        index: Its index.
    """

    def __init__(self, rom: Rom, codecs: Sequence[Codec], index: TileIndex) -> None:
        self._rom = rom
        self._codecs = {codec.name: codec for codec in codecs}
        self._index = index
        self._contents: dict[Block, bytes] = {}

    def find(self, block: Block, tiles: Known) -> Place | None:
        """Return where a block's tiles are now, or `None`."""
        if tiles.needed and not all(tiles.needed.values()):
            return None
        here = Place(block, 0, None)
        if tiles.needed and self._holds(here, tiles):
            return here if self.is_sure(here) else next(self.copies(block, tiles), here)
        places = (place for place in self._ranked(block, tiles) if self._holds(place, tiles))
        first = next(places, None)
        if first is None or not self.is_short(tiles):
            return first
        is_certain = is_telling(tiles.needed.values()) and next(places, None) is None
        return first if is_certain else None

    def is_sure(self, place: Place) -> bool:
        """Whether it is certain that a block begins there."""
        codec, offset = place.block
        return codec == RAW_CODEC or (self._index.start_of(codec, offset) or place.start) in PROVEN_STARTS

    def is_short(self, tiles: Known) -> bool:
        """Whether a block's bytes are too few for the index, which knows stretches of 32: a few colours, for example.
        Then they must be telling, and stand in one proven block alone."""
        return bool(tiles.needed) and next(_windows({**tiles.others, **tiles.needed}), None) is None and not tiles.shown

    def proven_blocks(self, codec: str, tiles: Known) -> Iterator[Place]:
        """Yield the blocks of a codec with a proven start that hold all bytes that are needed, at their offsets."""
        for origin in self._index.proven_streams(((0, self._rom.data.size),)):
            place = Place(block_of(origin), 0, origin.start)
            if origin.codec == codec and self._holds(place, tiles):
                yield place

    def occurrences(self, data: bytes, most: int) -> list[int]:
        """Return where uncompressed bytes stand outside of proven blocks, ascending; at most so many places."""
        image, at = self.content(Block(RAW_CODEC, 0)) or b"", -1
        found: list[int] = []
        while len(found) < most and (at := image.find(data, at + 1)) >= 0:
            if not self._index.proven_streams(((at, at + len(data)),)):
                found.append(at)
        return found

    def copies(self, block: Block, tiles: Known) -> Iterator[Place]:
        """Yield the other blocks with a proven start that hold all tiles that are needed, and else most of what is at
        the block's old place."""
        expected = bytearray(self.content(block) or b"")
        for at, tile in tiles.needed.items():
            expected[at : at + len(tile)] = tile
        for place in self._ranked(block, tiles):
            if place.block in (block, Block(RAW_CODEC, 0)) or not (self.is_sure(place) and self._holds(place, tiles)):
                continue
            content = self.content(place.block) or b""
            parts = range(0, len(expected), TILE_BYTES)
            same = sum(
                at + place.shift >= 0
                and content[at + place.shift : at + place.shift + TILE_BYTES] == expected[at : at + TILE_BYTES]
                for at in parts
            )
            if 2 * same > len(parts):
                yield place

    def _ranked(self, block: Block, tiles: Known) -> list[Place]:
        """Return where the index finds any of the tiles, the likeliest place first."""
        if self.is_short(tiles):
            return [] if block.codec == RAW_CODEC else [*self.proven_blocks(block.codec, tiles)]
        ranked: dict[Place, int] = {}
        votes: Counter[Place] = Counter()
        for at, origins in self._lookups(tiles):
            for origin in origins:
                start = self._index.start_of(origin.codec, origin.block_offset) or origin.start
                place = Place(block_of(origin), offset_in(origin) - at, start)
                ranked.setdefault(place, len(ranked))
                votes[place] += 1

        def order(place: Place) -> tuple[bool, bool, int, bool, int]:
            proven = place.start in PROVEN_STARTS or place.block.codec == RAW_CODEC
            return (
                place.block.codec != block.codec,
                not proven,
                -votes[place],
                place.block != block,
                ranked[place],
            )

        return sorted(ranked, key=order)

    def _lookups(self, tiles: Known) -> Iterator[tuple[int, Sequence[Origin]]]:
        """Yield the origins of stretches of the block, with the stretch's offset in the old one."""
        windows = [*_windows({**tiles.others, **tiles.needed})][:_MOST_WINDOWS]
        plain = {NO_TRANSFORM, *(one.name for one in self._rom.transforms if not one.changes_bytes)}
        asked = [(at, data, plain) for at, data in windows]
        asked += [(at, tile, {transform}) for at, tile, transform in tiles.shown[:_MOST_WINDOWS]]
        if not asked:
            return
        data = np.frombuffer(b"".join(data for _, data, _ in asked), np.uint8).reshape(-1, TILE_BYTES)
        for (at, _, transforms), origins in zip(asked, self._index.lookup(data), strict=True):
            yield at, [origin for origin in origins if origin.transform in transforms]

    def _holds(self, place: Place, tiles: Known) -> bool:
        """Whether a place holds all tiles that are needed; where none is, any of the others."""
        content = self.content(place.block)
        if content is None:
            return False
        found = (
            at + place.shift >= 0 and content[at + place.shift : at + place.shift + len(tile)] == tile
            for at, tile in (tiles.needed or tiles.others).items()
        )
        return all(found) if tiles.needed else any(found)

    def content(self, block: Block) -> bytes | None:
        """Return the bytes of a block of the new ROM, or `None` if there is none."""
        if block.codec == RAW_CODEC:
            return self._contents.setdefault(block, self._rom.data.tobytes())
        codec = self._codecs.get(block.codec)
        if block not in self._contents and codec is not None:
            try:
                self._contents[block] = self._rom.decode(codec, block.offset).data.tobytes()
            except CodecError:
                return None
        return self._contents.get(block)


def block_of(origin: Origin) -> Block:
    return Block(origin.codec, 0 if origin.codec == RAW_CODEC else origin.block_offset)


def offset_in(origin: Origin) -> int:
    return origin.block_offset if origin.codec == RAW_CODEC else origin.byte_offset


def moved_origin(origin: Origin, places: Mapping[Block, Place]) -> Origin:
    """Return the origin in the new ROM."""
    own = places.get(Block(origin.codec, origin.block_offset))  # of uncompressed colours, each run may have its own
    place = places[block_of(origin)] if own is None else own
    at = offset_in(origin) + place.shift
    start = origin.start if place.start is None else place.start
    if place.block.codec == RAW_CODEC:
        return Origin(RAW_CODEC, at, 0, start, origin.transform)
    return Origin(place.block.codec, place.block.offset, at, start, origin.transform)


def is_telling(parts: Iterable[bytes]) -> bool:
    """Whether bytes are of three different words at least, so that what equals them elsewhere is the same."""
    return len({part[at : at + 2] for part in parts for at in range(0, len(part) - 1, 2)}) >= _TELLING


def named(block: Block) -> str:
    return "uncompressed data" if block.codec == RAW_CODEC else f"{block.codec} block at {block.offset:#x}"


def _windows(tiles: Mapping[int, bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield stretches of 32 bytes that begin with a tile, with their offset; small tiles in a row are joined."""
    for at in sorted(tiles):
        data, end = tiles[at], at + len(tiles[at])
        while len(data) < TILE_BYTES and tiles.get(end):
            data, end = data + tiles[end], end + len(tiles[end])
        for inside in range(0, max(0, len(tiles[at]) - TILE_BYTES) + 1, TILE_BYTES):
            if len(data) >= inside + TILE_BYTES:
                yield at + inside, data[inside : inside + TILE_BYTES]
