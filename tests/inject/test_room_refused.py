"""Where a block that does not fit may not move, and what is no free space."""

from __future__ import annotations

from collections.abc import Mapping as ReadOnlyDict
from dataclasses import dataclass

import numpy as np
import pytest
from halscope.codecs.hal import HAL
from halscope.codecs.lz import LZ2
from halscope.inject import EditPlan, RoomOptions, apply_patch, make_room, to_patch
from halscope.inject.room.rats import tag, tagged_areas
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope.rom.mapping import Mapping
from halscope.rom.references import ENTRY_DTYPE, NO_BANK, KnownTable
from halscope_hooks import InjectError
from support.checksums import fix
from support.edit_rom import FIRST, SECOND, make_edit_rom
from support.roomy_rom import filled, plan_of

TABLE = 0x600
FREE = (0x18400, 0x19800)  # begins and ends inside of a bank
POINTERS = {FIRST: b"\x23\x81\x01", SECOND: b"\x01\xa0\x01"}
BANK = 1


@dataclass(frozen=True)
class Made:
    """A ROM with two blocks of one bank, free space in another, and the pointers that a profile names."""

    rom: Rom
    index: RomIndex


def made(
    entries: ReadOnlyDict[int, tuple[int, int, int | None]] | None = None,
    *,
    free: tuple[tuple[int, int], ...] = (FREE,),
    fill: int = 0xFF,
    put: dict[int, bytes] | None = None,
) -> Made:
    """By default the table has an entry of three bytes for each block."""
    image = bytearray(make_edit_rom().rom.data.tobytes())
    if entries is None:
        entries = {FIRST: (TABLE, TABLE + 1, TABLE + 2), SECOND: (TABLE + 3, TABLE + 4, TABLE + 5)}
    rows = np.zeros(len(entries), ENTRY_DTYPE)
    for row, (block, parts) in zip(rows, entries.items(), strict=True):
        for at, byte in zip(parts, POINTERS[block], strict=True):
            if at is not None:
                image[at] = byte
        row["low"], row["high"], row["bank"] = (NO_BANK if at is None else at for at in parts)
        row["address"], row["target"] = int.from_bytes(POINTERS[block], "little"), block
    for begin, end in free:
        image[begin:end] = bytes([fill]) * (end - begin)
    for at, data in (put or {}).items():
        image[at : at + len(data)] = data
    rom = Rom.from_bytes(fix(image, Mapping.LOROM.header_offset), "made")
    return Made(rom, RomIndex.build(rom, [HAL], known_tables=[KnownTable("hal", 3, rows)] if entries else []))


def too_large(one: Made, offset: int = FIRST, more: int = 40) -> EditPlan:
    return plan_of(one.index, [filled(one.index, offset, one.rom.decode(HAL, offset).consumed + more)])


def refusal(one: Made, offset: int = FIRST, options: RoomOptions | None = None) -> str:
    with pytest.raises(InjectError) as refused:
        make_room(too_large(one, offset), one.index, options)
    return str(refused.value)


def test_it_moves_where_nothing_is_against_it() -> None:
    one = made()
    (move,) = make_room(too_large(one), one.index).moves
    assert FREE[0] < move.new < move.new + move.size < FREE[1]


def test_a_full_rom_is_said_with_the_numbers() -> None:
    said = refusal(made(free=()))
    assert "does not fit: it packs to" in said
    assert "the ROM has 0 free bytes, at most 0 of them together; --expand makes the image larger" in said


def test_no_move_refuses_it_with_the_numbers() -> None:
    said = refusal(made(), options=RoomOptions(move=False))
    assert "does not fit: it packs to" in said
    assert "too many; it may not be moved" in said


def test_without_a_pointer_it_stays() -> None:
    one = made({})
    said = refusal(one)
    assert "it cannot be moved: no pointer to it is known" in said


def test_words_with_one_bank_for_all_move_inside_of_it_alone() -> None:
    words = {FIRST: (TABLE, TABLE + 1, None), SECOND: (TABLE + 2, TABLE + 3, None)}
    said = refusal(made(words))
    assert f"it has to stay in its bank, because the pointer at {TABLE:#x} is a word, with one bank for all" in said
    one = made(words, free=(FREE, (0xC000, 0xD000)))
    (move,) = make_room(too_large(one), one.index).moves
    assert move.new // 0x8000 == BANK
    image = np.frombuffer(apply_patch(one.rom, to_patch(plan := too_large(one), make_room(plan, one.index))), np.uint8)
    assert image[TABLE + 2 : TABLE + 4].tobytes() == POINTERS[SECOND][:2]


