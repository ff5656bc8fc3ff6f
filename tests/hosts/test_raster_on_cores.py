"""The writes of HDMA that follow from a snapshot are those that the core's picture shows, row by row."""

from __future__ import annotations

import numpy as np
import pytest
from halscope import decode_frame
from halscope.hosts.libretro import LibretroHost
from halscope.ppu import with_match, with_raster
from halscope.ppu.compare import compare_picture
from halscope.ppu.compose import compose_screen
from halscope.ppu.obj import cgram_at
from halscope.rom.image import Rom
from halscope.rom.mapping import page_table
from halscope_hooks import Snapshot
from numpy.typing import NDArray
from support import probe_rom
from support.cores import two_cores
from support.hdma_reference import random_table

pytestmark = pytest.mark.parametrize("core", two_cores())

_FRAMES = 8
_COLOURS = 0x21  # $2121 and $2122, with mode 3: the address twice, then the two bytes of a colour
_BANK, _TABLES = divmod(probe_rom.DATA_ADDRESS, 0x10000)


def observe(core: str, rom: bytes) -> Snapshot:
    image = Rom.from_bytes(rom, "probe")
    with LibretroHost(rom, core) as host:
        for _ in range(_FRAMES - 1):
            host.step()
        snapshot = host.step()
    return with_raster(snapshot, image.data, page_table(image.mapping, image.data.size))


def backdrops(snapshot: Snapshot, rows: int) -> NDArray[np.uint8]:
    """Colour 0 of each row at 5 bits a channel: uint8[rows, 3]. Only writes to CGRAM are applied."""
    assert snapshot.raster is not None
    colours = np.empty((rows, 3), np.uint8)
    colour, low, expects_low = int(snapshot.cgram[0]), 0, True
    writes = [tuple(map(int, write)) for write in snapshot.raster.tolist()]
    for row in range(rows):
        for _, register, value in (write for write in writes if write[0] == row):
            if register == 0x21:
                expects_low = True
            elif register == 0x22:
                if not expects_low:
                    colour = (value << 8 | low) & 0x7FFF
                low, expects_low = value, not expects_low
        colours[row] = colour & 31, colour >> 5 & 31, colour >> 10
    return colours


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("overscan", [False, True], ids=["224", "239"])
def test_every_row_has_the_colour_of_its_line(core: str, seed: int, overscan: bool) -> None:
    rng = np.random.default_rng(seed)
    indirect = bool(seed & 1)
    made = random_table(rng, 3, lambda _: bytes([9, 0]) + rng.bytes(2), indirect=indirect, data_at=_TABLES + 0x1000)
    data = made.table.ljust(0x1000, b"\0") + made.data
    number = int(rng.integers(8))
    port = 0x4300 + 16 * number
    writes = [(port, 3 | indirect << 6), (port + 1, _COLOURS), (port + 2, _TABLES & 0xFF), (port + 3, _TABLES >> 8)]
    writes += [(port + 4, _BANK), (port + 7, _BANK), (0x420C, 1 << number)]
    snapshot = observe(core, probe_rom.build(registers={"setini": overscan << 2}, cpu=writes, data=data))
    assert snapshot.picture is not None
    rows = len(snapshot.picture)
    assert rows == (239 if overscan else 224)
    assert np.array_equal(snapshot.picture[:, 128] >> 3, backdrops(snapshot, rows))
    assert snapshot.raster_effects == "some"
    assert len(np.unique(snapshot.picture[:, 128], axis=0)) > 1, "all rows are equal: no comparison"


