"""Blocks are proven by pointers of any shape, each byte of which is known, and by nothing else."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from halscope.codecs import hal
from halscope.codecs.lz import LZ2
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope.rom.ranking import POINTER
from support import plain_packer, pointed_rom
from support.lab_truth import IMAGE, load_truth
from support.lab_variants import Variant
from support.roms import make_rom
from support.truth_rom import CODE, TruthRom, make_truth_rom

SHAPES = {
    "record of 31": "long",
    "bank apart in a record": "word+bank",
    "words and banks": "word+bank",
    "bytes apart": "parallel",
    "words of one bank": "word",
    "code: x, then a": "code",
    "code: pushed": "code",
    "code: cop": "code",
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
    # Of a bank with two blocks, two words prove nothing.
    assert known >= (0.6 if shape == "words of one bank" else 0.99) * len(pointed.parts)
    assert len(proven) >= known


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
