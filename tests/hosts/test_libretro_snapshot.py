"""A snapshot holds what the console holds: proven with ROMs that put known values everywhere, on every core."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from halscope.hosts.libretro import LibretroHost
from halscope_hooks import CpuRegisters, DmaChannel, Host, Snapshot, Write
from support import probe_rom
from support.cores import installed_cores
from support.probe_consoles import ProbeConsoles

pytestmark = pytest.mark.parametrize("core", installed_cores())

# Register bits that the console does not use, which bsnes-mercury does not keep.
_USED = {
    "obsel": 0xFB,
    "bg1sc": 0x7F,
    "bg2sc": 0x7F,
    "bg3sc": 0x7F,
    "bg4sc": 0x7F,
    "bg12nba": 0x77,
    "bg34nba": 0x77,
    "m7sel": 0xC3,
    "wobjlog": 0x0F,
    "tm": 0x1F,
    "ts": 0x1F,
    "tmw": 0x1F,
    "tsw": 0x1F,
    "cgwsel": 0xF3,
    "setini": 0x4F,
    "inidisp": 0x8F,
}
_FRAMES = 10  # the probe has set everything by then


CONSOLES = ProbeConsoles()


@pytest.fixture(scope="module", autouse=True)
def closed_at_the_end() -> Iterator[None]:
    yield
    CONSOLES.close_all()


def observe(core: str, rom: bytes, frames: int = _FRAMES, **options: Any) -> Snapshot:
    return CONSOLES.observe(core, rom, frames, **options)


def random_cpu(rng: np.random.Generator) -> CpuRegisters:
    """Random values for all that controls HDMA and IRQs, with HDMA off and the NMI on."""

    def byte() -> int:
        return int(rng.integers(0x100))

    def word() -> int:
        return int(rng.integers(0x10000))

    channels = [
        DmaChannel(
            dmap=byte(), bbad=byte(), a1t=word(), a1b=byte(), das=word(), dasb=byte(), a2a=word(), ntrl=byte() | 1
        )
        for _ in range(8)
    ]
    return CpuRegisters(
        nmitimen=0x81 | byte() & 0x30,
        hdmaen=0,
        htime=int(rng.integers(0x200)),
        vtime=int(rng.integers(0x200)),
        dma=tuple(channels),
    )


def cpu_writes(cpu: CpuRegisters) -> list[tuple[int, int]]:
    """The bytes that give the registers these values."""
    writes = []
    for n, channel in enumerate(cpu.dma):
        places = (("dmap", 0), ("bbad", 1), ("a1t", 2), ("a1b", 4), ("das", 5), ("dasb", 7), ("a2a", 8), ("ntrl", 10))
        for name, at in places:
            value = getattr(channel, name)
            writes.append((0x4300 + 16 * n + at, value & 0xFF))
            if name in ("a1t", "das", "a2a"):
                writes.append((0x4301 + 16 * n + at, value >> 8))
    assert cpu.htime is not None
    assert cpu.vtime is not None
    assert cpu.nmitimen is not None
    assert cpu.hdmaen is not None
    writes += [(0x4207, cpu.htime & 0xFF), (0x4208, cpu.htime >> 8), (0x4209, cpu.vtime & 0xFF)]
    return [*writes, (0x420A, cpu.vtime >> 8), (0x4200, cpu.nmitimen), (0x420C, cpu.hdmaen)]


def compare_registers(snapshot: Snapshot, registers: dict[str, int], core: str) -> None:
    expected = asdict(probe_rom.expected_registers(registers))
    found = asdict(snapshot.ppu)
    if "mercury" in core:
        expected = {name: value & _USED.get(name, 0xFFFF) for name, value in expected.items()}
        if "balanced" not in core:
            # Kept per layer, and only where it is on: a size without layers, or layers with size 0, show nothing.
            size, layers = expected["mosaic"] & 0xF0, expected["mosaic"] & 0x0F
            expected["mosaic"] = size | layers if size and layers else 0
    assert found == expected


@pytest.mark.parametrize("seed", range(3))
def test_every_memory_and_register_is_what_the_rom_wrote(core: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    registers = probe_rom.random_registers(rng)
    vram, oam, wram = rng.bytes(0x10000), rng.bytes(544), rng.bytes(0x20000)
    cgram = rng.integers(0, 0x8000, 256).astype("<u2")
    snapshot = observe(core, probe_rom.build(vram, cgram, oam, registers, wram=wram))
    assert snapshot.vram.tobytes() == vram
    assert np.array_equal(snapshot.cgram, cgram)
    assert snapshot.oam.tobytes() == oam
    assert snapshot.wram is not None
    assert snapshot.wram[0x2000:].tobytes() == wram[0x2000:]  # below are the counter and the stack
    compare_registers(snapshot, registers, core)


def test_interlace_overscan_and_hires_bits_are_read(core: str) -> None:
    registers = {"setini": 0x0F, "inidisp": 0x80, "bgmode": 0x05}
    compare_registers(observe(core, probe_rom.build(registers=registers)), registers, core)


@pytest.mark.parametrize("seed", range(2))
def test_every_register_of_hdma_and_irqs_is_what_the_rom_wrote(core: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    expected = random_cpu(rng)
    snapshot = observe(core, probe_rom.build(cpu=cpu_writes(expected)))
    assert snapshot.cpu == expected


def test_the_enabled_channels_are_read(core: str) -> None:
    channel = dataclasses.replace(random_cpu(np.random.default_rng(1)).dma[0], a1t=0x9000, a1b=3, dmap=0, bbad=0x80)
    dma = tuple(dataclasses.replace(channel, bbad=0x80 + n) for n in range(8))
    cpu = CpuRegisters(nmitimen=0x81, hdmaen=0xA5, htime=0, vtime=0, dma=dma)
    snapshot = observe(core, probe_rom.build(cpu=cpu_writes(cpu), data=bytes([0x10, 0x22, 0])))
    assert snapshot.cpu is not None
    assert snapshot.cpu.hdmaen == 0xA5
    # The tables ended behind their terminator, for the channels that ran.
    assert [one.a2a == 0x9003 for one in snapshot.cpu.dma] == [0xA5 >> n & 1 == 1 for n in range(8)]


def test_fields_alternate(core: str) -> None:
    host = CONSOLES.start(core, probe_rom.build())
    host.step()  # snes9x shows the first field twice
    fields = [host.step().field for _ in range(8)]
    assert fields in ([0, 1] * 4, [1, 0] * 4)


def test_a_picture_that_is_older_than_the_memories_is_marked(core: str) -> None:
    assert not observe(core, probe_rom.build()).ages
    # Without the NMI, WAI would wait for ever: a loop in its place.
    rom = probe_rom.build(cpu=[(0x4200, 0x01)]).replace(bytes.fromhex("CB80FD"), bytes.fromhex("EA80FD"))
    host = CONSOLES.start(core, rom)
    for _ in range(_FRAMES):
        host.step()
    assert not host.step().ages
    host.write([Write("vram", 0x1234, b"\x55")])
    snapshot = host.step()
    assert snapshot.vram[0x1234] == 0x55
    assert dict(snapshot.ages) == ({"picture": 1} if core.startswith("bsnes-mercury") else {})
    assert not host.step().ages


def test_a_picture_has_the_state_that_it_was_drawn_from_without_the_nmi(core: str) -> None:
    rom = bytearray(probe_rom.build(cpu=[(0x4200, 0)]))
    loop = rom.index(bytes.fromhex("CB80FD"))
    rom[loop : loop + 3] = bytes.fromhex("4C00F0")  # JMP $F000
    # LDA $4210; BPL; STZ $2121; INC $10; LDA $10; STA $2122; STZ $2122; BRA: a new colour 0 in every vblank
    rom[0x7000:0x7014] = bytes.fromhex("AD1042 10FB 9C2121 E610 A510 8D2221 9C2221 80EC")
    shown = []
    host = CONSOLES.start(core, bytes(rom))
    for _ in range(_FRAMES):
        host.step()
    for _ in range(8):
        snapshot = host.step()
        assert snapshot.picture is not None
        assert not snapshot.ages
        shown.append(int(snapshot.picture[100, 100, 0]) >> 3)
        assert shown[-1] == int(snapshot.cgram[0]) & 31
    assert len(set(shown)) == 8


def test_registers_that_are_not_asked_for_are_unknown(core: str) -> None:
    snapshot = observe(core, probe_rom.build(registers={"obsel": 0x63}), registers=False, wram=False, picture=False)
    assert set(asdict(snapshot.ppu).values()) == {None}
    assert (snapshot.cpu, snapshot.field) == (None, None)
    assert snapshot.wram is None
    assert snapshot.picture is None


def test_memories_are_right_without_the_registers_too(core: str) -> None:
    rng = np.random.default_rng(11)
    cgram, oam = rng.integers(0, 0x8000, 256).astype("<u2"), rng.bytes(544)
    snapshot = observe(core, probe_rom.build(cgram=cgram, oam=oam), registers=False)
    assert np.array_equal(snapshot.cgram, cgram)
    assert snapshot.oam.tobytes() == oam


def test_the_picture_shows_all_levels_of_each_colour(core: str) -> None:
    levels = np.arange(256) % 32
    cgram = (levels | (31 - levels) << 5 | (levels * 7 % 32) << 10).astype("<u2")
    snapshot = observe(core, probe_rom.build(probe_rom.COLOUR_CHART, cgram, registers=probe_rom.CHART_REGISTERS))
    channels = np.stack([cgram & 31, cgram >> 5 & 31, cgram >> 10], axis=1).astype(np.uint8)
    rows, columns = np.mgrid[0:224, 0:256]
    assert snapshot.picture is not None
    assert snapshot.picture.shape == (224, 256, 3)
    shown = channels[(rows // 8 * 32 + columns // 8) % 256]
    assert np.array_equal(snapshot.picture, shown << 3 | shown >> 2)


def test_a_sprite_at_line_y_begins_at_row_y_of_the_picture(core: str) -> None:
    oam = np.zeros(544, np.uint8)
    oam[1:512:4] = 240
    oam[0:4] = (100, 57, 0, 0x30)
    cgram = np.zeros(256, "<u2")
    cgram[129] = 0x7FFF
    vram = b"\xff\x00" * 8 + bytes(0x10000 - 16)
    picture = observe(core, probe_rom.build(vram, cgram, oam, {"tm": 0x10, "bgmode": 1})).picture
    assert picture is not None
    assert np.argwhere(picture.any(axis=2)).min(axis=0).tolist() == [57, 100]
    assert np.argwhere(picture.any(axis=2)).max(axis=0).tolist() == [64, 107]


@pytest.mark.parametrize(
    ("registers", "height"),
    [({"bgmode": 5}, 224), ({"setini": 0x04}, 239), ({"setini": 0x01}, 448), ({"bgmode": 5, "setini": 0x01}, 448)],
    ids=["hires", "overscan", "interlace", "hires-interlace"],
)
def test_the_picture_has_the_rows_of_its_mode(core: str, registers: dict[str, int], height: int) -> None:
    cgram = np.full(256, 0x3DEF, "<u2")
    picture = observe(core, probe_rom.build(cgram=cgram, registers=registers)).picture
    assert picture is not None
    assert picture.shape[1] in (256, 512)
    assert picture.shape[0] in (height, 224)  # some cores always cut the overscan off
    assert (picture[8:-8, :-1] == (15 << 3 | 15 >> 2)).all()  # snes9x leaves the last column out in hi-res


@pytest.mark.parametrize("screen", ["tm", "ts"])
def test_a_hires_picture_shows_both_screens(core: str, screen: str) -> None:
    oam = np.zeros(544, np.uint8)
    oam[1:512:4] = 240
    oam[0:4] = (240, 50, 0, 0x30)
    cgram = np.zeros(256, "<u2")
    cgram[129] = 0x7FFF
    vram = b"\xff\x00" * 8 + bytes(0x10000 - 16)
    picture = observe(core, probe_rom.build(vram, cgram, oam, {"bgmode": 5, screen: 0x10})).picture
    assert picture is not None
    assert picture.shape == (224, 512, 3)
    shown = np.flatnonzero(picture[52].any(axis=1))
    first = (481 if screen == "tm" else 480) - (core == "snes9x")  # it draws everything half a pixel further left
    assert shown.tolist() == list(range(first, first + 16, 2))


@pytest.mark.parametrize("registers", [True, False], ids=["registers", "memories-only"])
def test_the_picture_belongs_to_the_memories_beside_it(core: str, registers: bool) -> None:
    # Each NMI writes its number into a tile, a colour and a sprite's place: all three must be those of the picture.
    oam = np.zeros(544, np.uint8)
    oam[1:512:4] = 240
    oam[2:4] = (1, 0x30)
    cgram = np.zeros(256, "<u2")
    cgram[1:4] = (0x7C1F, 0x03FF, 0x7FE0)  # none is a number that is reached
    cgram[129] = 0x7FFF
    vram = np.zeros(0x10000, np.uint8)
    vram[32:48:2] = 0xFF  # sprite tile 1
    rom = probe_rom.build(
        vram,
        cgram,
        oam,
        {"bgmode": 1, "tm": 0x11, "bg1sc": 0x7C, "bg1vofs": 0x3FF},
        animate=("vram", "cgram", "oam"),
    )
    numbers = set()
    host = CONSOLES.start(core, rom, registers=registers)
    first = host.step().frame
    for frame in range(1, _FRAMES + 25):
        snapshot = host.step()
        if frame < _FRAMES:
            continue
        assert snapshot.picture is not None
        number = int(snapshot.cgram[0])
        assert int(snapshot.vram[0]) == number
        assert int(snapshot.oam[0]) == number
        picture = snapshot.picture.astype(int) >> 3
        colours = picture[..., 0] | picture[..., 1] << 5 | picture[..., 2] << 10
        assert colours[9, 0] == number
        assert np.argwhere(colours == 0x7FFF).min(axis=0).tolist() == [0, number]
        shown = sum(1 << 7 - x for x in range(8) if colours[8, 192 + x] != number)
        assert shown == number & 0xFF
        assert snapshot.frame == first + frame
        numbers.add(number)
    assert len(numbers) == 25


def test_a_snapshot_is_not_changed_by_later_frames(core: str) -> None:
    host = CONSOLES.start(core, probe_rom.build(animate=("vram", "cgram", "oam")))
    for _ in range(_FRAMES):
        host.step()
    first = host.step()
    before = [array.copy() for array in (first.vram, first.cgram, first.oam, first.wram) if array is not None]
    for _ in range(3):
        host.step()
    after = [array for array in (first.vram, first.cgram, first.oam, first.wram) if array is not None]
    assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))
    assert not any(array.flags.writeable for array in after)


def test_a_core_that_is_given_another_rom_shows_it_as_one_that_was_started_with_it(core: str) -> None:
    """Which the other tests and those of the composition rely on."""
    rng = np.random.default_rng(12)
    registers = probe_rom.random_registers(rng) | {"inidisp": 0x0F, "setini": 0}
    rom = probe_rom.build(
        rng.bytes(0x10000), rng.bytes(512), rng.bytes(544), registers, cpu=cpu_writes(random_cpu(rng))
    )
    observe(core, probe_rom.build(rng.bytes(0x10000), wram=rng.bytes(0x20000), registers={"bgmode": 5, "setini": 1}))
    given = observe(core, rom)
    CONSOLES.close(core)
    started = observe(core, rom)
    for name in ("vram", "cgram", "oam", "picture"):
        assert np.array_equal(getattr(given, name), getattr(started, name)), name
    assert given.wram is not None
    assert started.wram is not None
    assert np.array_equal(given.wram[0x2000:], started.wram[0x2000:])  # below are the counter and the stack
    assert (given.ppu, given.cpu, given.ages) == (started.ppu, started.cpu, started.ages)


def test_the_host_says_what_it_is(core: str) -> None:
    CONSOLES.close(core)
    rom = probe_rom.build()
    with LibretroHost(rom, core) as host:
        assert isinstance(host, Host)
        assert host.info.name == "libretro"
        assert host.info.writable == {"vram", "wram", "cgram", "rom"} or os.sep in core
        assert host.info.readable == {"vram", "cgram", "oam", "wram", "ppu", "cpu", "picture"}
        assert host.info.rom.sha256 is not None
        with_header = bytes(512) + rom
    with LibretroHost(with_header, core) as headed:
        assert headed.info.rom == host.info.rom
