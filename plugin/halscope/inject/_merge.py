"""Tiles of several sheets put into one block: where they overlap, each byte that both change must become the same."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple, NoReturn

from halscope_hooks import RAW_CODEC, InjectError, Origin

from halscope.inject.edits import Change
from halscope.inject.split import TileChange


class SheetTile(NamedTuple):
    """An edited tile and the sheet that it was edited in.

    Args:
        sheet: The sheet's name, for messages.
        change: The tile before and after.
    """

    sheet: str
    change: TileChange

    @property
    def origin(self) -> Origin:
        """Where the tile stands."""
        return self.change.origin

    @property
    def at(self) -> int:
        """Its first byte: in the block's decoded bytes; of an uncompressed tile, in the ROM."""
        return self.origin.block_offset if self.origin.codec == RAW_CODEC else self.origin.byte_offset

    @property
    def end(self) -> int:
        """Behind its last byte, counted as `at` is."""
        return self.at + len(self.change.old)


def merge(old: bytes, tiles: Sequence[SheetTile], name: str, base: int) -> tuple[bytes, tuple[Change, ...]]:
    """Put edited tiles into a block's bytes, after proving that the original ones stand there.

    Tiles may be edited in several sheets. The same tile must come out the same in all. Tiles that overlap without being
    the same (a 2bpp and a 4bpp one, or two that are shifted) must agree in the bytes that both change; a byte that only
    one of them changes becomes what that one says.

    Args:
        old: The block's decoded bytes.
        tiles: The edited tiles.
        name: The block, for messages.
        base: What tiles count their first byte from: 0, or the file offset of an uncompressed block.

    Returns:
        The new bytes, as many, and the changes by offset and size.

    Raises:
        InjectError: A tile does not stand there, or two do not agree.
    """
    new = bytearray(old)
    writer: dict[int, SheetTile] = {}
    places: list[tuple[int, int, tuple[int, ...]]] = []
    ordered = sorted(tiles, key=lambda tile: (tile.at, tile.end))
    for (at, end), same in groupby(ordered, key=lambda tile: (tile.at, tile.end)):
        group = list(same)
        first = group[0]
        before, after = first.change.old, first.change.new
        vram: set[int] = set()
        for tile in group:
            if old[at - base : end - base] != tile.change.old:
                raise InjectError(f"{name}: does not hold the sheet's tile at byte {at:#x}; export the sheet again")
            if tile.change.new != after:
                _refuse_two_ways(first, tile, name)
            vram.update(tile.change.vram_bytes)
        places.append((at - base, end - base, tuple(sorted(vram))))
        edited = [at + place for place in range(end - at) if after[place] != before[place]]
        clashing = [byte for byte in edited if byte in writer and new[byte - base] != after[byte - at]]
        if clashing:
            _refuse_overlap(writer[clashing[0]], first, clashing, name)
        for byte in edited:
            new[byte - base] = after[byte - at]
            writer[byte] = first
    return bytes(new), tuple(Change(at, old[at:end], bytes(new[at:end]), vram) for at, end, vram in places)


def _refuse_two_ways(first: SheetTile, second: SheetTile, name: str) -> NoReturn:
    count = sum(a != b for a, b in zip(first.change.new, second.change.new, strict=True))
    raise InjectError(
        f"{name}: the tile at byte {first.at:#x} is edited in two ways; edit it in one sheet only: {first.sheet} and "
        f"{second.sheet} differ in {count} of its {len(first.change.new)} bytes"
    )


def _refuse_overlap(first: SheetTile, second: SheetTile, bytes_apart: Sequence[int], name: str) -> NoReturn:
    raise InjectError(
        f"{name}: the tile at byte {second.at:#x} ({len(second.change.old)} bytes, {second.sheet}) shares bytes with "
        f"another edited tile, the one at {first.at:#x} ({len(first.change.old)} bytes, {first.sheet}), and they do "
        f"not agree in {len(bytes_apart)} of them, the first at {bytes_apart[0]:#x}; edit one of them only"
    )
