"""Apply a plan to the running game: find and verify every copy of an edited tile by content, in VRAM, WRAM
and the SA-1's memories."""

from __future__ import annotations

from collections.abc import Buffer, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from halscope_hooks import Patch, PatchError, Snapshot, Write
from numpy.typing import NDArray

from halscope.inject._contents import CONTEXT, Content, contents_of
from halscope.inject._memories import MODE7_NUMBERS, VRAM, Memory, joined, memories_of
from halscope.inject._patterns import find_patterns
from halscope.inject._sheet_edit import SheetEdit
from halscope.inject.colour_edits import plan_colours
from halscope.inject.edits import EditPlan
from halscope.inject.place import verified_image
from halscope.rom.image import Rom

_DISTINCT_BYTES: Final = 4
"""A blank tile has one distinct byte value, a single-colour tile two, a straight edge three."""


_MAP_AROUND: Final = 8
"""Neighbouring parts of a map, of 32 bytes each, that have to be equal around a copy outside of VRAM."""


class _Search(NamedTuple):
    """A pattern that locates copies of a tile.

    Args:
        pattern: The tile, or a stretch of its block that begins or ends with it.
        shift: Offset of the tile in the pattern.
        old: The tile's bytes in the pattern.
        new: The bytes to write.
        data: The version of the block that the pattern was taken from.
        at: Offset of the tile in `data`.
        rivals: Other offsets in `data` with the same tile.
        places: Of a part of a map, the VRAM byte addresses where it may stand; `None` for tiles.
    """

    pattern: bytes
    shift: int
    old: bytes
    new: bytes
    data: bytes
    at: int
    rivals: Sequence[int]
    places: tuple[int, ...] | None = None


def live_writes(plan: EditPlan, snapshot: Snapshot, *, previous: EditPlan | None = None) -> tuple[Write, ...]:
    """Find the writes to VRAM, WRAM and the SA-1's memories that make the running game show the edit, and go on to.

    Copies are verified by their bytes. A tile with enough information is accepted wherever it occurs: in VRAM at tile
    alignment, in the other memories (staging buffers, decoded blocks) at any byte. A tile that the game converts is
    searched in both forms, and each copy is written in its own. A blank or single-colour tile is ambiguous: it is
    accepted only where it continues a copy of its block, or where the exported sheet is still in VRAM. If a block holds
    the same tile twice, a copy is matched to the occurrence whose surroundings fit best.

    Args:
        plan: The edit.
        snapshot: The current state of the game.
        previous: The last edit of the same ROM written to the game, if any. Its tiles are found and replaced too, and
            those that `plan` no longer changes are restored to the original.

    Returns:
        Writes to "vram", "cgram", "wram", "bwram" and "iram", ascending in each; `expected` holds the bytes found.
        For writes to the ROM see `rom_writes`.

    Raises:
        InjectError: The plans are for different ROMs.
    """
    contents = contents_of(plan, previous)
    memories = memories_of(snapshot)
    searches = [(content.memories, search) for content in contents for search in _searches(content)]
    for name, memory in memories.items():
        _find_copies(
            [search for names, search in searches if name in names], memory, in_vram=name in (VRAM, MODE7_NUMBERS)
        )
    edits = plan.edits if previous is None else (*plan.edits, *previous.edits)
    in_vram = [content for content in contents if VRAM in content.memories]
    plan_colours(plan, previous, snapshot, memories)
    _take_exported_places(in_vram, memories[VRAM], _standing_places(edits, in_vram, memories[VRAM]))
    return tuple(sorted((write for memory in memories.values() for write in memory.writes()), key=_order))


def _order(write: Write) -> tuple[str, int]:
    return write.space, write.offset


def rom_writes(rom: Rom | Buffer, patch: Patch, previous: Patch | None = None) -> tuple[Write, ...]:
    """Return the writes to the running game's ROM.

    Args:
        rom: The original ROM, or its headerless image, which is hashed.
        patch: The edit.
        previous: The last patch written to the game, if any.

    Returns:
        Without `previous`, the patch's own writes; otherwise the writes that lead from `previous` to `patch`, including
        those that undo what `patch` no longer changes. Ascending; `expected` is what the game's ROM holds now.

    Raises:
        PatchError: A patch was not made for the image, or makes it longer, which no running game can take.
    """
    if any(write.expected == b"" for write in patch.rom):
        raise PatchError("the patch makes the ROM larger, which a running game cannot take; load the patched ROM")
    if previous is None:
        return patch.rom
    original = verified_image(rom, previous)
    verified_image(rom, patch)
    writes: list[Write] = []
    for low, high in joined((write.offset, write.offset + len(write.data)) for write in (*patch.rom, *previous.rom)):
        now, then = (_patched(original, low, high, one) for one in (previous, patch))
        places = np.flatnonzero(now != then)
        for run in np.split(places, np.flatnonzero(np.diff(places) > 1) + 1) if places.size else ():
            at, end = int(run[0]), int(run[-1]) + 1
            writes.append(Write("rom", low + at, then[at:end].tobytes(), now[at:end].tobytes()))
    return tuple(writes)


