"""Room in a larger image: header, size byte and checksum are right, in every mapping that can grow."""

from __future__ import annotations

import numpy as np
import pytest
from halscope.codecs.hal import HAL
from halscope.export import bps, ips
from halscope.inject import RoomOptions, apply_patch, make_room, rom_writes, to_patch
from halscope.inject.room.expand import larger_sizes
from halscope.ppu.tiles import encode_tiles
from halscope.rom import checksum
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope.rom.mapping import Mapping, to_offset, to_snes
from halscope.rom.references import ENTRY_DTYPE, KnownTable
from halscope_hooks import InjectError, PatchError
from support.checksums import fix
from support.edit_rom import draw_tiles
from support.roms import make_rom
from support.roomy_rom import applied, assert_only, filled, plan_of

BLOCK, POINTER = 0x12345, 0x2222
MIB = 0x100000


def full(mapping: Mapping, size: int) -> tuple[Rom, RomIndex]:
    """Noise without free space, with a block and the pointer to it that a profile names."""
    image = make_rom(size, mapping, seed=5)
    packed = HAL.encode(encode_tiles(draw_tiles(24, 1), 4).tobytes())
    image[BLOCK : BLOCK + len(packed)] = packed
    address = to_snes(mapping, BLOCK, size)
    image[POINTER : POINTER + 3] = address.to_bytes(3, "little")
    rom = Rom.from_bytes(fix(image, mapping.header_offset), "full")
    assert rom.mapping is mapping
    entry = np.array([(POINTER, POINTER + 1, POINTER + 2, address, BLOCK)], ENTRY_DTYPE)
    return rom, RomIndex.build(rom, [HAL], known_tables=[KnownTable("hal", 3, entry)])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mapping", "size", "larger"),
    [
        (Mapping.LOROM, MIB // 4, MIB // 2),
        (Mapping.HIROM, MIB // 4, MIB // 2),
        (Mapping.SA1, MIB // 4, MIB // 2),
        (Mapping.LOROM, 3 * MIB // 4, MIB),
        (Mapping.EXHIROM, 5 * MIB, 6 * MIB),
        (Mapping.EXLOROM, 5 * MIB, 6 * MIB),
    ],
)
def test_a_full_rom_grows(mapping: Mapping, size: int, larger: int) -> None:
    rom, index = full(mapping, size)
    plan = plan_of(index, [filled(index, BLOCK, rom.decode(HAL, BLOCK).consumed + 50)])
    with pytest.raises(InjectError, match="--expand makes the image larger"):
        make_room(plan, index)
    room = make_room(plan, index, RoomOptions(expand=True))
    patch = to_patch(plan, room)
    with pytest.raises(PatchError, match="which a running game cannot take"):
        rom_writes(rom, patch)
    image = apply_patch(rom, patch)
    source = rom.data.tobytes()
    assert applied(source, bps.create(source, image), ips.create(source, image)) == image
    grown = Rom.from_bytes(image, "grown")
    assert (len(image), grown.mapping, grown.warnings) == (larger, mapping, ())
    assert grown.header.declared_bytes == 1 << (larger - 1).bit_length()
    assert checksum.is_right(image, rom.header_offset)
    led = to_offset(mapping, int.from_bytes(image[POINTER : POINTER + 3], "little"), larger)
    assert led is not None
    assert led >= size
    assert grown.decode(HAL, led).data.tobytes() == plan.blocks[0].new_data
    at = rom.header_offset
    named = [(POINTER, POINTER + 3), (at + 0x17, at + 0x18), (at + 0x1C, at + 0x20)]
    assert_only(rom.data, np.frombuffer(image, np.uint8), named)


def blank(mapping: Mapping, size: int, chips: int = 0) -> Rom:
    image = bytearray(make_rom(0x10000, Mapping.LOROM)).ljust(size, b"\0")
    at = mapping.header_offset
    image[at - 0xC0 : at + 0x40] = make_rom(max(size, at + 0x40), mapping)[at - 0xC0 : at + 0x40]
    image[at + 0x16] |= chips
    return Rom.from_bytes(fix(image, at), "blank", mapping=mapping)


@pytest.mark.parametrize(
    ("mapping", "chips", "reason"),
    [
        (Mapping.LOROM, 0, "LOROM ends at 4 MiB"),
        (Mapping.HIROM, 0, "HIROM ends at 4 MiB"),
        (Mapping.SA1, 0, r"only once code has switched the SA-1's banks \(\$2220 to \$2223\)"),
    ],
)
def test_what_cannot_grow_says_why(mapping: Mapping, chips: int, reason: str) -> None:
    with pytest.raises(InjectError, match=reason):
        larger_sizes(blank(mapping, 4 * MIB, chips))


def test_a_coprocessor_may_stand_where_the_image_would_grow() -> None:
    assert larger_sizes(blank(Mapping.LOROM, MIB)) == [2 * MIB, 4 * MIB]
    with pytest.raises(InjectError, match="coprocessor"):
        larger_sizes(blank(Mapping.LOROM, MIB, 0x03))
