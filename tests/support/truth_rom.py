"""ROMs with known truth: drawn art packed by several packers, among code, tables, text and noise.

With or without a pointer table. The result lists what was put where, so that finding it again can be measured.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

import numpy as np
from halscope.codecs import hal, lz
from halscope.codecs.simcity import SIMCITY
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope.rom.mapping import Mapping, to_snes
from support import drawn_art, plain_packer
from support.checksums import fix
from support.roms import make_rom

Packer = Callable[[bytes], bytes]
Kind = Literal["sprites", "tiles", "font", "map", "palettes"]

PACKERS: Final[tuple[tuple[str, Packer], ...]] = (
    ("hal", hal.encode),
    ("hal", lambda data: hal.encode(data, effort="fast")),
    ("hal", plain_packer.pack),
    ("hal", lambda data: plain_packer.pack(data, lazy=False)),
    ("hal", lambda data: plain_packer.pack(data, mirrors=False)),
)
"""The codec with its packers: ours at both efforts, and three styles of a plain packer that is independent of it."""


def lz_packers(name: lz.Format) -> tuple[tuple[str, Packer], ...]:
    """The same for LZ1 or LZ2: ours at both efforts, and two styles of the plain packer."""
    return (
        (name, lambda data: lz.encode(data, format=name)),
        (name, lambda data: plain_packer.pack(data, format=name)),
        (name, lambda data: lz.encode(data, format=name, effort="fast")),
        (name, lambda data: plain_packer.pack(data, format=name, lazy=False)),
    )


SIMCITY_PACKERS: Final[tuple[tuple[str, Packer], ...]] = (
    ("simcity", SIMCITY.encode),
    ("simcity", lambda data: plain_packer.pack(data, format="simcity")),
    ("simcity", lambda data: SIMCITY.encode(data, effort="fast")),
    ("simcity", lambda data: plain_packer.pack(data, format="simcity", lazy=False)),
)
"""The same for SimCity's format."""

ALL_PACKERS: Final = tuple(
    packer for three in zip(PACKERS, lz_packers("lz1"), lz_packers("lz2"), strict=False) for packer in three
)
"""HAL, LZ1 and LZ2 in turn."""

LEADS: Final = (0, 0, 0, 0, 1, 3, 15, 18)
CODE: Final = bytes.fromhex("a9a2a08d8eadaeafbd9d9f85a586a4c220e2308b4bab5b7b225c6048da68fa5aea18386918c9d0f090b0")


@dataclass(frozen=True, slots=True)
class TrueBlock:
    """A packed block: where it was put, what it holds, and how many bytes come before its first tile."""

    offset: int
    packed_size: int
    data: bytes
    lead: int
    kind: Kind
    codec: str = "hal"


@dataclass(frozen=True, slots=True)
class TruthRom:
    """A ROM and what was put into it; `raw` are uncompressed sheets as (offset, size)."""

    rom: Rom
    blocks: tuple[TrueBlock, ...]
    raw: tuple[tuple[int, int], ...]
    table: int | None


@cache
def shared_truth(seed: int, *, pointers: bool, mapping: Mapping = Mapping.LOROM) -> TruthRom:
    """A truth ROM that several tests share."""
    return make_truth_rom(seed, pointers=pointers, mapping=mapping)


@cache
def shared_index(seed: int, *, pointers: bool, mapping: Mapping = Mapping.LOROM) -> RomIndex:
    """The index of a shared truth ROM."""
    return RomIndex.build(shared_truth(seed, pointers=pointers, mapping=mapping).rom, [hal.HAL])


def drawn_block(rng: np.random.Generator, kind: Kind, lead: int) -> bytes:
    """What one block decodes to."""
    match kind:
        case "sprites":
            size = int(rng.choice([16, 32, 32, 64]))
            frames = drawn_art.animation(rng, size, int(rng.integers(1, 9)))
            body = b"".join(drawn_art.planar(frame, 4) for frame in frames)
        case "tiles":
            body = drawn_art.planar(
                drawn_art.texture(rng, 64, 8 * int(rng.integers(1, 16)), int(rng.integers(4, 15))), 4
            )
        case "font":
            body = drawn_art.planar(drawn_art.texture(rng, 64, 8 * int(rng.integers(2, 10)), 3), 2)
        case "map":
            body = drawn_art.tilemap(rng, int(rng.integers(128, 2048)))
        case "palettes":
            body = (np.sort(rng.integers(0, 0x8000, (int(rng.integers(8, 17)), 16))).astype("<u2")).tobytes()
    header = rng.integers(0, 64, lead, np.uint8).tobytes()
    tail = b"" if rng.random() < 0.8 else rng.integers(0, 256, int(rng.integers(1, 31)), np.uint8).tobytes()
    return header + body + tail