def test_a_bank_byte_of_several_pointers_is_not_changed() -> None:
    shared = {FIRST: (TABLE, TABLE + 1, TABLE + 9), SECOND: (TABLE + 2, TABLE + 3, TABLE + 9)}
    said = refusal(made(shared))
    assert f"the bank of the pointer at {TABLE:#x} is also that of the block at {SECOND:#x}" in said
    one = made(shared, free=(FREE, (0xC000, 0xD000)))
    (move,) = make_room(too_large(one), one.index).moves
    assert move.new // 0x8000 == BANK


def test_pointers_that_overlap_are_left_alone() -> None:
    """The bank of one is the low byte of the other."""
    overlapping = {FIRST: (TABLE, TABLE + 1, TABLE + 2), SECOND: (TABLE + 2, TABLE + 3, TABLE + 4)}
    assert f"shares the byte at {TABLE + 2:#x} with the pointer to {FIRST:#x}" in refusal(made(overlapping), SECOND)
    assert "it has to stay in its bank" in refusal(made(overlapping), FIRST)


def test_several_pointers_to_one_block_are_all_rewritten() -> None:
    one = made()
    image = bytearray(one.rom.data.tobytes())
    image[0x700:0x702], image[0x710] = POINTERS[FIRST][:2], BANK
    rom = Rom.from_bytes(fix(image, Mapping.LOROM.header_offset), "two")
    rows = np.zeros(2, ENTRY_DTYPE)
    for row, parts in zip(rows, ((TABLE, TABLE + 1, TABLE + 2), (0x700, 0x701, 0x710)), strict=True):
        row["low"], row["high"], row["bank"] = parts
        row["address"], row["target"] = int.from_bytes(POINTERS[FIRST], "little"), FIRST
    tables = [KnownTable("hal", 3, rows[:1]), KnownTable("hal", 4, rows[1:])]
    two = Made(rom, RomIndex.build(rom, [HAL], known_tables=tables))
    plan = too_large(two)
    room = make_room(plan, two.index)
    patched = apply_patch(rom, to_patch(plan, room))
    assert [(one.reference.offset, one.reference.shape) for one in room.pointers] == [
        (TABLE, "long"),
        (0x700, "word+bank"),
    ]
    (move,) = room.moves
    for parts in ((TABLE, TABLE + 1, TABLE + 2), (0x700, 0x701, 0x710)):
        low, high, bank = (patched[at] for at in parts)
        assert rom.to_offset(low | high << 8 | bank << 16) == move.new


def test_free_space_that_was_seen_being_read_is_not_free() -> None:
    assert "the ROM has 0 free bytes" in refusal(made(), options=RoomOptions(read=(FREE[0] + 0x100,)))
    one = made()
    (move,) = make_room(too_large(one), one.index, RoomOptions(read=(FREE[0] + 3,))).moves
    assert move.new >= FREE[0] + 16  # the last bytes of what stands before, not the space


def test_free_space_that_a_debugger_saw_used_is_not_free() -> None:
    one = made()
    (move,) = make_room(too_large(one), one.index).moves
    used = ((FREE[0], move.new + move.size + 0x40),)
    (moved,) = make_room(too_large(one), one.index, RoomOptions(used=used)).moves
    assert moved.new >= used[0][1] + 16
    assert "the ROM has 0 free bytes" in refusal(one, options=RoomOptions(used=(FREE,)))


