"""ROMs of known truth whose blocks are pointed at in one shape: tables of every kind, immediates in code, scripts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from halscope.rom.image import Rom
from halscope.rom.mapping import Mapping, snes_mirrors
from support.truth_rom import TruthRom, make_header

FIRST: Final = 0x4000
"""Where the blocks of such a ROM begin: `make_truth_rom(..., pointers=False, begin=FIRST)`. Pointers are before."""

_BEGIN: Final = 0x301


@dataclass(frozen=True, slots=True)
class PointedRom:
    """A ROM whose pointers have one shape.

    Args:
        rom: The image.
        parts: The places of the low, high and bank byte by block offset; the bank's is `None` where it is in no table.
    """

    rom: Rom
    parts: dict[int, tuple[int, int, int | None]]


@dataclass(slots=True)
class _Writer:
    """Writes pointers into an image, after one another, among what was there."""

    image: bytearray
    mapping: Mapping
    rng: np.random.Generator
    upper: bool  # addresses in the second mirror
    at: int = _BEGIN
    parts: dict[int, tuple[int, int, int | None]] = field(default_factory=dict)

    def address(self, offset: int) -> tuple[int, int, int]:
        mirrors = snes_mirrors(self.mapping, offset, len(self.image))
        address = mirrors[1 if self.upper and len(mirrors) > 1 else 0]
        return address & 0xFF, address >> 8 & 0xFF, address >> 16

    def put(self, data: bytes) -> int:
        """Write bytes and return where."""
        at = self.at
        self.image[at : at + len(data)] = data
        self.at += len(data)
        if self.at > FIRST - 0x100:
            raise ValueError("no room for the pointers")
        return at

    def skip(self, most: int) -> None:
        """Leave some bytes of what was there."""
        self.at += int(self.rng.integers(0, most + 1))


def columns(writer: _Writer, blocks: list[int], sizes: tuple[int, ...], strides: tuple[int, ...]) -> None:
    """Tables apart: of words and banks (sizes 2, 1), or of bytes (1, 1, 1); each has its stride, the rest is zero."""
    addresses = [writer.address(block) for block in blocks]
    places: list[list[int]] = [[] for _ in blocks]
    byte = 0
    for size, stride in zip(sizes, strides, strict=True):
        for number, address in enumerate(addresses):
            at = writer.put(bytes(address[byte : byte + size]).ljust(stride, b"\0"))
            places[number] += range(at, at + size)
        byte += size
        writer.skip(40)
    for block, (low, high, bank) in zip(blocks, places, strict=True):
        writer.parts[block] = (low, high, bank)


def words(writer: _Writer, blocks: list[int], stride: int = 2) -> None:
    """A table of words for each bank, which is named nowhere."""
    of_bank: defaultdict[int, list[int]] = defaultdict(list)
    for block in blocks:
        of_bank[writer.address(block)[2]].append(block)
    for some in of_bank.values():
        for block in some:
            low, high, _ = writer.address(block)
            at = writer.put(bytes([low, high]) + writer.rng.integers(0, 256, stride - 2, np.uint8).tobytes())
            writer.parts[block] = (at, at + 1, None)
        writer.skip(20)


def records(writer: _Writer, blocks: list[int], layout: str) -> None:
    """Records of other fields: `layout` has l, h and b for the bytes of the pointer, and other letters for fields."""
    for number, block in enumerate(blocks):
        low, high, bank = writer.address(block)
        fields = {"l": low, "h": high, "b": bank, "n": number & 0xFF, "0": 0}
        record = [fields.get(letter, int(writer.rng.integers(0, 256))) for letter in layout]
        at = writer.put(bytes(record))
        writer.parts[block] = (at + layout.index("l"), at + layout.index("h"), at + layout.index("b"))


def script(writer: _Writer, blocks: list[int], command: str = "80 00 ll hh bb", most_operand: int = 0x5F) -> None:
    """Commands of a script, of which `command` loads a block: hexadecimal, xx for any byte, ll, hh, bb for the address.

    The others are 1 to 8 bytes, from 1 to `most_operand`.
    """
    tokens = command.split()
    for block in blocks:
        writer.put(writer.rng.integers(1, most_operand + 1, int(writer.rng.integers(1, 9)), np.uint8).tobytes())
        low, high, bank = writer.address(block)
        named = {"ll": low, "hh": high, "bb": bank}
        operands = [int(one) for one in writer.rng.integers(0, 256, tokens.count("xx"))]
        at = writer.put(
            bytes(
                operands.pop() if token == "xx" else named[token] if token in named else int(token, 16)
                for token in tokens
            )
        )
        writer.parts[block] = (at + tokens.index("ll"), at + tokens.index("hh"), at + tokens.index("bb"))


def code(writer: _Writer, blocks: list[int], parts: list[str], call: str, then: str = "a2 dd 20 86 12") -> None:
    """Code that loads each block: `parts` are templates of hexadecimal bytes with ll, hh, bb for those of the address.

    Between them are stores, and in two of five `then`, which sets the destination: as a compiler or a person would
    write them. It must not load a register that the routine gets an address in.
    """
    for block in blocks:
        low, high, bank = writer.address(block)
        text = " ".join(parts) + (f" {then} " if writer.rng.random() < 0.4 else " ") + call
        tokens = text.split()
        named = {"ll": low, "hh": high, "bb": bank, "dd": int(writer.rng.integers(0, 256))}
        at = writer.put(bytes(named[token] if token in named else int(token, 16) for token in tokens))
        writer.parts[block] = (at + tokens.index("ll"), at + tokens.index("hh"), at + tokens.index("bb"))
        other = [bytes.fromhex(one) for one in ("60", "c230", "a20000", "a90f00", "8d0021", "60c230a210009c1542")]
        for number in writer.rng.permutation(len(other))[: int(writer.rng.integers(0, 4))].tolist():
            writer.put(other[number])
        writer.put(b"\x60")


Shape = Callable[[_Writer, list[int]], None]

SHAPES: Final[dict[str, Shape]] = {
    "long": lambda w, b: records(w, b, "lhb"),
    "record of 20": lambda w, b: records(w, b, "xx0lhbnxxxxx00xxxxxx"),
    "record of 31": lambda w, b: records(w, b, "x" * 11 + "lhb" + "n" + "0" * 6 + "x" * 10),
    "bank apart in a record": lambda w, b: records(w, b, "n0lhxxb"),
    "bank first": lambda w, b: records(w, b, "blh"),
    "words and banks": lambda w, b: columns(w, b, (2, 1), (2, 1)),
    "words and bank words": lambda w, b: columns(w, b, (2, 1), (2, 2)),
    "bytes apart": lambda w, b: columns(w, b, (1, 1, 1), (1, 1, 1)),
    "words of one bank": lambda w, b: words(w, b),
    "records of one bank": lambda w, b: words(w, b, 5),
    "code: x, then a": lambda w, b: code(w, b, ["a2 ll hh 86 0e e2 20 a9 bb 85 10 c2 20"], "22 9e 1a c4"),
    "code: a, then a": lambda w, b: code(w, b, ["a9 ll hh 85 0e a9 bb 00 85 10"], "20 9a 88"),
    "code: bank first": lambda w, b: code(w, b, ["e2 20 a9 bb 85 10 a0 ll hh 84 0e"], "22 9e 1a 04"),
    "code: registers": lambda w, b: code(w, b, ["a9 bb 00 a2 ll hh"], "20 18 9f", then="a0 dd 20 84 12"),
    "code: pushed": lambda w, b: code(w, b, ["f4 bb 00 f4 ll hh 68 85 0e 68 85 10"], "20 9a 88"),
    "code: cop": lambda w, b: code(w, b, ["a2 ll hh 86 09 e2 20 a9 bb 85 0b c2 20"], "02 17"),
    "code: brk": lambda w, b: code(w, b, ["a9 ll hh a2 bb 00"], "00 45", then="a0 dd 20 84 12"),
    "script": script,
    "script: one byte": lambda w, b: script(w, b, "2c ll hh bb", 0xFF),
    "script: operands": lambda w, b: script(w, b, "2c xx xx xx ll hh bb", 0xFF),
}
"""How pointers can be written, by name."""


def point(truth: TruthRom, shape: str, *, seed: int = 0, share: float = 0.9, upper: bool = False) -> PointedRom:
    """Return a ROM with pointers to a share of its blocks.

    Args:
        truth: A ROM without pointers whose blocks begin at FIRST or later.
        shape: A name in SHAPES.
        seed: Which blocks, and in which order.
        share: How many of the blocks are pointed at.
        upper: Write the second mirror of each address.
    """
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(truth.blocks))[: round(share * len(truth.blocks))]
    blocks = [truth.blocks[number].offset for number in chosen.tolist()]
    image = bytearray(truth.rom.data.tobytes())
    writer = _Writer(image, truth.rom.mapping, rng, upper)
    SHAPES[shape](writer, blocks)
    make_header(image, truth.rom.mapping)
    return PointedRom(Rom.from_bytes(bytes(image), shape, mapping=truth.rom.mapping), writer.parts)