def filler(rng: np.random.Generator, size: int) -> bytes:
    """Bytes between blocks: code, words of tables, text, noise or padding."""
    match int(rng.integers(0, 6)):
        case 0 | 1:
            opcodes = np.frombuffer(CODE, np.uint8)
            code = rng.choice(opcodes, size)
            operands = rng.random(size) < 0.45
            code[operands] = rng.choice(np.array([0, 1, 2, 0x10, 0x20, 0x7E, 0x80, 0xFF, 0x13, 0x42], np.uint8), size)[
                operands
            ]
            return code.tobytes()
        case 2:
            wave = np.sin(np.arange(size // 2 + 1) * 2 * np.pi / 256) * 256
            return wave.astype("<i2").tobytes()[:size]
        case 3:
            return (b"THE CAVE IS DARK. PRESS A TO GO ON, OR B TO LEAVE! " * (size // 50 + 1))[:size]
        case 4:
            return bytes([int(rng.choice([0, 0xFF, 0xEA]))]) * size
        case _:
            return rng.integers(0, 256, size, np.uint8).tobytes()


def make_truth_rom(
    seed: int,
    *,
    size: int = 0x80000,
    blocks: int = 48,
    pointers: bool = True,
    mapping: Mapping = Mapping.LOROM,
    packers: tuple[tuple[str, Packer], ...] = PACKERS,
    begin: int = 0x1000,
) -> TruthRom:
    """Make a ROM.

    Args:
        seed: All of it follows from this.
        size: Bytes of the image.
        blocks: Number of packed blocks.
        pointers: Whether a table of 24-bit pointers points to them.
        mapping: No block crosses a multiple of its window.
        packers: Codecs and packers, taken in turn.
        begin: No block begins before it.
    """
    rng = np.random.default_rng(seed)
    image = make_rom(size, mapping, seed=seed)
    kinds: list[Kind] = ["sprites", "sprites", "sprites", "tiles", "sprites", "font", "map", "palettes"]
    contents: list[tuple[bytes, int, Kind]] = []
    for number in range(blocks):
        kind = kinds[number % len(kinds)]
        lead = int(rng.choice(LEADS)) if kind == "sprites" else 0
        data = drawn_block(rng, kind, lead)
        if number == 4:  # shares the second half of its tiles with block 0
            first, first_lead, _ = contents[0]
            half = (len(first) - first_lead) // 64 * 32
            data = data[: lead + half] + first[first_lead + half :]
        contents.append((data[:0x4000], lead, kind))

    window = mapping.window or size
    header = mapping.header_offset
    at = begin
    true_blocks: list[TrueBlock] = []
    raw: list[tuple[int, int]] = []
    sheet = b"".join(drawn_art.planar(frame, 4) for frame in drawn_art.animation(rng, 64, 4))
    streams = [packers[number % len(packers)][1](data) for number, (data, _, _) in enumerate(contents)]
    lost_at_edges = size // window * max(map(len, streams)) // 2
    spare = size - 0x5000 - begin - sum(map(len, streams)) - len(sheet) - lost_at_edges
    widest_gap = max(2, min(6000, 2 * spare // (blocks + 1)))
    for number, (packed, (data, lead, kind)) in enumerate(zip(streams, contents, strict=True)):
        gap = 0 if rng.random() < 0.15 else min(int(rng.integers(1, widest_gap)), spare)
        spare -= gap
        if number == blocks // 2:
            start = (at + gap) | 1
            image[start : start + len(sheet)] = sheet
            raw.append((start, len(sheet)))
            at = start + len(sheet)
        filled = at
        at += gap
        if at < header + 0x40 and at + len(packed) > header - 0xC0:
            at = header + 0x40 + int(rng.integers(0, 40))
        if at // window != (at + len(packed) - 1) // window:
            at = (at // window + 1) * window + int(rng.integers(0, 40))
        if at + len(packed) > size:
            raise ValueError(f"{blocks} blocks do not fit {size:#x} bytes")
        for start in range(filled, at, 1500):
            image[start : min(start + 1500, at)] = filler(rng, min(start + 1500, at) - start)
        image[at : at + len(packed)] = packed
        true_blocks.append(TrueBlock(at, len(packed), data, lead, kind, packers[number % len(packers)][0]))
        at += len(packed)

    table = None
    if pointers:
        table = 0x301
        order = rng.permutation(len(true_blocks))
        entries = b"".join(to_snes(mapping, true_blocks[k].offset, size).to_bytes(3, "little") for k in order)
        image[table : table + len(entries)] = entries
    make_header(image, mapping)
    return TruthRom(Rom.from_bytes(bytes(image), "truth"), tuple(true_blocks), tuple(raw), table)


def make_header(image: bytearray, mapping: Mapping) -> None:
    """Restore the header over whatever was placed there, and correct the checksum."""
    at = mapping.header_offset
    image[at - 0xC0 : at + 0x40] = make_rom(len(image), mapping)[at - 0xC0 : at + 0x40]
    image[:] = fix(image, at)
