"""Pointers of a block that moves: what they allow, and what they hold afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from halscope_hooks import InjectError, Write

from halscope.inject.edits import BlockEdit
from halscope.inject.room.model import PointerChange, RoomIndex
from halscope.rom.image import Rom
from halscope.rom.mapping import Mapping, snes_mirrors
from halscope.rom.references import NO_BANK, Reference

_BANK_BYTES: Final = 0x10000
_MOST_NAMED: Final = 4


@dataclass(frozen=True, slots=True)
class Leads:
    """All pointers to a block, and what they allow.

    Args:
        block: The block.
        references: The pointers, by their location.
        banks: The bank that each must keep; `None` where it may change.
        bound_by: Why a bank must be kept; empty if none must.
    """

    block: BlockEdit
    references: tuple[Reference, ...]
    banks: tuple[int | None, ...]
    bound_by: str


def leads_to(rom: Rom, block: BlockEdit, index: RoomIndex) -> Leads:
    """Return the pointers to a block.

    Raises:
        InjectError: None is known, or one cannot be rewritten without damage to another.
    """
    references = index.references(block.codec, block.block_offset)
    if not references:
        raise InjectError("no pointer to it is known, so it stays where it is")
    rows = index.every_reference.rows
    known = {one.offset for one in references}
    for low in rows["low"][rows["target"] == block.block_offset].tolist():
        if low not in known:
            raise InjectError(f"the pointer to it at {low:#x} is of another codec")
    for one in references:
        _check_bytes(rom, one)
    shared = _bytes_shared_with_others(block, references, index)
    for one in references:
        for at in one.parts[:2]:
            if at in shared:
                raise InjectError(
                    f"the pointer to it at {one.offset:#x} shares the byte at {at:#x} with the pointer to "
                    f"{shared[at]:#x}"
                )
    bound = [one.parts[2] is None or one.parts[2] in shared for one in references]
    why = [_reason(one, shared) for one, is_bound in zip(references, bound, strict=True) if is_bound]
    banks = tuple(one.address >> 16 if is_bound else None for one, is_bound in zip(references, bound, strict=True))
    return Leads(block, references, banks, why[0] if why else "")


def pointer_changes(rom: Rom, leads: Leads, offset: int, size: int, packed: int) -> tuple[PointerChange, ...] | None:
    """Return what the pointers to a block hold when it stands at another offset.

    Of the addresses of that place each takes the one most like its old one: fast or slow banks, linear banks or those
    of the system, upper or lower halves.

    Args:
        rom: The image before.
        leads: The pointers.
        offset: File offset of the block's new place.
        size: Bytes of the image afterwards.
        packed: The block's packed bytes.

    Returns:
        The changes; `None` if one of the pointers cannot lead there, or the block would run past the bank's end.
    """
    mirrors = snes_mirrors(rom.mapping, offset, size)
    changes = []
    for reference, bank in zip(leads.references, leads.banks, strict=True):
        fitting = [
            address
            for address in mirrors
            if bank in (None, address >> 16) and address % _BANK_BYTES + packed <= _BANK_BYTES
        ]
        if not fitting:
            return None
        best = min(fitting, key=lambda address: likeness(rom.mapping, reference.address, address))
        changes.append(PointerChange(reference, leads.block.codec, leads.block.block_offset, best))
    return tuple(changes) if _agree(changes) else None


def likeness(mapping: Mapping, old: int, new: int) -> tuple[bool, bool, bool]:
    """Return how an address differs from the old one in what a game may rely on, most important first; less is liker.

    The first is the speed of the bank ($80 and above may be fast) where the mapping shows a byte on both sides, the
    second whether the bank has the system's registers and RAM, the third the half of the bank in LoROM.
    """
    both = mapping in (Mapping.LOROM, Mapping.HIROM)
    different = old ^ new
    halves = mapping in (Mapping.LOROM, Mapping.EXLOROM)
    return both and bool(different & 0x800000), bool(different & 0x400000), halves and bool(different & 0x8000)


def pointer_writes(rom: Rom, changes: Iterable[PointerChange]) -> list[Write]:
    """Return the writes of the bytes that differ, ascending, neighbours together."""
    new = {at: byte for one in changes for at, byte in _bytes(one.reference, one.address) if rom.data[at] != byte}
    writes: list[Write] = []
    for at in sorted(new):
        old = rom.data[at : at + 1].tobytes()
        last = writes[-1] if writes else None
        if last is not None and last.expected is not None and last.offset + len(last.data) == at:
            writes[-1] = Write("rom", last.offset, last.data + bytes([new[at]]), last.expected + old)
        else:
            writes.append(Write("rom", at, bytes([new[at]]), old))
    return writes


def pointed_address(image: np.ndarray[tuple[int], np.dtype[np.uint8]], reference: Reference) -> int:
    """Return the 24-bit address that a pointer holds in an image. A bank that is not stored is as it was."""
    low, high, bank = reference.parts
    upper = reference.address >> 16 if bank is None else int(image[bank])
    return int(image[low]) | int(image[high]) << 8 | upper << 16


def unproven_places(rom: Rom, leads: Leads) -> list[int]:
    """Return where the address of a block stands in the image without being known for a pointer, at most a few."""
    image = rom.data.tobytes()
    known = {one.offset for one in leads.references}
    places: list[int] = []
    for address in snes_mirrors(rom.mapping, leads.block.block_offset, rom.data.size):
        wanted, at = address.to_bytes(3, "little"), -1
        while (at := image.find(wanted, at + 1)) >= 0 and len(places) <= _MOST_NAMED:
            if at not in known:
                places.append(at)
    return sorted(places)[:_MOST_NAMED]


def _bytes(reference: Reference, address: int) -> list[tuple[int, int]]:
    """Return where the bytes of a pointer are, and their values for an address."""
    values = address & 0xFF, address >> 8 & 0xFF, address >> 16
    return [(at, value) for at, value in zip(reference.parts, values, strict=True) if at is not None]


def _check_bytes(rom: Rom, reference: Reference) -> None:
    if any(rom.data[at] != value for at, value in _bytes(reference, reference.address)):
        raise InjectError(
            f"the pointer to it at {reference.offset:#x} does not hold its address as it is, so what to write there is "
            "not known"
        )


def _bytes_shared_with_others(block: BlockEdit, references: Sequence[Reference], index: RoomIndex) -> dict[int, int]:
    """Return the bytes of a block's pointers that belong to pointers to other blocks too, with one such block."""
    rows = index.every_reference.rows
    rows = rows[rows["target"] != block.block_offset]
    shared = {}
    for at in {at for one in references for at in one.parts if at is not None}:
        uses = (rows["low"] == at) | (rows["high"] == at) | (rows["bank"] == at)
        if at != NO_BANK and uses.any():
            shared[at] = int(rows["target"][uses.argmax()])
    return shared


def _reason(reference: Reference, shared: dict[int, int]) -> str:
    bank = reference.parts[2]
    if bank is None:
        return f"the pointer at {reference.offset:#x} is a word, with one bank for all"
    return f"the bank of the pointer at {reference.offset:#x} is also that of the block at {shared[bank]:#x}"


def _agree(changes: Sequence[PointerChange]) -> bool:
    """Whether no byte would have to hold two values: pointers to one block may share bytes."""
    values: dict[int, int] = {}
    return all(
        values.setdefault(at, value) == value for one in changes for at, value in _bytes(one.reference, one.address)
    )
