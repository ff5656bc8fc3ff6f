"""Turn a plan into a patch: place the packed blocks, fix the checksum, and verify the result."""

from __future__ import annotations

import hashlib
from collections.abc import Buffer, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from halscope_hooks import RAW_CODEC, CodecError, InjectError, Patch, PatchError, Write
from numpy.typing import NDArray

from halscope.inject.edits import BlockEdit, EditPlan
from halscope.rom import checksum
from halscope.rom.image import Rom


def to_patch(plan: EditPlan) -> Patch:
    """Place a plan's blocks at their original offsets, fix the checksum, and verify the result by decoding it again.

    A block must not grow beyond its original size, because what follows belongs to something else. If it shrinks, the
    bytes past its new end keep their content: the game stops at the terminator and never reads them, and leaving them
    alone makes the patch smaller and cannot damage a stream that shares them.

    Returns:
        A patch with ROM writes, ascending; without writes if the plan has no changes.

    Raises:
        InjectError: A block is too large for its place, or the result does not decode to the edit.
    """
    too_large = [block for block in plan.blocks if len(block.new_packed) > block.old_packed_size]
    if too_large:
        raise InjectError(f"{plan.rom.name}: " + "; ".join(_numbers(block) for block in too_large) + _ADVICE)
    if not plan.blocks:
        titles = f"{_titles(plan)}: " if plan.edits else ""
        return Patch(plan.rom.sha256, (), summary=f"{titles}nothing was changed")
    writes = [write for block in plan.blocks for write in _writes(block)]
    image = bytearray(plan.rom.data)
    _write(image, writes)
    if (rule := plan.rom.checksum_rule) is not None:
        correction = checksum.corrections(image, plan.rom.header_offset, rule)
        _write(image, correction)
        writes.extend(correction)
    writes.sort(key=lambda write: write.offset)
    count = sum(len(block.changes) for block in plan.blocks)
    blocks = ", ".join(block.name for block in plan.blocks[:3]) + (", ..." if len(plan.blocks) > 3 else "")
    summary = f"{_titles(plan)}: {count} tile{'s' * (count != 1)} changed: {blocks}"
    _check(plan, writes, image)
    return Patch(plan.rom.sha256, tuple(writes), summary=summary)


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
    """Raise PatchError if a write goes outside the image or its expected bytes do not match."""
    end = write.offset + len(write.data)
    if write.space != "rom" or end > len(image):
        raise PatchError(
            f"the patch writes {len(write.data)} bytes at {write.space} {write.offset:#x}, outside the ROM"
        )
    expected = write.expected
    if expected is not None and bytes(image[write.offset : write.offset + len(expected)]) != expected:
        raise PatchError(f"the ROM does not hold what the patch expects at {write.offset:#x}; use the patch's own ROM")


_ADVICE = (
    "; draw with fewer colours and less detail, repeat shapes (also mirrored ones), or leave more of the block's other "
    "tiles plain"
)


def _titles(plan: EditPlan) -> str:
    titles = [edit.title for edit in plan.edits]
    return ", ".join(titles[:3]) + (f" and {len(titles) - 3} more" if len(titles) > 3 else "")


def _numbers(block: BlockEdit) -> str:
    over = len(block.new_packed) - block.old_packed_size
    return (
        f"the edited {block.name} does not fit: it packs to {len(block.new_packed)} bytes, its place holds "
        f"{block.old_packed_size}, {over} too many"
    )


def _writes(block: BlockEdit) -> Iterator[Write]:
    """Yield the writes that put a block in its place; two where its decoder wraps at the end of a bank."""
    done = 0
    for begin, end in block.ranges:
        part = slice(done, done + end - begin)
        if data := block.new_packed[part]:
            yield Write("rom", begin, data, block.old_packed[part][: len(data)])
        done = part.stop


def _write(image: bytearray, writes: Iterable[Write]) -> None:
    for write in writes:
        check_write(image, write)
        image[write.offset : write.offset + len(write.data)] = write.data


def _check(plan: EditPlan, writes: Sequence[Write], image: bytearray) -> None:
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
            try:
                data = rom.decode(plan.codecs[block.codec], block.block_offset).data.tobytes()
            except CodecError as error:
                raise InjectError(f"{plan.rom.name}: the edited {block.name} cannot be read back: {error}") from error
        if data != block.new_data:
            raise InjectError(f"{plan.rom.name}: the edited {block.name} reads back differently; nothing was changed")
