"""ROMs of known truth with free space at the ends of their banks, and edits of their blocks that do not fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final

import numpy as np
from halscope.codecs.hal import HAL
from halscope.inject import Change, EditPlan
from halscope.inject.edits import BlockEdit
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope.rom.mapping import PAGE_BYTES, Mapping, to_offset
from numpy.typing import NDArray
from pypatchergba import patcher
from support import plain_packer, pointed_rom
from support.pointed_rom import PointedRom
from support.truth_rom import TruthRom, make_header, make_truth_rom

KEPT: Final = 40
"""Bytes of what was there that are left before the free space."""


@cache
def unpointed(mapping: Mapping = Mapping.LOROM, size: int = 0x80000) -> TruthRom:
    """Blocks of a packer that is not ours, without pointers, and FF behind the last block of each half bank."""
    packers = (("hal", lambda data: plain_packer.pack(data, lazy=False)),)
    truth = make_truth_rom(
        3, size=size, blocks=48, pointers=False, mapping=mapping, packers=packers, begin=pointed_rom.FIRST
    )
    image = bytearray(truth.rom.data.tobytes())
    used = [(one.offset, one.offset + one.packed_size) for one in truth.blocks]
    used += [(at, at + length) for at, length in truth.raw]
    for bank in range(pointed_rom.FIRST, size, PAGE_BYTES):
        end = (bank // PAGE_BYTES + 1) * PAGE_BYTES
        last = max([bank, *(after for begin, after in used if begin < end and after > bank)]) + KEPT
        if last < end:
            image[last:end] = b"\xff" * (end - last)
    make_header(image, mapping)
    return TruthRom(Rom.from_bytes(bytes(image), "roomy", mapping=mapping), truth.blocks, truth.raw, None)


@cache
def pointed(shape: str, mapping: Mapping = Mapping.LOROM) -> tuple[PointedRom, RomIndex]:
    """The same with pointers of a shape to all blocks, and its index."""
    made = pointed_rom.point(unpointed(mapping), shape, share=1)
    return made, RomIndex.build(made.rom, [HAL])


def filled(index: RomIndex, offset: int, size: int, seed: int = 0) -> BlockEdit:
    """An edit of a block that makes its packed bytes at least `size`, by noise from its first byte on."""
    rom = index.rom
    old = rom.decode(HAL, offset)
    data = old.data.tobytes()
    noise = np.random.default_rng(seed).integers(0, 256, len(data), np.uint8).tobytes()
    packed = HAL.encode(data, effort="fast")
    low, high = 0, len(data)
    while low < high:  # the shortest noise that is enough
        middle = (low + high) // 2
        if len(HAL.encode(noise[:middle] + data[middle:], effort="fast")) >= size:
            high = middle
        else:
            low = middle + 1
    new = noise[:low] + data[low:]
    packed = HAL.encode(new, effort="fast")
    changes = (Change(0, data[:low], new[:low]),) if low else ()
    start = index.start_of("hal", offset)
    assert start is not None
    return BlockEdit(
        "hal", offset, start, data, new, rom.data[offset : offset + old.consumed].tobytes(), packed, changes
    )


def plan_of(index: RomIndex, blocks: Sequence[BlockEdit]) -> EditPlan:
    """A plan of edits of whole blocks."""
    ordered = tuple(sorted(blocks, key=lambda block: block.block_offset))
    return EditPlan(index.rom, {"hal": HAL}, (), ordered, ())


def applied(source: bytes, bps: bytes, ips: bytes) -> bytes:
    """Apply both patches with appliers that are not ours, and return the result."""
    target = bytes(patcher.apply_bps(source, bps))
    assert bytes(patcher.apply_ips(source, ips)) == target
    return target


def pointed_at(rom: Rom, image: NDArray[np.uint8], parts: tuple[int, int, int | None], bank: int) -> int | None:
    """Where a pointer's bytes lead in an image of a mapping; `bank` counts where the bank is not stored."""
    low, high, stored = parts
    upper = bank if stored is None else int(image[stored])
    return to_offset(rom.mapping, int(image[low]) | int(image[high]) << 8 | upper << 16, image.size)


def assert_only(before: NDArray[np.uint8], after: NDArray[np.uint8], named: Iterable[tuple[int, int]]) -> None:
    """Every byte outside the named stretches (begin, end) is as it was."""
    same = np.ones(before.size, np.bool_)
    for begin, end in named:
        same[begin:end] = False
    np.testing.assert_array_equal(before[same], after[: before.size][same])
