"""The shapes of pointers: code that fetches an address, tables that hold it, and the places of its parts in the ROM."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from labbuild.model import Asset


class Part(NamedTuple):
    """A part of a pointer: where it is, counted from a label."""

    label: str
    at: int
    size: int
    part: str  # "address24", "address32", "address16", "low", "high", "bank" or "bank16"
    mask: int | None = None  # the bits that belong to the address


# Shapes whose pointer is an immediate: instructions, then the parts as (offset, size, part). A and X are 16 bits wide.
CODE: dict[str, tuple[tuple[str, ...], tuple[tuple[int, int, str], ...]]] = {
    "ldx-lda8": (
        ("ldx #.loword({0})", "stx hal_source", "a8", "lda #^{0}", "sta hal_source + 2", "a16"),
        ((1, 2, "address16"), (8, 1, "bank")),
    ),
    "ldy-lda8": (
        ("ldy #.loword({0})", "sty hal_source", "a8", "lda #^{0}", "sta hal_source + 2", "a16"),
        ((1, 2, "address16"), (8, 1, "bank")),
    ),
    "lda-lda8": (
        ("lda #.loword({0})", "sta hal_source", "a8", "lda #^{0}", "sta hal_source + 2", "a16"),
        ((1, 2, "address16"), (8, 1, "bank")),
    ),
    "lda-lda16": (
        ("lda #.loword({0})", "sta hal_source", "lda #^{0}", "sta hal_source + 2"),
        ((1, 2, "address16"), (6, 2, "bank16")),
    ),
    "pea": (
        ("pea ^{0}", "pea .loword({0})", "pla", "sta hal_source", "pla", "sta hal_source + 2"),
        ((1, 2, "bank16"), (4, 2, "address16")),
    ),
    "registers": (
        ("lda #^{0}", "ldx #.loword({0})", "jsr from_registers"),
        ((1, 2, "bank16"), (4, 2, "address16")),
    ),
}
TABLES24 = {"table24": "block_table", "lz2_table24": "lz2_table"}
FLAGS = (1, 2, 3, 0, 2)  # of flagged words, in turn
SIZED_BYTE = 4  # offset of the size in an entry of the table "sized"
RECORD = bytes([3, 0, 0x18, 2, 1, 0, 0x40, 7])  # a flagged record's bytes before its bank
HALF_FRAME = 256  # bytes of a frame's first part
SEED = 0x1AB
IN_ONE_BANK = ("words", "flagged")
ALIGNED = {"flagged": 32}


class Shapes:
    """The pointers of all blocks, by shape and in order."""

    def __init__(self, assets: Sequence[Asset]) -> None:
        self.users: defaultdict[str, list[str]] = defaultdict(list)
        for asset in assets:
            self.users[asset.shape].append(asset.name)
        random.Random(SEED).shuffle(self.users["table24"])
        self.shape = {asset.name: asset.shape for asset in assets}
        self.uses: Counter[str] = Counter()  # how often code that fetches a block has been written

    def index(self, name: str) -> int:
        """A block's number among those of its shape."""
        return self.users[self.shape[name]].index(name)

    def fetch(self, name: str) -> list[str]:
        """Return the code that leaves the block's address in hal_source."""
        shape, index = self.shape[name], self.index(name)
        if shape in CODE:
            label = f"pointer_{name}_{self.uses[name]}"
            self.uses[name] += 1
            return [f"{label}:", *(f"        {line.format(name)}" for line in CODE[shape][0])]
        if shape in TABLES24:
            return [f"        from_table24 {TABLES24[shape]}, {index}"]
        return [f"        ldx #{index}", f"        jsr fetch_{shape}"]

    def tables(self) -> list[str]:
        """Return the tables, a segment for each shape, apart from the block table, which is the engine's own."""
        lines = [
            ".global fetch_parallel, fetch_word_banks, fetch_words, fetch_dwords, fetch_sized, fetch_flagged",
            ".global from_registers, run_script, send_frame",
            ".global parallel_low, parallel_high, parallel_bank, wordbank_addresses, wordbank_banks, words_table",
            ".global words_home, dwords_table, sized_table, flagged_record",
        ]

        def table(label: str, directive: str, values: Sequence[str]) -> None:
            lines.append(f"{label}:")
            lines.extend(f"        {directive} {value}" for value in values)

        parallel, word_banks, words = self.users["parallel"], self.users["word_banks"], self.users["words"]
        lines.append('.segment "TABLE_parallel"')
        table("parallel_low", ".byte", [f"<{name}" for name in parallel])
        table("parallel_high", ".byte", [f">{name}" for name in parallel])
        table("parallel_bank", ".byte", [f"^{name}" for name in parallel])
        lines.append('.segment "TABLE_word_banks"')
        table("wordbank_addresses", ".word", [f".loword({name})" for name in word_banks])
        table("wordbank_banks", ".word", [f"^{name}" for name in word_banks])
        lines += ['.segment "TABLE_words"', f"words_home = {words[0]}"]
        table("words_table", ".word", [f".loword({name})" for name in words])
        lines.append('.segment "TABLE_dwords"')
        table("dwords_table", ".dword", self.users["dwords"])
        lines.append('.segment "TABLE_sized"')
        lines.append("sized_table:")
        for number, name in enumerate(self.users["sized"]):
            lines += [f"        .dword {name}", f"        .byte {SIZED_BYTE * 4 + number % 3}"]
        flagged = self.users["flagged"]
        lines += ['.segment "TABLE_flagged"', "flagged_record:"]
        lines.append("        .byte " + ", ".join(map(str, RECORD)) + f", ^{flagged[0]}")
        lines += [
            f"        .word .loword({name}) | {FLAGS[number % len(FLAGS)]}" for number, name in enumerate(flagged)
        ]
        return lines

    def _parts(self, name: str) -> Iterator[tuple[int, list[Part]]]:
        """The pointers that lead to a block: offset in the block (0 unless said) and parts."""
        shape, index = self.shape[name], self.index(name)
        if shape in CODE:
            for use in range(self.uses[name]):
                yield 0, [Part(f"pointer_{name}_{use}", *part) for part in CODE[shape][1]]
            return
        match shape:
            case "table24" | "lz2_table24":
                yield 0, [Part(TABLES24[shape], 3 * index, 3, "address24")]
            case "parallel":
                parts = ("low", "high", "bank")
                yield 0, [Part(f"parallel_{part}", index, 1, part) for part in parts]
            case "word_banks":
                yield (
                    0,
                    [
                        Part("wordbank_addresses", 2 * index, 2, "address16"),
                        Part("wordbank_banks", 2 * index, 2, "bank16"),
                    ],
                )
            case "words":
                yield 0, [Part("words_table", 2 * index, 2, "address16"), Part("words_bank_place", 1, 1, "bank")]
            case "dwords":
                yield 0, [Part("dwords_table", 4 * index, 4, "address32")]
            case "sized":
                yield 0, [Part("sized_table", 5 * index, 4, "address32")]
            case "flagged":
                words = Part("flagged_record", len(RECORD) + 1 + 2 * index, 2, "address16", 0xFFFC)
                yield 0, [words, Part("flagged_record", len(RECORD), 1, "bank")]
            case "script":
                yield 0, [Part(f"script_{name}", 2, 3, "address24")]
            case "frame":
                for part in range(2):
                    yield part * HALF_FRAME, [Part(f"frame_{name}", 4 + 2 * part, 2, "address16")]
            case "indirect":
                yield 0, [Part(f"{name}_place", 1, 2, "address16"), Part(f"channel_of_{name}", 6, 1, "bank")]
            case "channel":
                for use in range(self.uses[name]):
                    yield 0, [Part(f"channel_{name}_{use}", 3, 3, "address24")]

    def channel_label(self, name: str) -> str:
        """Return the label of the next HDMA channel's record that names a table."""
        label = f"channel_{name}_{self.uses[name]}"
        self.uses[name] += 1
        return label

    def records(self, offset_of: Callable[[str], int]) -> Iterator[dict[str, Any]]:
        """The truth file's records of all pointers. `offset_of` is the file offset of a label."""
        for name, shape in self.shape.items():
            for target_offset, parts in self._parts(name):
                yield {
                    "target": name,
                    "target_offset": target_offset,
                    "shape": shape,
                    "parts": [
                        {"offset": offset_of(one.label) + one.at, "size": one.size, "part": one.part}
                        | ({} if one.mask is None else {"mask": one.mask})
                        for one in parts
                    ],
                }
