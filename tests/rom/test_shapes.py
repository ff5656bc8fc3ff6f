"""Blocks are proven by pointers of any shape, each byte of which is known, and by nothing else."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from halscope._codec import locate_numbered
from halscope.codecs import hal
from halscope.codecs.lz import LZ2
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope.rom.mapping import Mapping
from halscope.rom.pointers import FAIR, LIKELY, SHARP, STRONG, UNLIKELY
from halscope.rom.ranking import POINTER, _families
from support import plain_packer, pointed_rom
from support.lab_truth import IMAGE, load_truth
from support.lab_variants import Variant
from support.roms import make_rom
from support.truth_rom import CODE, TrueBlock, TruthRom, make_header, make_truth_rom

SHAPES = {
    "record of 31": "long",
    "bank apart in a record": "word+bank",
    "words and banks": "word+bank",
    "bytes apart": "parallel",
    "words of one bank": "word",
    "code: x, then a": "code",
    "code: pushed": "code",
    "code: cop": "code",
    "script": "tagged",
    "script: one byte": "tagged",
    "script: operands": "tagged",
}


@cache
def unpointed() -> TruthRom:
    packers = (("hal", lambda data: plain_packer.pack(data, lazy=False)),)
    return make_truth_rom(3, size=0x80000, blocks=48, pointers=False, packers=packers, begin=pointed_rom.FIRST)


@pytest.mark.parametrize("shape", list(SHAPES))
def test_blocks_are_proven_by_pointers_of_every_shape(shape: str) -> None:
    pointed = pointed_rom.point(unpointed(), shape)
    index = RomIndex.build(pointed.rom, [hal.HAL])
    proven = {int(row["offset"]) for row in index.blocks if row["start"] == "pointer"}
    assert proven <= {block.offset for block in unpointed().blocks}
    known = 0
    for block, parts in pointed.parts.items():
        references = [one for one in index.references("hal", block) if one.parts == parts]
        known += bool(references)
        assert all((one.shape, pointed.rom.to_offset(one.address)) == (SHAPES[shape], block) for one in references)
    # A single word proves nothing, and two do only if their starts are nearly the best of their families.
    assert known >= (0.9 if shape == "words of one bank" else 0.99) * len(pointed.parts)
    assert len(proven) >= known


@pytest.mark.parametrize("shape", ["words and banks", "bank apart in a record", "bytes apart"])
def test_a_word_before_a_table_that_leads_to_a_start_in_no_bank_of_it_does_not_hide_the_table(shape: str) -> None:
    """It makes the run of words longer by one, whose bank is then no ROM. Where entries are read at twice their stride,
    the run does not begin with it: every second entry was a table of its own."""
    truth = unpointed()
    pointed = pointed_rom.point(truth, shape)
    (low, high, bank), (next_low, _, next_bank) = list(pointed.parts.values())[:2]
    assert bank is not None
    assert next_bank is not None
    strong = next(at for at, grade in _grades(truth).items() if grade == SHARP and at % 0x100 != (at >> 8) % 0x100)
    image = bytearray(pointed.rom.data.tobytes())
    image[2 * low - next_low] = strong & 0xFF
    image[2 * low - next_low + high - low] = 0x80 | strong >> 8 & 0x7F
    image[2 * bank - next_bank] = 0x7E
    make_header(image, truth.rom.mapping)
    index = RomIndex.build(Rom.from_bytes(bytes(image), shape), [hal.HAL])
    known = [parts in [one.parts for one in index.references("hal", at)] for at, parts in pointed.parts.items()]
    assert sum(known) >= 0.99 * len(known)


@cache
def unpointed_hirom() -> TruthRom:
    packers = (("hal", lambda data: plain_packer.pack(data, lazy=False)),)
    return make_truth_rom(
        3, size=0x80000, blocks=48, pointers=False, mapping=Mapping.HIROM, packers=packers, begin=pointed_rom.FIRST
    )


def test_columns_of_bytes_at_unequal_distances_are_found_where_banks_have_lower_halves() -> None:
    pointed = pointed_rom.point(unpointed_hirom(), "bytes apart")
    places = [*pointed.parts.values()]
    low, high, bank = places[0]
    assert bank is not None
    assert bank - high != high - low
    index = RomIndex.build(pointed.rom, [hal.HAL])
    for block, parts in pointed.parts.items():
        assert parts in [one.parts for one in index.references("hal", block)]
    proven = {int(row["offset"]) for row in index.blocks if row["start"] == "pointer"}
    assert proven <= {block.offset for block in unpointed_hirom().blocks}


@pytest.mark.parametrize("seed", [2, 9])
def test_a_bank_before_its_word_is_not_taken_for_that_of_the_word_before(seed: int) -> None:
    """In an image of eight banks, the next entry often has the same one: bytes across two lead to starts."""
    pointed = pointed_rom.point(unpointed_hirom(), "bank first", seed=seed)
    index = RomIndex.build(pointed.rom, [hal.HAL])
    assert {int(row["offset"]) for row in index.blocks if row["start"] == "pointer"} == {*pointed.parts}
    for block, parts in pointed.parts.items():
        assert [one.parts for one in index.references("hal", block)] == [parts]


def test_another_constant_of_a_call_is_not_paired_with_its_bank() -> None:
    """One call sets a destination as well, a word that leads to a likely start of the block's bank, while its own leads
    to a less likely one. All other callers of the routine load the bank after the word."""
    truth = unpointed_hirom()
    grades = _grades(truth)
    true = {block.offset for block in truth.blocks}
    first = next(at for at in sorted(true) if grades.get(at) in (LIKELY, FAIR))
    bank = first >> 16
    inside = [at for at in sorted(true) if at >> 16 == bank and grades.get(at, UNLIKELY) >= LIKELY]
    rival = next(at for at, grade in grades.items() if at >> 16 == bank and grade == SHARP and at not in true)
    image = bytearray(truth.rom.data.tobytes())
    at = 0x301
    for number, block in enumerate([first, *(one for one in inside if one != first)]):
        then = f"a2 {rival & 0xFF:02x} {rival >> 8 & 0xFF:02x} 86 12" if block == first else ""
        code = f"a2 {block & 0xFF:02x} {block >> 8 & 0xFF:02x} 86 0e e2 20 a9 {0xC0 + bank:02x} 85 10 c2 20 {then}"
        code += " 22 9e 1a c4" + " 60" * (1 + number * number % 7)  # at no stride
        image[at : at + len(bytes.fromhex(code))] = bytes.fromhex(code)
        at += len(bytes.fromhex(code))
    make_header(image, truth.rom.mapping)
    found = RomIndex.build(Rom.from_bytes(bytes(image), "code", mapping=truth.rom.mapping), [hal.HAL])
    assert all(found.references("hal", block) for block in inside)
    assert not found.references("hal", rival)


def _grades(truth: TruthRom) -> dict[int, int]:
    """How likely each start is by its commands alone."""
    starts = _families._candidates(truth.rom, hal.HAL, 0, None, 1)
    starts["family"] = locate_numbered(starts["offset"] + starts["packed_size"])
    likelihood = _families._likelihood(truth.rom, [hal.HAL], starts, None)
    return dict(zip(starts["offset"].tolist(), likelihood.tolist(), strict=True))


def test_a_lone_word_behind_a_gap_of_a_table_is_no_entry_of_it() -> None:
    """Behind the table stand words that lead nowhere, then one that leads to a likely start beside a block of the bank,
    to which nothing points."""
    truth = unpointed()
    grades = _grades(truth)
    bank = max({block.offset >> 15 for block in truth.blocks}, key=lambda one: len(_in_bank(truth, one)))
    blocks = _in_bank(truth, bank)
    true = {block.offset for block in blocks}
    lone, beside = next(
        (at, block)
        for at, grade in grades.items()
        for block in blocks
        if grade >= STRONG and at not in true and block.offset < at < block.offset + block.packed_size
    )
    inside = [block for block in blocks if block is not beside]
    words = [0x8000 + block.offset % 0x8000 for block in inside] + [0x10, 0x20, 0x30] + [0x8000 + lone % 0x8000]
    image = bytearray(truth.rom.data.tobytes())
    image[0x301 : 0x301 + 2 * len(words)] = b"".join(word.to_bytes(2, "little") for word in words)
    make_header(image, truth.rom.mapping)
    found = RomIndex.build(Rom.from_bytes(bytes(image), "gap"), [hal.HAL])
    assert all(found.references("hal", block.offset) for block in inside)
    assert not found.references("hal", lone)


def test_a_word_behind_a_table_that_leads_to_some_start_by_chance_is_no_entry_of_it() -> None:
    """The true starts of a bank are pointed at by a table of words. Behind it stands a word that leads to a place of
    the bank where a stream could begin as well, of which there are hundreds."""
    truth = unpointed()
    bank = max({block.offset >> 15 for block in truth.blocks}, key=lambda one: len(_in_bank(truth, one)))
    inside = _in_bank(truth, bank)
    doubtful = [at for at, grade in _grades(truth).items() if grade == LIKELY and at >> 15 == bank]
    image = bytearray(truth.rom.data.tobytes())
    words = [0x8000 + block.offset % 0x8000 for block in inside] + [0x8000 + doubtful[0] % 0x8000]
    image[0x301 : 0x301 + 2 * len(words)] = b"".join(word.to_bytes(2, "little") for word in words)
    make_header(image, truth.rom.mapping)
    found = RomIndex.build(Rom.from_bytes(bytes(image), "behind"), [hal.HAL])
    assert all(found.references("hal", block.offset) for block in inside)
    assert not found.references("hal", doubtful[0])


def _in_bank(truth: TruthRom, bank: int) -> list[TrueBlock]:
    return [block for block in truth.blocks if block.offset >> 15 == bank]


def test_every_pointer_to_a_block_of_the_lab_is_known_byte_by_byte() -> None:
    truth = load_truth()
    index = RomIndex.build(Rom.load(IMAGE), [hal.HAL, LZ2])
    blocks = {one["name"]: one for one in truth["blocks"] if one["packed_size"] >= 16 and one["size"] >= 64}
    starts = {int(row["offset"]): str(row["start"]) for row in index.blocks}
    shapes, dropped = set(), set()
    for pointer in truth["pointers"]:
        if pointer["target"] not in blocks:
            continue
        block = blocks[pointer["target"]]
        if block["offset"] not in starts:  # its commands alone rule it out
            dropped.add(pointer["target"])
            continue
        assert starts[block["offset"]] == "pointer", pointer
        places = {place for one in index.references(block["codec"], block["offset"]) for place in one.parts}
        fixed = pointer["shape"] == "words"  # its bank is an immediate for all of them
        assert {part["offset"] for part in pointer["parts"][: 1 if fixed else None]} <= places, pointer
        shapes.add(pointer["shape"])
    assert len(dropped) <= 1
    assert shapes >= {"table24", "parallel", "word_banks", "words", "dwords", "sized", "script"}
    assert shapes >= {"ldx-lda8", "ldy-lda8", "lda-lda16", "pea", "registers"}
    assert {offset for offset, start in starts.items() if start == "pointer"} <= {
        one["offset"] for one in truth["blocks"]
    }


@pytest.mark.slow
@pytest.mark.parametrize("memory_map", ["sa1", "exlorom"])
def test_a_constant_that_is_overwritten_before_the_call_is_no_part_of_a_pointer(
    memory_map: str, lab_variant: Callable[[str], Variant]
) -> None:
    """The SA-1's code loads a bank for one routine, calls it, and loads zero for another one: that was $C2:0000, beside
    a block at $C1:FFFF. All starts count, not only the best of each family."""
    path, truth = lab_variant(memory_map)
    index = RomIndex.build(Rom.load(path), [hal.HAL, LZ2])
    proven = index.families["offset"][index.families["start"] == POINTER]
    assert len(proven)
    assert {*proven.tolist()} <= {one["offset"] for one in truth["blocks"]}


@pytest.mark.parametrize("kind", ["noise", "code", "words"])
def test_a_rom_without_blocks_has_no_pointers(kind: str) -> None:
    rng = np.random.default_rng(4)
    match kind:
        case "noise":
            body = rng.integers(0, 256, 0x70000, np.uint8)
        case "code":
            body = rng.choice(np.frombuffer(CODE, np.uint8), 0x70000)
            body[rng.random(len(body)) < 0.4] = 0x80
        case _:
            body = rng.integers(0x8000, 0x8400, 0x38000).astype("<u2").view(np.uint8)
    image = bytearray(make_rom(0x80000))
    image[0x8000 : 0x8000 + len(body)] = body.tobytes()
    index = RomIndex.build(Rom.from_bytes(bytes(image), kind), [hal.HAL, LZ2])
    assert "pointer" not in set(index.blocks["start"].tolist())
    assert not len(index._references.rows)


def test_two_words_beside_two_banks_prove_nothing() -> None:
    truth = unpointed()
    few = TruthRom(truth.rom, truth.blocks[:2], (), None)
    pointed = pointed_rom.point(few, "words and banks", share=1)
    index = RomIndex.build(pointed.rom, [hal.HAL])
    assert all(index.references("hal", block) == () for block in pointed.parts)