def _patched(original: NDArray[np.uint8], low: int, high: int, patch: Patch) -> NDArray[np.uint8]:
    """Return part of the image, uint8[high - low], with the patch's writes that begin in it applied."""
    part = original[low:high].copy()
    for write in patch.rom:
        if low <= write.offset < high:
            part[write.offset - low : write.offset - low + len(write.data)] = np.frombuffer(write.data, np.uint8)
    return part


def _searches(content: Content) -> Iterator[_Search]:
    """Yield the searches that find every copy of a content's tiles."""
    for tile in content.tiles:
        new = tile.of(content.after)
        for data in content.before:
            old = tile.of(data)
            if old == new:
                continue
            stretches = [(tile.at, tile.end)] if is_telling(old) else _telling_stretches(data, tile.at, tile.end)
            rivals = _rivals(data, old, tile.at) if is_telling(old) else []
            for start, stop in stretches:
                places = tile.vram_bytes if tile.of_map else None
                yield _Search(data[start:stop], tile.at - start, old, new, data, tile.at, rivals, places)


def _find_copies(searches: Sequence[_Search], memory: Memory, *, in_vram: bool) -> None:
    """Plan a write for every verified copy of the searched tiles."""
    found = find_patterns(memory.data, {search.pattern for search in searches})
    for search in searches:
        for start in found[search.pattern]:
            place = start + search.shift
            if search.places is not None and not _is_map_place(memory.bytes, search, place, in_vram=in_vram):
                continue
            if place % memory.step == 0 and _belongs(memory.bytes, search, place):
                memory.plan(place, search.new)


def _is_map_place(memory: bytes, search: _Search, place: int, *, in_vram: bool) -> bool:
    """Whether a copy of a part of a map is that part: in VRAM by its address, elsewhere by what is around it."""
    if in_vram:
        return search.places is not None and place in search.places
    return _likeness(memory, search.data, place, search.at, len(search.old)) >= _MAP_AROUND


def is_telling(tile: bytes) -> bool:
    """Whether a tile can be identified by its bytes alone: it is not blank, a single colour or a straight edge."""
    return len(set(tile)) >= _DISTINCT_BYTES


def _telling_stretches(data: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the stretches of a block from a plain tile to the nearest telling tile before it and after it."""
    size = end - start
    for low in range(start - size, max(0, start - CONTEXT) - 1, -size):
        if is_telling(data[low : low + size]):
            yield low, end
            break
    for high in range(end + size, min(len(data), end + CONTEXT) + 1, size):
        if is_telling(data[high - size : high]):
            yield start, high
            break


def _rivals(data: bytes, tile: bytes, own: int) -> list[int]:
    """Return other offsets of the same tile in the block."""
    found, at = [], data.find(tile)
    while at >= 0:
        if at != own:
            found.append(at)
        at = data.find(tile, at + 1)
    return found


def _belongs(memory: bytes, search: _Search, place: int) -> bool:
    """Whether a copy's surroundings match the block around the tile at least as well as around any rival."""
    if not search.rivals:
        return True
    size = len(search.old)
    mine = _likeness(memory, search.data, place, search.at, size)
    return all(_likeness(memory, search.data, place, rival, size) <= mine for rival in search.rivals)


def _likeness(memory: bytes, data: bytes, place: int, at: int, size: int) -> int:
    """Count the whole matching tiles adjacent to a tile on both sides. Single bytes would match by chance."""
    before = min(place, at, CONTEXT)
    left = _agreeing(memory[place - before : place][::-1], data[at - before : at][::-1])
    right = _agreeing(memory[place + size : place + size + CONTEXT], data[at + size : at + size + CONTEXT])
    return left // size + right // size


def _agreeing(first: bytes, second: bytes) -> int:
    length = min(len(first), len(second))
    differs = np.frombuffer(first[:length], np.uint8) != np.frombuffer(second[:length], np.uint8)
    return int(differs.argmax()) if differs.any() else length


def _standing_places(edits: Sequence[SheetEdit], contents: Sequence[Content], vram: Memory) -> set[int]:
    """Return the VRAM addresses of the sheets whose telling tiles are all still in place, edited or not."""
    versions: dict[bytes, set[bytes]] = {}
    for content in contents:
        for tile in content.tiles:
            same = {tile.of(data) for data in (*content.before, content.after)}
            for version in same:
                versions.setdefault(version, set()).update(same)
    standing: set[int] = set()
    for edit in edits:
        telling = [(at, tile) for at, tile in edit.shown if is_telling(tile)]
        if telling and all(vram.bytes[at : at + len(tile)] in versions.get(tile, {tile}) for at, tile in telling):
            standing.update(at for at, _ in edit.shown)
    return standing


def _take_exported_places(contents: Sequence[Content], vram: Memory, standing: set[int]) -> None:
    """Plan writes at the exported addresses of sheets still in place, if they hold a version of the tile."""
    for content in contents:
        for tile in content.tiles:
            new = tile.of(content.after)
            olds = {tile.of(data) for data in content.before} - {new}
            for place in standing.intersection(tile.vram_bytes):
                if vram.bytes[place : place + len(new)] in olds:
                    vram.plan(place, new)
