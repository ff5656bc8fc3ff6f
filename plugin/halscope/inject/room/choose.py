"""Making room: which blocks take their slack, which move and where to, or why an edit does not fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from halscope_hooks import RAW_CODEC, InjectError, Write

from halscope.inject.edits import BlockEdit, EditPlan
from halscope.inject.room.expand import FILL, SIZE_AT, larger_sizes, size_byte
from halscope.inject.room.free_space import Area, Usage
from halscope.inject.room.model import Key, Move, Moved, PointerChange, RoomIndex, RoomOptions, RoomPlan
from halscope.inject.room.pointers import Leads, leads_to, likeness, pointer_changes, pointer_writes, unproven_places
from halscope.inject.room.proof import proven
from halscope.inject.room.rats import LARGEST, TAG_BYTES, tag, tagged_areas
from halscope.rom.edges import first_edge
from halscope.rom.image import Rom
from halscope.rom.mapping import PAGE_BYTES, snes_text

ADVICE: Final = (
    "; draw with fewer colours and less detail, repeat shapes (also mirrored ones), or leave more of the block's other "
    "tiles plain"
)


@dataclass(frozen=True, slots=True)
class _Choice:
    """A place for a block."""

    area: Area
    offset: int
    changes: tuple[PointerChange, ...]


def make_room(plan: EditPlan, index: RoomIndex | None, options: RoomOptions | None = None) -> RoomPlan:
    """Find room for the blocks of a plan that have outgrown their places.

    A block takes the padding behind it if that is enough. Otherwise it moves into free space, and all pointers that
    lead to it are rewritten. Nothing is moved on a guess: see `leads_to` and `Usage.free_areas`.

    A block that an earlier plan has moved stays at its new place if it fits there, even if it would fit its old place
    again: a running game may have kept the address.

    Args:
        plan: The edits.
        index: The ROM's index; without one a block stays in its place.
        options: What is allowed; by default blocks move within the image.

    Raises:
        InjectError: A block does not fit, with the numbers and the reason why it cannot move.
    """
    options = RoomOptions() if options is None else options
    rom = plan.rom
    may_stay = index is not None and options.move and not options.expand
    moved = {one.key: one for one in options.moved} if may_stay else {}
    changed = [block for block in plan.blocks if block.key in moved or _outgrown(block)]
    if not changed:
        return RoomPlan(size=rom.data.size)
    if index is None:
        raise InjectError(f"{rom.name}: " + "; ".join(_numbers(block) for block in changed) + ADVICE)
    usage = Usage.of(rom, index, options.read, options.used)
    slack = {block.key: _needed(block) for block in changed if 0 < _needed(block) <= _behind(usage, block)}
    taken = [(block.block_offset, block.end + slack.get(block.key, 0)) for block in plan.blocks]
    taken += [stretch for block in plan.blocks for stretch in block.ranges]
    free = usage.free_areas(taken)
    again = _placed_again(rom, changed, index, moved, free, options)
    slack = {key: size for key, size in slack.items() if all(move.key != key for _, move, _ in again)}
    notes = [
        f"the {block.name} takes {slack[block.key]} of {_behind(usage, block)} bytes of padding behind it"
        for block in changed
        if block.key in slack
    ]
    settled = {*slack, *(move.key for _, move, _ in again)}
    moving = [(block, _behind(usage, block)) for block in changed if block.key not in settled and _outgrown(block)]
    if moving and not options.move:
        texts = "; ".join(_numbers(block, behind) for block, behind in moving)
        raise InjectError(f"{rom.name}: {texts}; it may not be moved" + ADVICE)
    leads = [_leads(rom, block, behind, index) for block, behind in moving]
    size, moves, areas, full = _placed(rom, leads, free, _held(again, moved, options), options)
    if full is not None:
        raise InjectError(f"{rom.name}: {_numbers(full.block)}; {_no_place(full, free, options)}{ADVICE}")
    found = RoomPlan(size=size, slack=slack, notes=tuple(notes))
    if again or moves:
        leads += [one for one, _, _ in again]
        moves += [move for _, move, _ in again]
        areas += [area for _, _, area in again]
        found = _finished(plan, index, options, leads, moves, areas, size, found)
    return proven(plan, index, found)


def _outgrown(block: BlockEdit) -> bool:
    return _needed(block) > 0


def _needed(block: BlockEdit) -> int:
    """Return the bytes that a block needs beyond its place; less than 0 if it has become smaller."""
    return len(block.new_packed) - block.old_packed_size


def _behind(usage: Usage, block: BlockEdit) -> int:
    return 0 if block.wrapped else usage.slack_behind(block.end)


def _placed_again(
    rom: Rom,
    blocks: Sequence[BlockEdit],
    index: RoomIndex,
    moved: Mapping[Key, Moved],
    free: Sequence[Area],
    options: RoomOptions,
) -> list[tuple[Leads, Move, Area]]:
    """Put the blocks that earlier plans have moved where those have put them, as far as they fit there: into their own
    room, or beyond it into what is still free."""
    tag_bytes = TAG_BYTES if options.rats else 0
    again: list[tuple[Leads, Move, Area]] = []
    for block in blocks:
        own = moved.get(block.key)
        if own is None or block.codec == RAW_CODEC:
            continue
        packed = len(block.new_packed)
        begin, end = own.new - tag_bytes, own.new + packed
        others = [(one.new - tag_bytes, one.new + one.size) for one in moved.values() if one is not own]
        others += [(move.new - tag_bytes, move.new + move.size) for _, move, _ in again]
        area = next((each for each in _without(free, others) if each.begin <= begin and end <= each.end), None)
        if area is None or end - begin > LARGEST or first_edge(rom.mapping, begin, end - begin) is not None:
            continue
        try:
            one = leads_to(rom, block, index)
        except InjectError:
            continue  # what is known of its pointers has changed
        changes = pointer_changes(rom, one, own.new, rom.data.size, packed)
        if changes is not None:
            again.append((one, Move(*block.key, own.new, packed, changes, tagged=options.rats), area))
    return again


def _held(
    again: Sequence[tuple[Leads, Move, Area]], moved: Mapping[Key, Moved], options: RoomOptions
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return the stretches that blocks have taken again, and those that other blocks were moved to before."""
    tag_bytes = TAG_BYTES if options.rats else 0
    used = [(move.new - tag_bytes, move.new + move.size) for _, move, _ in again]
    return used, [(one.new - tag_bytes, one.new + one.size) for one in moved.values()]


