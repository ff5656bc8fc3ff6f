"""Edits of colours: a run of colours in the ROM before and after, in the same plan and patch as edited tiles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from halscope_hooks import NO_TRANSFORM, RAW_CODEC, InjectError, Origin, Snapshot
from numpy.typing import NDArray

from halscope.inject._memories import CGRAM, Memory
from halscope.inject._sheet_edit import COLOURS, MOST_COLOURS, SheetEdit
from halscope.inject.edits import BlockEdit, EditPlan
from halscope.inject.split import TileChange
from halscope.rom.colours import colour_buffers, find_stretches, is_telling

COLOUR: Final = 0x7FFF
_BIT15: Final = 0x8000


class ColourEdit(NamedTuple):
    """Consecutive colours in the ROM, before and after.

    Args:
        origin: Where the first one is stored; the next ones follow, two bytes each.
        old: uint16[n], the words in the ROM, with bit 15 as stored.
        new: uint16[n], the new colours. Bit 15 is kept as stored.
        cgram: For each colour its number in CGRAM when the palette was exported, ascending; empty if it is not known.
    """

    origin: Origin
    old: NDArray[np.uint16]
    new: NDArray[np.uint16]
    cgram: tuple[int, ...] = ()


def palette_edit(name: str, title: str, rom_sha256: str, runs: Sequence[ColourEdit]) -> SheetEdit:
    """Return the changes that an edited palette makes, as the edit of a sheet: it can be listed, planned and undone.

    Args:
        name: File that it was read from, for messages. Unique among what is being edited.
        title: Title of the palette, for users.
        rom_sha256: SHA-256 of the headerless image that it was exported from, lower-case hex.
        runs: The colours. A run without a changed colour makes no change.

    Raises:
        InjectError: A run has another number of colours after the edit.
    """
    changes = []
    for run in runs:
        if len(run.old) != len(run.new) or (run.cgram and len(run.cgram) != len(run.old)):
            raise InjectError(f"{name}: {len(run.old)} colours become {len(run.new)}; an edit keeps their number")
        new = run.new & np.uint16(COLOUR) | run.old & np.uint16(_BIT15)
        for at in range(0, len(new), MOST_COLOURS):
            part = slice(at, at + MOST_COLOURS)
            if not np.array_equal(new[part], run.old[part]):
                places = tuple(2 * colour for colour in run.cgram[part])
                origin = replace(origin_after(run.origin, 2 * at), transform=COLOURS)
                changes.append(TileChange(origin, _bytes(run.old[part]), _bytes(new[part]), (), places))
    return SheetEdit(name, title, rom_sha256, tuple(changes))


def edited_colours(plan: EditPlan | None) -> tuple[ColourEdit, ...]:
    """Return the runs of colours that a plan changes, by which the edited colours are known again in CGRAM."""
    return () if plan is None else tuple(run for edit in plan.edits for run in colours_of_edit(edit))


def colours_of_edit(edit: SheetEdit) -> tuple[ColourEdit, ...]:
    """Return the runs of colours that an edit changes."""
    return tuple(
        ColourEdit(
            replace(change.origin, transform=NO_TRANSFORM),
            _words(change.old),
            _words(change.new),
            tuple(at // 2 for at in change.vram_bytes),
        )
        for change in edit.changes
        if change.origin.transform == COLOURS
    )


def colours_before(cgram: NDArray[np.uint16], edits: Sequence[ColourEdit]) -> NDArray[np.uint16]:
    """Return CGRAM with the colours that edits have made as they are stored in the ROM, to look them up there.

    Edited colours are known by what is known of the run: three different ones in a row, or three different ones (or
    all) at the places in CGRAM where the run stood. A single equal colour says nothing.

    Args:
        cgram: uint16[256].
        edits: What was edited.
    """
    before = cgram
    for edit in edits:
        old, new = edit.old & np.uint16(COLOUR), edit.new & np.uint16(COLOUR)
        if np.array_equal(old, new):
            continue
        places: dict[int, int] = {}  # number in CGRAM → number in the run
        if edit.cgram and max(edit.cgram) < len(cgram):
            equal = np.flatnonzero(cgram[list(edit.cgram)] & np.uint16(COLOUR) == new)
            if len(equal) == len(new) or is_telling(new[equal]):
                places = {edit.cgram[number]: number for number in equal.tolist()}
        memory = cgram.astype("<u2").view(np.uint8)
        for first, count, at in find_stretches(memory, new, step=2):
            places |= {at // 2 + number: first + number for number in range(count)}
        if places:
            before = before.copy() if before is cgram else before
            before[list(places)] = old[list(places.values())]
    return before


def origin_after(origin: Origin, by: int) -> Origin:
    """Return the origin of the byte that is stored `by` bytes further on."""
    if origin.codec == RAW_CODEC:
        return replace(origin, block_offset=origin.block_offset + by)
    return replace(origin, byte_offset=origin.byte_offset + by)


def _bytes(colours: NDArray[np.uint16]) -> bytes:
    return colours.astype("<u2").tobytes()


class _Run(NamedTuple):
    """Colours that a plan changes.

    Args:
        before: Versions that the game's memory may hold now.
        after: uint16[n].
        cgram: Numbers in CGRAM when the palette was exported.
    """

    before: tuple[NDArray[np.uint16], ...]
    after: NDArray[np.uint16]
    cgram: tuple[int, ...]


def plan_colours(plan: EditPlan, previous: EditPlan | None, snapshot: Snapshot, memories: dict[str, Memory]) -> None:
    """Plan the writes that show edited colours in the running game: to CGRAM, and to the buffers of it in memory.

    A copy is found by three different colours in a row (black and white do not count). In CGRAM, a colour is also
    replaced where it stood when the palette was exported; in a buffer from which the game refreshes CGRAM, wherever it
    was replaced in CGRAM. Bit 15 is left as it is.

    Args:
        plan: The edit.
        previous: The last edit written to the game, or `None`.
        snapshot: The current state of the game.
        memories: The snapshot's memories by name; the writes are planned in them.
    """
    runs = list(_runs(plan, previous))
    if not runs:
        return
    replaced: dict[int, int] = {}  # number in CGRAM → new colour
    for run in runs:
        for before in run.before:
            for name, memory in memories.items():
                step = 2 if name == CGRAM else 1
                for first, count, at in find_stretches(memory.data, before, step=step):
                    for number in range(count):
                        _replace(memory, at + 2 * number, before[first + number], run.after[first + number])
                        if name == CGRAM:
                            replaced[at // 2 + number] = int(run.after[first + number])
            for number, colour in enumerate(run.cgram):
                if snapshot.cgram[colour] & COLOUR == before[number] & COLOUR and colour not in replaced:
                    _replace(memories[CGRAM], 2 * colour, before[number], run.after[number])
                    replaced[colour] = int(run.after[number])
    for buffer in colour_buffers(snapshot):
        for colour, new in replaced.items():
            place = buffer.place(colour)
            if place is not None:
                _replace(memories[buffer.space], place, snapshot.cgram[colour], np.uint16(new))


def _replace(memory: Memory, at: int, old: np.uint16, new: np.uint16) -> None:
    """Plan to write a colour where the old one stands."""
    there = memory.data[at] | np.uint16(memory.data[at + 1]) << np.uint16(8)
    if there & COLOUR == old & COLOUR != new & COLOUR:
        memory.plan(at, int(new & COLOUR | there & _BIT15).to_bytes(2, "little"))


def _runs(plan: EditPlan, previous: EditPlan | None) -> Iterator[_Run]:
    """Yield the colours that either plan changes."""
    plans = [plan] if previous is None else [plan, previous]
    places: dict[tuple[str, int, int, int], set[int]] = {}
    for one in plans:
        for block in one.blocks:
            for change in block.changes:
                if COLOURS in change.transforms:
                    at = change.byte_offset + (block.block_offset if block.codec == RAW_CODEC else 0)
                    base = 0 if block.codec == RAW_CODEC else block.block_offset
                    places.setdefault((block.codec, base, at, change.size), set()).update(change.vram_bytes)
    for (codec, base, at, size), cgram in sorted(places.items()):
        versions = [_version(one, codec, base, at, size) for one in plans]
        original = _version(replace(plan, blocks=()), codec, base, at, size)
        stored = original if original is not None else _old(plans, codec, base, at, size)
        after = versions[0] if versions[0] is not None else stored
        before = [stored, *(version for version in versions[1:] if version is not None)]
        numbers = tuple(place // 2 for place in sorted(cgram))
        yield _Run(tuple(before), after, numbers if len(numbers) == size // 2 else ())


def _version(plan: EditPlan, codec: str, base: int, at: int, size: int) -> NDArray[np.uint16] | None:
    """Return the colours as a plan has them; `None` if it does not change their block."""
    if codec == RAW_CODEC:
        window = bytearray(plan.rom.data[at : at + size].tobytes())
        for block in plan.blocks:
            if block.codec == RAW_CODEC and block.block_offset < at + size and block.end > at:
                low, high = max(at, block.block_offset), min(at + size, block.end)
                window[low - at : high - at] = block.new_data[low - block.block_offset : high - block.block_offset]
        return _words(bytes(window))
    block_edit = next((one for one in plan.blocks if (one.codec, one.block_offset) == (codec, base)), None)
    return None if block_edit is None else _words(block_edit.new_data[at : at + size])


def _old(plans: Sequence[EditPlan], codec: str, base: int, at: int, size: int) -> NDArray[np.uint16]:
    """Return the colours of a packed block as the ROM has them."""
    blocks: Iterator[BlockEdit] = (block for one in plans for block in one.blocks)
    block = next(one for one in blocks if (one.codec, one.block_offset) == (codec, base))
    return _words(block.old_data[at : at + size])


def _words(data: bytes) -> NDArray[np.uint16]:
    return np.frombuffer(data, "<u2").astype(np.uint16)
