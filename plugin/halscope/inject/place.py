"""Turn a plan into a patch: place the packed blocks, fix the checksum, and verify the result."""

from __future__ import annotations

import hashlib
from collections.abc import Buffer, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from halscope_hooks import RAW_CODEC, CodecError, InjectError, Patch, PatchError, Write
from numpy.typing import NDArray

from halscope.inject._sheet_edit import COLOURS
from halscope.inject._transforms import MODE7_MAP
from halscope.inject.edits import BlockEdit, EditPlan
from halscope.inject.room import Move, RoomPlan, make_room, pointed_address
from halscope.rom import checksum
from halscope.rom.image import Rom
from halscope.rom.mapping import to_offset


def to_patch(plan: EditPlan, room: RoomPlan | None = None) -> Patch:
    """Place a plan's blocks, fix the checksum, and verify the result by decoding it again.

    A block must not grow beyond its original size, because what follows belongs to something else, unless `room` has
    been made for it. If it shrinks, the bytes past its new end keep their content: the game stops at the terminator and
    never reads them, and leaving them alone makes the patch smaller and cannot damage a stream that shares them.

    Args:
        plan: The edits.
        room: The room that `make_room` found for them; without it every block stays in its place.

    Returns:
        A patch with ROM writes, ascending; without writes if the plan has no changes. If the image grows, the last
        write begins at its end and expects nothing (`b""`).

    Raises:
        InjectError: A block is too large for its place, or the result does not decode to the edit.
    """
    room = make_room(plan, None) if room is None else room
    if not plan.blocks:
        titles = f"{_titles(plan)}: " if plan.edits else ""
        return Patch(plan.rom.sha256, (), summary=f"{titles}nothing was changed")
    staying = (block for block in plan.blocks if room.move_of(block.key) is None)
    writes = [*room.writes, *(write for block in staying for write in _writes(plan.rom, block, room))]
    writes.sort(key=lambda write: write.offset)
    image = bytearray(plan.rom.data)
    _write(image, writes)
    if (rule := plan.rom.checksum_rule) is not None:
        correction = checksum.corrections(image, plan.rom.header_offset, rule)
        _write(image, correction)
        writes.extend(correction)
    writes.sort(key=lambda write: write.offset)
    what = _counted(plan)
    blocks = ", ".join(block.name for block in plan.blocks[:3]) + (", ..." if len(plan.blocks) > 3 else "")
    summary = f"{_titles(plan)}: {what} changed: {blocks}"
    if room.moves:
        summary += "; moved: " + ", ".join(f"{move.old:#x} to {move.new:#x}" for move in room.moves[:3])
        summary += ", ..." if len(room.moves) > 3 else ""
    _check(plan, room, writes, image)
    return Patch(plan.rom.sha256, tuple(writes), summary=summary)


def _counted(plan: EditPlan) -> str:
    """Say how many tiles, colours and entries of maps change."""
    maps = plan.map_places
    tiles = colours = entries = 0
    for block in plan.blocks:
        colours += block.colours
        for change in block.changes:
            if block.place(change) in maps:
                step = 1 if MODE7_MAP in change.transforms else 2  # bytes of an entry
                entries += sum(
                    change.old[at : at + step] != change.new[at : at + step] for at in range(0, change.size, step)
                )
            elif COLOURS not in change.transforms:
                tiles += 1
    counts = ((tiles, "tile", "tiles"), (entries, "map entry", "map entries"), (colours, "colour", "colours"))
    return " and ".join(f"{count} {one if count == 1 else many}" for count, one, many in counts if count)


def apply_patch(rom: Rom | Buffer, patch: Patch) -> bytes:
    """Return the patched image.

    Args:
        rom: The ROM that the patch was made for, or its headerless image, which is hashed.
        patch: The patch. Only its ROM writes are applied.

    Raises:
        PatchError: The image is a different one, or does not hold the bytes that a write expects.
    """
    image = bytearray(verified_image(rom, patch))
    _write(image, patch.rom)
    return bytes(image)