def _without(free: Sequence[Area], stretches: Iterable[tuple[int, int]]) -> list[Area]:
    """Return what is left of areas besides some stretches (begin, end)."""
    left = list(free)
    for begin, end in stretches:
        pieces = []
        for area in left:
            if end <= area.begin or area.end <= begin:
                pieces.append(area)
            else:
                pieces += [area._replace(end=max(begin, area.begin)), area._replace(begin=min(end, area.end))]
        left = [area for area in pieces if area.size > 0]
    return left


def _leads(rom: Rom, block: BlockEdit, behind: int, index: RoomIndex) -> Leads:
    """Return the pointers to a block. Raises InjectError with the numbers if it cannot move at all."""
    try:
        if block.codec == RAW_CODEC:
            raise InjectError("uncompressed tiles stay where they are")
        return leads_to(rom, block, index)
    except InjectError as error:
        raise InjectError(f"{rom.name}: {_numbers(block, behind)}, and it cannot be moved: {error}{ADVICE}") from None


def _placed(
    rom: Rom,
    leads: Sequence[Leads],
    free: Sequence[Area],
    held: tuple[list[tuple[int, int]], list[tuple[int, int]]],
    options: RoomOptions,
) -> tuple[int, list[Move], list[Area], Leads | None]:
    """Find a place for every block, the largest first, in the smallest image that has one.

    Args:
        rom: The image.
        leads: The blocks.
        free: The free space.
        held: What of it is taken, and what is only taken if there is no other room; see `_held`.
        options: What is allowed.

    Returns:
        The image's size, the moves with the areas that they use, and the block that no image has a place for, or
        `None`.
    """
    sizes = [rom.data.size]
    order = sorted(leads, key=lambda one: (-len(one.block.new_packed), one.block.block_offset))
    used, remembered = held
    moves, areas, full = _try(rom, order, _without(free, (*used, *remembered)), rom.data.size, options)
    if full is None:
        return rom.data.size, moves, areas, None
    free = _without(free, used)
    full = _try(rom, order, free, rom.data.size, options)[2]
    if options.expand and full is not None and not full.bound_by:
        try:
            sizes += larger_sizes(rom)
        except InjectError as error:
            raise InjectError(
                f"{rom.name}: {_numbers(full.block)}; {_no_place(full, free, options)}; {error}"
            ) from None
    for size in sizes:
        grown = [Area(rom.data.size, size, FILL, (rom.data.size, size))] if size > rom.data.size else []
        moves, areas, full = _try(rom, order, [*free, *grown], size, options)
        if full is None:
            break
    return size, moves, areas, full


