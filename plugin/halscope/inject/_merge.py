"""Merge the edited tiles of several sheets into one block. Overlapping tiles must agree on every byte both change."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple, NoReturn

from halscope_hooks import RAW_CODEC, InjectError, Origin

from halscope.inject._sheet_edit import COLOURS
from halscope.inject.edits import Change
from halscope.inject.split import TileChange


class SheetTile(NamedTuple):
    """An edited tile and the sheet it was edited in.

    Args:
        sheet: Name of the sheet, for messages.
        change: The tile before and after the edit, as the game stores it.
        shown: The tile before the edit, as the sheet shows it.
    """

    sheet: str
    change: TileChange
    shown: bytes

    @property
    def origin(self) -> Origin:
        """Where the tile is stored."""
        return self.change.origin

    @property
    def at(self) -> int:
        """Offset of its first byte in the block's decoded bytes; for an uncompressed tile, in the ROM."""
        return self.origin.block_offset if self.origin.codec == RAW_CODEC else self.origin.byte_offset

    @property
    def end(self) -> int:
        """Offset just past its last byte, counted like `at`."""
        return self.at + len(self.change.old)


def merge(old: bytes, tiles: Sequence[SheetTile], name: str, base: int) -> tuple[bytes, tuple[Change, ...]]:
    """Write edited tiles into a block's bytes after checking that the block holds the original tiles.

    A tile may be edited in several sheets; every edit of the same tile must have the same result. Of colours at one
    place each edit may change other ones. Tiles that overlap
    without being the same (a 2bpp and a 4bpp tile, or two shifted tiles) must agree on the bytes that both change. A
    byte that only one of them changes takes its value from that tile.

    Args:
        old: The block's decoded bytes.
        tiles: The edited tiles.
        name: Name of the block, for messages.
        base: Offset that the tiles' positions are relative to: 0, or the file offset of an uncompressed block.

    Returns:
        The new bytes, of the same length, and the changes ordered by offset and size.

    Raises:
        InjectError: The block does not hold an original tile, or two edits disagree.
    """
    new = bytearray(old)
    writer: dict[int, SheetTile] = {}
    places: list[tuple[int, int, tuple[int, ...], tuple[str, ...]]] = []
    ordered = sorted(tiles, key=lambda tile: (tile.at, tile.end))
    for (at, end), same in groupby(ordered, key=lambda tile: (tile.at, tile.end)):
        group = list(same)
        first = group[0]
        before, after = first.change.old, first.change.new
        vram: set[int] = set()
        for tile in group:
            if old[at - base : end - base] != tile.change.old:
                raise InjectError(f"{name}: does not hold the sheet's tile at byte {at:#x}; export the sheet again")
            after = _both(first, after, tile, name)
            vram.update(tile.change.vram_bytes)
        transforms = tuple(sorted({tile.origin.transform for tile in group}))
        places.append((at - base, end - base, tuple(sorted(vram)), transforms))
        edited = [at + place for place in range(end - at) if after[place] != before[place]]
        clashing = [byte for byte in edited if byte in writer and new[byte - base] != after[byte - at]]
        if clashing:
            _refuse_overlap(writer[clashing[0]], first, clashing, name)
        for byte in edited:
            new[byte - base] = after[byte - at]
            writer[byte] = first
    changes = (Change(at, old[at:end], bytes(new[at:end]), vram, names) for at, end, vram, names in places)
    return bytes(new), tuple(changes)


def _both(first: SheetTile, after: bytes, tile: SheetTile, name: str) -> bytes:
    """Return bytes with what another edit of the same place makes of them. Of colours each may change other ones."""
    before, new = tile.change.old, tile.change.new
    if new == after:
        return after
    if {first.origin.transform, tile.origin.transform} != {COLOURS}:
        _refuse_two_ways(first, tile, name)
    both = bytearray(after)
    for at in range(0, len(before), 2):
        word = slice(at, at + 2)
        if new[word] not in (before[word], after[word]) and after[word] != before[word]:
            _refuse_two_ways(first, tile, name)
        if new[word] != before[word]:
            both[word] = new[word]
    return bytes(both)


def _refuse_two_ways(first: SheetTile, second: SheetTile, name: str) -> NoReturn:
    count = sum(a != b for a, b in zip(first.change.new, second.change.new, strict=True))
    what = "run of colours" if first.origin.transform == COLOURS else "tile"
    raise InjectError(
        f"{name}: the {what} at byte {first.at:#x} is edited in two ways; edit it in one sheet only: {first.sheet} and "
        f"{second.sheet} differ in {count} of {len(first.change.new)} bytes"
    )


def _refuse_overlap(first: SheetTile, second: SheetTile, bytes_apart: Sequence[int], name: str) -> NoReturn:
    raise InjectError(
        f"{name}: the tile at byte {second.at:#x} ({len(second.change.old)} bytes, {second.sheet}) shares bytes with "
        f"another edited tile, the one at {first.at:#x} ({len(first.change.old)} bytes, {first.sheet}), and they do "
        f"not agree in {len(bytes_apart)} of them, the first at {bytes_apart[0]:#x}; edit only one of the two"
    )
