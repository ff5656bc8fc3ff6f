"""The contents that a plan changes, in every form in which the game may hold them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from halscope_hooks import RAW_CODEC, InjectError, Transform

from halscope.inject._memories import MODE7, MODE7_NUMBERS, STAGING, VRAM
from halscope.inject._sheet_edit import COLOURS
from halscope.inject._transforms import MODE7_MAP, transform_named
from halscope.inject.edits import EditPlan

CONTEXT: Final = 512
"""Bytes of a block around a tile that may identify it: a row of 16 tiles."""


class Tile(NamedTuple):
    """A tile in a content.

    Args:
        at: Offset of its first byte.
        end: Offset just past its last byte.
        vram_bytes: VRAM byte addresses of the tile when its sheet was exported; of a mode 7 map, those in its memory.
        of_map: Whether it is a part of a layer's map. Maps repeat themselves, so its bytes alone do not identify it.
    """

    at: int
    end: int
    vram_bytes: tuple[int, ...]
    of_map: bool = False

    def of(self, data: bytes) -> bytes:
        """Return the tile's bytes in a version of the content."""
        return data[self.at : self.end]


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes that the game may have copied, before and after the edit.

    Args:
        before: Versions that the game's memory may hold now: the ROM's own bytes and those of the previous edit.
        after: The edited bytes. All versions have the same length.
        tiles: Every tile that differs. Tiles of different depths may overlap.
        memories: Names of the memories that may hold the content in this form.
    """

    before: tuple[bytes, ...]
    after: bytes
    tiles: tuple[Tile, ...]
    memories: tuple[str, ...]


def contents_of(plan: EditPlan, previous: EditPlan | None) -> list[Content]:
    """Collect the contents changed by either plan. An uncompressed tile includes the ROM around it.

    Raises:
        InjectError: The plans are for different ROMs.
    """
    if previous is not None and previous.rom.sha256 != plan.rom.sha256:
        raise InjectError(
            f"the last edit was for the ROM {previous.rom.sha256}, this one is for {plan.rom.sha256}: reload the game"
        )
    contents: list[Content] = []
    plans = [plan] if previous is None else [plan, previous]
    maps = frozenset[tuple[str, int, int]]().union(*(one.map_places for one in plans))
    keys = sorted({(block.codec, block.block_offset) for one in plans for block in one.blocks})
    for key in keys:
        blocks = [next((b for b in one.blocks if (b.codec, b.block_offset) == key), None) for one in plans]
        present = [block for block in blocks if block is not None]
        vram: dict[tuple[str, int, int], set[int]] = {}
        for block in present:
            for change in block.changes:
                if COLOURS in change.transforms:
                    continue  # see `plan_colours`
                for name in change.transforms:
                    vram.setdefault((name, change.byte_offset, change.end), set()).update(change.vram_bytes)
        shift = 0
        if key[0] == RAW_CODEC:
            low, high = max(0, key[1] - CONTEXT), max(block.end for block in present) + CONTEXT
            versions = [plan.rom.data[low:high].tobytes(), *(_raw_window(one, low, high) for one in plans)]
            shift = key[1] - low
        else:
            versions = [present[0].old_data, *(present[0].old_data if b is None else b.new_data for b in blocks)]
        for name in sorted({name for name, _, _ in vram}):
            tiles = tuple(
                Tile(at + shift, end + shift, tuple(sorted(places)), _place(key, at) in maps)
                for (of, at, end), places in sorted(vram.items())
                if of == name
            )
            before = tuple(dict.fromkeys([versions[0], *versions[2:]]))
            transform = transform_named(name, plan.rom.transforms)
            if name == MODE7_MAP:
                halves = tuple(tile._replace(vram_bytes=tuple(at // 2 for at in tile.vram_bytes)) for tile in tiles)
                contents.append(Content(before, versions[1], halves, (MODE7_NUMBERS, *STAGING)))
                continue
            contents.extend(_forms(transform, Content(before, versions[1], tiles, (VRAM, *STAGING))))
    return contents


def _place(block: tuple[str, int], at: int) -> tuple[str, int, int]:
    """Return codec, block offset and byte offset of a change, as in the origin of its tile."""
    codec, offset = block
    return (codec, offset + at, 0) if codec == RAW_CODEC else (codec, offset, at)


def _forms(transform: Transform | None, content: Content) -> Iterator[Content]:
    """Yield the forms in which the game may hold a content: as stored, and as converted on its way into VRAM."""
    stored = (content.before, content.after, content.tiles)
    if transform is None or not transform.changes_bytes:
        yield content
    elif transform.depth == "mode7":
        yield Content(*stored, (MODE7, *STAGING))
    else:
        yield Content(*stored, STAGING)
        for phase in sorted({tile.at % transform.stored_bytes for tile in content.tiles}):
            yield _expanded(transform, phase, content)


def _expanded(transform: Transform, phase: int, content: Content) -> Content:
    """Return a content as expanded tiles, of which the first is stored at `phase`."""
    size = transform.stored_bytes
    end = phase + (len(content.after) - phase) // size * size

    def place(stored: int) -> int:
        return (stored - phase) // size * transform.vram_bytes

    tiles = tuple(
        Tile(place(tile.at), place(tile.end), tile.vram_bytes) for tile in content.tiles if tile.at % size == phase
    )
    before = tuple(transform.expand(data[phase:end]) for data in content.before)
    return Content(before, transform.expand(content.after[phase:end]), tiles, (VRAM, *STAGING))


def _raw_window(plan: EditPlan, low: int, high: int) -> bytes:
    """Return part of the ROM with a plan's uncompressed tiles applied."""
    window = bytearray(plan.rom.data[low:high])
    for block in plan.blocks:
        if block.codec == RAW_CODEC and block.block_offset < high and block.end > low:
            start = max(low, block.block_offset)
            new = block.new_data[start - block.block_offset : high - block.block_offset]
            window[start - low : start - low + len(new)] = new
    return bytes(window)