def _try(
    rom: Rom, order: Sequence[Leads], free: Sequence[Area], size: int, options: RoomOptions
) -> tuple[list[Move], list[Area], Leads | None]:
    left, moves, areas = list(free), [], []
    tag_bytes = TAG_BYTES if options.rats else 0
    for one in order:
        packed = len(one.block.new_packed)
        choice = _best(rom, one, left, size, tag_bytes)
        if choice is None:
            return [], [], one
        area, begin, end = choice.area, choice.offset - tag_bytes, choice.offset + packed
        left = _without(left, [(begin, end)])
        areas.append(area)
        moves.append(
            Move(one.block.codec, one.block.block_offset, choice.offset, packed, choice.changes, tagged=options.rats)
        )
    return moves, areas, None


def _best(rom: Rom, leads: Leads, free: Sequence[Area], size: int, tag_bytes: int) -> _Choice | None:
    """Return the place whose addresses are most like the old ones, in the largest area."""
    packed, best, best_rank = len(leads.block.new_packed), None, None
    if packed + tag_bytes > LARGEST:
        return None
    for number, area in enumerate(sorted(free, key=lambda each: (-each.size, each.begin))):
        for begin in _beginnings(rom, area, tag_bytes + packed):
            offset = begin + tag_bytes
            changes = pointer_changes(rom, leads, offset, size, packed)
            if changes is None:
                continue
            unlike = max(likeness(rom.mapping, one.reference.address, one.address) for one in changes)
            rank = (unlike, number, begin)
            if best_rank is None or rank < best_rank:
                best, best_rank = _Choice(area, offset, changes), rank
            break
    return best


