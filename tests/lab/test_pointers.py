"""Every pointer that the truth file names leads to its block, whatever its shape."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from support.lab_pointers import SIZES, address

BANK = 0x8000


def target(pointer: dict[str, Any], image: bytes) -> int:
    """The ROM offset that a pointer leads to."""
    bank, low = address(pointer, image)
    assert low >= BANK
    if bank is None:  # a frame's record is in the bank that its addresses count in
        bank = int(pointer["parts"][0]["offset"]) // BANK
    return (bank & 0x7F) * BANK + low - BANK


def test_every_pointer_leads_to_its_target(lab_rom: Path, lab_truth: dict[str, Any]) -> None:
    image = lab_rom.read_bytes()
    offsets = {one["name"]: one["offset"] for one in (*lab_truth["blocks"], *lab_truth["raw"])}
    for pointer in lab_truth["pointers"]:
        assert target(pointer, image) == offsets[pointer["target"]] + pointer["target_offset"], pointer


def test_everything_is_pointed_at_and_every_shape_occurs(lab_truth: dict[str, Any]) -> None:
    pointed = {pointer["target"] for pointer in lab_truth["pointers"]}
    assert pointed == {one["name"] for one in (*lab_truth["blocks"], *lab_truth["raw"])}
    shapes = Counter(pointer["shape"] for pointer in lab_truth["pointers"])
    tables = {
        "table24",
        "lz2_table24",
        "parallel",
        "word_banks",
        "words",
        "dwords",
        "sized",
        "flagged",
        "script",
        "channel",
    }
    code = {"ldx-lda8", "ldy-lda8", "lda-lda8", "lda-lda16", "pea", "registers"}
    assert set(shapes) == {*tables, *code, "frame", "indirect"}
    assert min(shapes[shape] for shape in tables) >= 4
    assert min(shapes[shape] for shape in code) >= 2
    assert {part["part"] for pointer in lab_truth["pointers"] for part in pointer["parts"]} == set(SIZES)
    flagged = [pointer for pointer in lab_truth["pointers"] if pointer["shape"] == "flagged"]
    assert all("mask" in pointer["parts"][0] for pointer in flagged)


def test_flagged_words_have_flags_and_words_share_a_bank(lab_rom: Path, lab_truth: dict[str, Any]) -> None:
    image = lab_rom.read_bytes()
    banks, flags = set(), set()
    for pointer in lab_truth["pointers"]:
        if pointer["shape"] == "words":
            banks.add(target(pointer, image) // BANK)
        elif pointer["shape"] == "flagged":
            word = pointer["parts"][0]
            flags.add(image[word["offset"]] & ~word["mask"] & 0xFF)
    assert len(banks) == 1
    assert len(flags) > 2
