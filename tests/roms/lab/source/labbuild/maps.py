"""The memory maps that the lab can be laid out for."""

from __future__ import annotations

from demobuild.memory_map import LOROM, MemoryMap, Region

SIX_MIB = 0x600000
# The extended maps have the engine, and the last banks of data, in the second chip, beyond 4 MiB.
MAPS = {
    one.name: one
    for one in (
        LOROM,
        MemoryMap("hirom", 0x21, (Region(1, 0xC10000, 0x10000),), code_offset=0x8000, linear=True, size=0x80000),
        MemoryMap(
            "exhirom",
            0x25,
            (Region(1, 0xC10000, 0x10000), Region(6, 0x410000, 0x410000)),
            code_offset=0x408000,
            linear=True,
            size=SIX_MIB,
        ),
        MemoryMap(
            "exlorom",
            0x22,
            (Region(1, 0x818000, 0x8000), Region(6, 0x068000, 0x430000)),
            code_offset=0x400000,
            size=SIX_MIB,
        ),
        # All data by the linear banks, the engine in the window of the first MiB. The SA-1 itself is left stopped, but
        # graphics and the palette buffer are staged in BW-RAM, as its games do it.
        MemoryMap("sa1", 0x23, (Region(1, 0xC08000, 0x8000),), linear=True, cartridge=0x35, ram=0x07, staging=0x400000),
    )
}