def _beginnings(rom: Rom, area: Area, needed: int) -> list[int]:
    """Return the offsets at which something of this size fits an area without crossing an edge: its first byte, and
    the beginnings of banks in it."""
    edges = range(-(-(area.begin + 1) // PAGE_BYTES) * PAGE_BYTES, area.end, PAGE_BYTES)
    return [
        begin
        for begin in (area.begin, *edges)
        if begin + needed <= area.end and first_edge(rom.mapping, begin, needed) is None
    ]


def _finished(
    plan: EditPlan,
    index: RoomIndex,
    options: RoomOptions,
    leads: Sequence[Leads],
    moves: Sequence[Move],
    areas: Sequence[Area],
    size: int,
    found: RoomPlan,
) -> RoomPlan:
    """Return the plan with its writes, notes and risks."""
    rom = plan.rom
    blocks = {block.key: block for block in plan.blocks}
    notes, risks, writes = [*found.notes], [], []
    grown = bytearray([FILL]) * (size - rom.data.size)
    for move, area in zip(moves, areas, strict=True):
        block = blocks[move.key]
        data = (tag(move.size) if move.tagged else b"") + block.new_packed
        begin = move.new - (TAG_BYTES if move.tagged else 0)
        if begin >= rom.data.size:
            grown[begin - rom.data.size : begin - rom.data.size + len(data)] = data
            where = "in the new part of the image"
        else:
            writes.append(Write("rom", begin, data, rom.data[begin : begin + len(data)].tobytes()))
            where = f"in {area.run[1] - area.run[0]} bytes of {area.fill:02X} from {area.run[0]:#x} on"
            risks.append(
                f"{area.run[0]:#x} to {area.run[1]:#x} hold nothing but {area.fill:02X}, no known pointer leads into "
                "them and no read of them is known; that they are free is not proven"
            )
        count = len(move.pointers)
        before = any(one.key == move.key and one.new == move.new for one in options.moved)
        goes = "stays where it was moved before, at" if before else "moves to"
        notes.append(
            f"the {block.name} packs to {move.size} bytes, its place holds {block.old_packed_size}: it {goes} "
            f"{move.new:#x}, {where}, and {count} pointer{'s' * (count != 1)} to it "
            f"{'are' if count != 1 else 'is'} rewritten"
        )
    for one in leads:
        risks += _risks(rom, one, moves, freed=options.free_old)
        if options.free_old:
            writes += _freed(rom, index, one.block, notes)
    if size > rom.data.size:
        at = rom.header_offset + SIZE_AT
        if rom.data[at] != size_byte(size):
            writes.append(Write("rom", at, bytes([size_byte(size)]), rom.data[at : at + 1].tobytes()))
        writes.append(Write("rom", rom.data.size, bytes(grown), b""))
        notes.append(f"the image grows from {rom.data.size} to {size} bytes; the running game needs the new image")
        risks.append(
            "a game that reads its ROM at addresses where a smaller one repeats now reads the new part of the image"
        )
    moves = sorted(moves, key=lambda move: move.old)
    writes += pointer_writes(rom, [change for move in moves for change in move.pointers])
    return replace(
        found,
        moves=tuple(moves),
        size=size,
        writes=tuple(sorted(writes, key=lambda write: write.offset)),
        notes=tuple(notes),
        risks=tuple(dict.fromkeys(risks)),
    )


def _risks(rom: Rom, leads: Leads, moves: Sequence[Move], *, freed: bool) -> list[str]:
    """Return what cannot be known of a block's pointers."""
    block, risks = leads.block, []
    others = unproven_places(rom, leads)
    if others:
        risks.append(
            f"the address of the {block.name} also stands at {', '.join(f'{at:#x}' for at in others)}, which no table "
            "or code explains; those places stay as they are, and what reads them gets "
            + ("bytes of FF" if freed else "the old block")
        )
    for change in next(move.pointers for move in moves if move.key == block.key):
        old, new = change.reference.address, change.address
        if likeness(rom.mapping, old, new)[1]:
            risks.append(
                f"the pointer at {change.reference.offset:#x} led to ${snes_text(old)} and leads to ${snes_text(new)}: "
                "a decoder that reads through the data bank finds no RAM below $2000 there, or other memory"
            )
    return risks


def _freed(rom: Rom, index: RoomIndex, block: BlockEdit, notes: list[str]) -> list[Write]:
    """Return the writes that fill a block's old place, with a tag that claimed it alone, with FF."""
    others = [one for one in index.proven_streams(block.ranges) if one.block_offset != block.block_offset]
    if others:
        notes.append(f"the old place of the {block.name} is kept: another block shares bytes with it")
        return []
    stretches = list(block.ranges)
    begin, end = stretches[0]
    if len(stretches) == 1 and (begin - TAG_BYTES, end) in tagged_areas(rom.data):
        stretches = [(begin - TAG_BYTES, end)]
    return [
        Write("rom", begin, bytes([FILL]) * (end - begin), rom.data[begin:end].tobytes()) for begin, end in stretches
    ]


def _numbers(block: BlockEdit, behind: int = 0) -> str:
    over = len(block.new_packed) - block.old_packed_size - behind
    padding = f" with {behind} bytes of padding behind it" if behind else ""
    return (
        f"the edited {block.name} does not fit: it packs to {len(block.new_packed)} bytes, its place holds "
        f"{block.old_packed_size}{padding}, {over} too many"
    )


def _no_place(leads: Leads, free: Sequence[Area], options: RoomOptions) -> str:
    largest = max((area.size for area in free), default=0)
    total = int(np.sum([area.size for area in free], dtype=np.int64))
    text = f"it cannot be moved: the ROM has {total} free bytes, at most {largest} of them together"
    if leads.bound_by:
        text += f", and it has to stay in its bank, because {leads.bound_by}"
    elif not options.expand:
        text += "; --expand makes the image larger"
    return text