def test_free_space_that_an_entry_of_a_table_leads_into_is_not_free() -> None:
    entries = {FIRST: (TABLE, TABLE + 1, TABLE + 2), SECOND: (TABLE + 6, TABLE + 7, TABLE + 8)}
    into = (0x80 | FREE[0] // 0x8000) << 16 | 0x8000 | FREE[0] % 0x8000 + 0x200
    assert "the ROM has 0 free bytes" in refusal(made(entries, put={TABLE + 3: into.to_bytes(3, "little")}))


def test_blank_parts_of_uncompressed_data_are_not_free() -> None:
    blank = tuple((at, at + 64) for at in range(FREE[0], FREE[1], 96))
    assert "the ROM has 0 free bytes" in refusal(made(free=blank, fill=0))


def test_a_tagged_area_is_occupied_and_a_new_one_is_tagged() -> None:
    size = FREE[1] - FREE[0] - 8
    assert "the ROM has 0 free bytes" in refusal(made(put={FREE[0]: tag(size)}))
    broken = tag(size)[:-1] + b"\x00"  # its complement is wrong: no tag
    one = made(put={FREE[0]: broken})
    plan = too_large(one)
    room = make_room(plan, one.index, RoomOptions(rats=True))
    image = np.frombuffer(apply_patch(one.rom, to_patch(plan, room)), np.uint8)
    (move,) = room.moves
    assert (move.new - 8, move.new + move.size) in tagged_areas(image)
    assert HAL.decode(image, move.new).consumed == move.size


def test_the_old_place_is_freed_where_asked_with_its_tag() -> None:
    size = make_edit_rom().rom.decode(HAL, FIRST).consumed
    one = made(put={FIRST - 8: tag(size)})
    plan = too_large(one)
    kept = np.frombuffer(apply_patch(one.rom, to_patch(plan, make_room(plan, one.index))), np.uint8)
    assert kept[FIRST - 8 : FIRST + size].tobytes() == one.rom.data[FIRST - 8 : FIRST + size].tobytes()
    room = make_room(plan, one.index, RoomOptions(free_old=True))
    image = np.frombuffer(apply_patch(one.rom, to_patch(plan, room)), np.uint8)
    assert {*image[FIRST - 8 : FIRST + size].tolist()} == {0xFF}


def test_padding_up_to_what_the_index_proves_is_slack() -> None:
    size = make_edit_rom().rom.decode(HAL, FIRST).consumed
    one = made(put={FIRST + size: b"\xff" * (SECOND - FIRST - size)})
    plan = too_large(one, more=30)
    room = make_room(plan, one.index, RoomOptions(move=False))
    assert not room.moves
    image = np.frombuffer(apply_patch(one.rom, to_patch(plan, room)), np.uint8)
    assert HAL.decode(image, FIRST).data.tobytes() == plan.blocks[0].new_data
    assert HAL.decode(image, SECOND).data.tobytes() == make_edit_rom().second


def test_a_few_bytes_of_padding_before_something_unknown_are_no_slack() -> None:
    size = make_edit_rom().rom.decode(HAL, FIRST).consumed
    one = made(put={FIRST + size: b"\xff" * 44})
    (move,) = make_room(too_large(one, more=30), one.index).moves
    assert move.new >= FREE[0]


def test_the_address_of_a_block_elsewhere_is_said_as_a_risk() -> None:
    one = made(put={0x20002: POINTERS[FIRST]})
    room = make_room(too_large(one), one.index)
    assert any("0x20002" in risk and "no table or code explains" in risk for risk in room.risks)


def test_a_pointer_of_another_codec_keeps_the_block_where_it_is() -> None:
    """It would still lead to the old place, and what it is for is not known."""
    one = made(put={0x700: POINTERS[FIRST]})
    entries = {"hal": TABLE, "lz2": 0x700}
    tables = []
    for codec, at in entries.items():
        address = int.from_bytes(POINTERS[FIRST], "little")
        tables.append(KnownTable(codec, 3, np.array([(at, at + 1, at + 2, address, FIRST)], ENTRY_DTYPE)))
    two = Made(one.rom, RomIndex.build(one.rom, [HAL, LZ2], known_tables=tables))
    assert "the pointer to it at 0x700 is of another codec" in refusal(two)


def test_a_rom_that_is_full_and_cannot_grow_says_both() -> None:
    coprocessor = made(free=(), put={Mapping.LOROM.header_offset + 0x16: b"\x03"})
    said = refusal(coprocessor, options=RoomOptions(expand=True))
    assert "does not fit: it packs to" in said
    assert "the image cannot be expanded: its cartridge has a coprocessor" in said


def test_a_larger_image_does_not_help_a_word_with_one_bank_for_all() -> None:
    words = {FIRST: (TABLE, TABLE + 1, None), SECOND: (TABLE + 2, TABLE + 3, None)}
    assert "it has to stay in its bank" in refusal(made(words), options=RoomOptions(expand=True))