@pytest.mark.parametrize("first", [0, 0x77 * 2, 0x1FF], ids=["first-colour", "middle", "high-byte-next"])
def test_colours_are_written_from_the_address_that_the_cpu_has_set(core: str, first: int) -> None:
    """Only $2122 is written, two bytes a line: each write goes on where the one before it ended."""
    rng = np.random.default_rng(first)
    table = b"".join(bytes([1, *rng.bytes(2)]) for _ in range(60)) + bytes([1, 9, 9, 0])
    port = [(0x4300, 2), (0x4301, 0x22), (0x4302, _TABLES & 0xFF), (0x4303, _TABLES >> 8), (0x4304, _BANK), (0x420C, 1)]
    cgram, registers = rng.integers(0, 0x8000, 256).astype("<u2"), probe_rom.CHART_REGISTERS | {"cgadd": first}
    rom = bytearray(probe_rom.build(probe_rom.COLOUR_CHART, cgram, registers=registers, cpu=port, data=table))
    nmi = rom.index(bytes.fromhex("AD1042"))  # in place of LDA $4210: JSR $F000, which sets the address again
    rom[nmi : nmi + 3] = bytes.fromhex("2000F0")
    setting = bytes.fromhex(f"AD1042 A9 {first // 2:02X} 8D2121")
    setting += bytes.fromhex("A9008D2221") * (first % 2)
    rom[0x7000 : 0x7000 + len(setting) + 1] = setting + b"\x60"
    snapshot = observe(core, bytes(rom))
    assert snapshot.ppu.cgadd == (first + 122) % 512
    assert snapshot.raster_effects == "some"
    frame = with_match(decode_frame(snapshot))
    assert frame.matches
    for row in (0, 20, 59):
        low, high = table[row * 3 + 1 : row * 3 + 3]
        if not first % 2:
            assert cgram_at(snapshot, row)[(first // 2 + row) % 256] == (high << 8 | low) & 0x7FFF


BG1, BG1_DOWN, BG2, BG2_DOWN, M7A, M7D = 0x0D, 0x0E, 0x0F, 0x10, 0x1B, 0x1E


@pytest.mark.parametrize(
    ("ports", "lines", "effects"),
    [
        ([BG1_DOWN], 1, "unknown"),
        ([BG1, BG2], 1, "unknown"),
        ([BG2, BG1_DOWN], 3, "unknown"),
        ([BG1], 0, "some"),
        ([BG2_DOWN, BG1], 0, "some"),
        ([M7D], 0, "some"),
        ([M7A, M7D], 1, "unknown"),
    ],
    ids=["down", "two-across", "across-and-down", "once", "two-once", "matrix-once", "matrix"],
)
def test_single_bytes_meet_what_the_write_before_left_in_the_latch(
    core: str, ports: list[int], lines: int, effects: str
) -> None:
    """`lines` from one write to the next; 0: one write in all. Nothing else writes to these registers."""
    rng = np.random.default_rng(sum(ports))
    vram = rng.integers(0, 256, 0x10000, dtype=np.uint8)
    data, writes, enabled = bytearray(0x1000), [], 0
    for number, port in enumerate(ports):
        at, channel = _TABLES + 0x400 * number, 0x4300 + 16 * number
        values = rng.integers(1, 4 if port >= M7A else 256, 225 // lines if lines else 1)
        table = b"".join(bytes([lines or 100, value]) for value in values.tolist()) + b"\0"
        data[0x400 * number : 0x400 * number + len(table)] = table
        writes += [(channel, 0), (channel + 1, port), (channel + 2, at & 0xFF), (channel + 3, at >> 8)]
        writes.append((channel + 4, _BANK))
        enabled |= 1 << number
    registers = {"tm": 3, "bgmode": 7 if ports[0] >= M7A else 1, "bg1sc": 3, "bg2sc": 0x13, "bg12nba": 0x11}
    registers |= {"m7a": 0x155, "m7d": 0x1AA, "m7b": 0x33}
    cgram = rng.integers(0, 0x8000, 256).astype("<u2")
    rom = probe_rom.build(vram, cgram, registers=registers, cpu=[*writes, (0x420C, enabled)], data=bytes(data))
    snapshot = observe(core, rom)
    assert snapshot.picture is not None
    assert len(np.unique(snapshot.picture, axis=0)) > 20, "equal rows show no scroll"
    assert snapshot.raster_effects == effects
    assert with_match(decode_frame(snapshot)).matches


def test_channels_write_in_their_order(core: str) -> None:
    """Two channels write the same colour; the higher one is last on each line."""
    writes = []
    for number, at in ((2, 0), (5, 0x100)):
        port, address = 0x4300 + 16 * number, _TABLES + at
        writes += [(port, 3), (port + 1, _COLOURS), (port + 2, address & 0xFF), (port + 3, address >> 8)]
        writes.append((port + 4, _BANK))
    first = bytes([0x70, 0, 0, 0x1F, 0, 0x20, 0, 0, 0xE0, 3, 0])
    second = bytes([0x10, 0, 0, 0, 0x7C, 0])
    rom = probe_rom.build(cpu=[*writes, (0x420C, 0x24)], data=first.ljust(0x100, b"\0") + second)
    snapshot = observe(core, rom)
    assert snapshot.picture is not None
    assert np.array_equal(snapshot.picture[:, 128] >> 3, backdrops(snapshot, 224))
    assert [tuple(snapshot.picture[row, 0] >> 3) for row in (0, 0x6F, 0x70)] == [(0, 0, 31), (0, 0, 31), (0, 31, 0)]


def test_a_table_in_wram_is_followed(core: str) -> None:
    wram = np.zeros(0x20000, np.uint8)
    table = bytes([0x78, 0, 0, 0x1F, 0, 1, 0, 0, 0, 0x7C, 0])
    wram[0x12345 : 0x12345 + len(table)] = np.frombuffer(table, np.uint8)
    writes = [(0x4300, 3), (0x4301, _COLOURS), (0x4302, 0x45), (0x4303, 0x23), (0x4304, 0x7F), (0x420C, 1)]
    snapshot = observe(core, probe_rom.build(cpu=writes, wram=wram))
    assert snapshot.picture is not None
    assert np.array_equal(snapshot.picture[:, 128] >> 3, backdrops(snapshot, 224))
    assert snapshot.raster_effects == "some"


def test_obsel_that_hdma_writes_under_sprites_matches_or_is_noted(core: str) -> None:
    """bsnes-mercury-accuracy draws the sprites that it fetched before the write by the value before it."""
    vram = np.zeros(0x10000, np.uint8)
    vram[0x0000:0x4000] = np.tile(np.array([0xFF, 0] * 8 + [0] * 16, np.uint8), 512)
    vram[0x4000:0x8000] = np.tile(np.array([0, 0xFF] * 8 + [0] * 16, np.uint8), 512)
    oam = np.zeros(544, np.uint8)
    oam[1:512:4] = 240
    for index in range(30):
        oam[index * 4 : index * 4 + 4] = (index * 8, 96, 0, 0x30)
    cgram = np.zeros(256, "<u2")
    cgram[129:131] = (0x1F, 0x3E0)
    writes = [(0x4301, 0x01), (0x4302, _TABLES & 0xFF), (0x4303, _TABLES >> 8), (0x4304, _BANK), (0x420C, 1)]
    rom = probe_rom.build(vram, cgram, oam, {"tm": 0x10}, cpu=[(0x4300, 0), *writes], data=bytes([100, 0, 1, 1, 0]))
    frame = with_match(decode_frame(observe(core, rom)))
    picture = frame.snapshot.picture
    assert picture is not None
    assert [bool(picture[row, 4:240, 1].all()) for row in (99, 101)] == [False, True]
    assert any("OBSEL" in one for one in compose_screen(frame).ignored)
    assert frame.matches == (not core.endswith("accuracy"))
    if not frame.matches:
        comparison = compare_picture(frame)
        assert comparison is not None
        assert set(np.nonzero(comparison.where)[0].tolist()) == {100}
