"""A ROM without compressed data lists no block, whatever its code, tables and text decode to."""

from __future__ import annotations

import numpy as np
import pytest
from halscope.codecs import hal
from halscope.codecs.lz import LZ1, LZ2
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope.rom.mapping import snes_mirrors
from support.roms import make_rom

CODECS = (hal.HAL, LZ1, LZ2)


def code_like(size: int, seed: int) -> bytes:
    """Bytes as in a program: a few frequent instructions with small operands, and tables of numbers."""
    rng = np.random.default_rng(seed)
    instructions = [rng.integers(0, 256, rng.integers(1, 4), np.uint8).tobytes() for _ in range(60)]
    chance = 1 / np.arange(1, len(instructions) + 1)
    chosen = rng.choice(len(instructions), size // 3, p=chance / chance.sum())
    operands = (rng.geometric(0.02, len(chosen)) * rng.choice([-1, 1, 8], len(chosen))).astype("<i4")
    widths = rng.choice([0, 1, 4], len(chosen))
    parts = [instructions[k] + operands[at].tobytes()[: widths[at]] for at, k in enumerate(chosen.tolist())]
    return b"".join(parts)[:size]


def listed(rom: Rom) -> list[tuple[int, int, str]]:
    blocks = RomIndex.build(rom, CODECS).blocks
    likely = blocks[blocks["score"] >= 0.5]
    return [(int(row["offset"]), int(row["packed_size"]), str(row["codec"])) for row in likely]


def rom_of(data: bytes, at: int = 0x8000) -> bytearray:
    image = bytearray(make_rom(0x100000))
    image[at : at + len(data)] = data
    return image


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_code_and_small_tables_hold_no_block(seed: int) -> None:
    assert listed(Rom.from_bytes(bytes(rom_of(code_like(0xF0000, seed))), "code")) == []


@pytest.mark.parametrize("seed", range(3))
def test_a_table_of_pointers_to_uncompressed_data_proves_no_block(seed: int) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, 0xC0000, np.uint8)
    image = rom_of(noise.tobytes(), 0x20000)
    rom = Rom.from_bytes(bytes(image), "data")
    streams = hal.scan(bytes(image), window=rom.mapping.window)
    long = streams[(streams["size"] >= 64) & (streams["packed_size"] >= 16) & (streams["offset"] >= 0x20000)]
    for number, offset in enumerate(long["offset"][:: len(long) // 60][:60].tolist()):
        address = snes_mirrors(rom.mapping, offset, len(image))[0]
        image[0x9000 + 3 * number : 0x9003 + 3 * number] = address.to_bytes(3, "little")
    index = RomIndex.build(Rom.from_bytes(bytes(image), "data"), CODECS)
    assert (index.blocks["score"] < 0.5).all()
    assert set(index.blocks["start"].tolist()) <= {"content"}
    assert not any(index.references(str(row["codec"]), int(row["offset"])) for row in index.blocks)


def test_numbers_text_and_silence_hold_no_block() -> None:
    x = np.arange(0x8000)
    sine = (np.sin(x / 40) * 120).astype(np.int8).view(np.uint8).tobytes()
    text = (b"The quick brown fox jumps over the lazy dog, and then over another one. " * 500)[:0x8000]
    counting = np.arange(0x4000, dtype="<u2").tobytes()
    data = b"".join([sine, text, counting, bytes(0x8000), b"\xff" * 0x8000]) * 4
    assert listed(Rom.from_bytes(bytes(rom_of(data)), "numbers")) == []