def verified_image(rom: Rom | Buffer, patch: Patch) -> NDArray[np.uint8]:
    """Return the headerless image, uint8[n]. Raises PatchError if the patch was not made for it."""
    if isinstance(rom, Rom):
        image, digest = rom.data, rom.sha256
    else:
        image = np.frombuffer(rom, np.uint8)
        digest = hashlib.sha256(image).hexdigest()
    if digest != patch.rom_sha256:
        raise PatchError(
            f"the patch was made for a ROM with the SHA-256 {patch.rom_sha256}, this one has {digest}; use that ROM"
        )
    for write in patch.rom:
        check_write(image, write)
    return image


def check_write(image: NDArray[np.uint8] | bytearray, write: Write) -> None:
    """Raise PatchError if a write goes outside the image or its expected bytes do not match.

    A write that begins at the image's end and expects nothing (`b""`) makes it longer.
    """
    end = write.offset + len(write.data)
    grows = write.offset == len(image) and write.expected == b""
    if write.space != "rom" or (end > len(image) and not grows):
        raise PatchError(
            f"the patch writes {len(write.data)} bytes at {write.space} {write.offset:#x}, outside the ROM"
        )
    expected = write.expected
    if expected is not None and bytes(image[write.offset : write.offset + len(expected)]) != expected:
        raise PatchError(f"the ROM does not hold what the patch expects at {write.offset:#x}; use the patch's own ROM")


def _titles(plan: EditPlan) -> str:
    titles = [edit.title for edit in plan.edits]
    return ", ".join(titles[:3]) + (f" and {len(titles) - 3} more" if len(titles) > 3 else "")


def _writes(rom: Rom, block: BlockEdit, room: RoomPlan) -> Iterator[Write]:
    """Yield the writes that put a block in its place; two where its decoder wraps at the end of a bank."""
    done, slack = 0, room.slack.get(block.key, 0)
    for begin, end in block.ranges:
        part = slice(done, done + end + slack - begin)
        if data := block.new_packed[part]:
            yield Write("rom", begin, data, rom.data[begin : begin + len(data)].tobytes())
        done = part.stop


def _write(image: bytearray, writes: Iterable[Write]) -> None:
    for write in writes:
        check_write(image, write)
        image[write.offset : write.offset + len(write.data)] = write.data


def _check(plan: EditPlan, room: RoomPlan, writes: Sequence[Write], image: bytearray) -> None:
    """Decode the patched image as the game will and compare it with the edit."""
    overlapping = any(first.offset + len(first.data) > second.offset for first, second in pairwise(writes))
    rule = plan.rom.checksum_rule
    if overlapping or (rule is not None and not checksum.is_right(image, plan.rom.header_offset, rule)):
        raise InjectError(f"{plan.rom.name}: the header overlaps an edited block; nothing was changed")
    patched = np.frombuffer(image, np.uint8)
    rom = replace(plan.rom, data=patched)
    for block in plan.blocks:
        if block.codec == RAW_CODEC:
            data = patched[block.block_offset : block.end].tobytes()
        else:
            move = room.move_of(block.key)
            offset = block.block_offset if move is None else _led_to(rom, move, block)
            try:
                data = rom.decode(plan.codecs[block.codec], offset).data.tobytes()
            except CodecError as error:
                raise InjectError(f"{plan.rom.name}: the edited {block.name} cannot be read back: {error}") from error
        if data != block.new_data:
            raise InjectError(f"{plan.rom.name}: the edited {block.name} reads back differently; nothing was changed")


def _led_to(rom: Rom, move: Move, block: BlockEdit) -> int:
    """Return the file offset that the rewritten pointers of a moved block lead to in the patched image."""
    offsets = {to_offset(rom.mapping, pointed_address(rom.data, one.reference), rom.data.size) for one in move.pointers}
    if offsets != {move.new}:
        raise InjectError(f"{rom.name}: the pointers to the moved {block.name} lead elsewhere; nothing was changed")
    return move.new
