"""Mesen's savestates are read by the names of their values; whatever a file claims, it is refused with a reason."""

from __future__ import annotations

import contextlib
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from halscope.formats.dumps import load_states
from halscope.formats.mesen_state import parse_state
from halscope_hooks import CpuRegisters, DmaChannel, FormatError, PpuRegisters, Snapshot
from hypothesis import given
from hypothesis import strategies as st
from support import probe_rom
from support.examples import examples
from support.mesen_file import build_file, values_of

RNG = np.random.default_rng(4)
# Bits that the console does not have, so that no emulator keeps them.
_MASKS = {"cgwsel": 0xF3, "m7sel": 0xC3, "wobjlog": 0x0F, "bg12nba": 0x77, "bg34nba": 0x77}
_MASKS |= dict.fromkeys(("tm", "ts", "tmw", "tsw"), 0x1F) | {f"bg{n}sc": 0x7F for n in range(1, 5)}


def registers(seed: int) -> PpuRegisters:
    values = probe_rom.random_registers(np.random.default_rng(seed))
    return PpuRegisters(**{name: value & _MASKS.get(name, 0xFFFF) for name, value in values.items()})


def channel(n: int) -> DmaChannel:
    return DmaChannel(dmap=n * 33 & 0xFF, bbad=n, a1t=n << 8, a1b=0x7E, das=n, dasb=0x7F, a2a=n + 9, ntrl=0x80 | n)


SNAPSHOT = Snapshot(
    vram=RNG.integers(0, 256, 0x10000, np.uint8),
    cgram=RNG.integers(0, 0x8000, 256, np.uint16),
    oam=RNG.integers(0, 256, 544, np.uint8),
    wram=RNG.integers(0, 256, 0x20000, np.uint8),
    ppu=registers(0),
    cpu=CpuRegisters(nmitimen=0xB1, hdmaen=0x42, htime=300, vtime=200, dma=tuple(map(channel, range(8)))),
    frame=70000,
    field=1,
)
VALUES = values_of(SNAPSHOT)
STATE = build_file(VALUES)


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("packed", [False, True])
def test_everything_is_read_from_both_formats(version: int, packed: bool) -> None:
    fields = parse_state(build_file(VALUES, version=version, packed=packed))
    assert (fields.version, fields.rom_name, fields.frame, fields.field) == (version, "game.sfc", 70000, 1)
    for name in ("vram", "cgram", "oam", "wram"):
        assert np.array_equal(getattr(fields, name), getattr(SNAPSHOT, name)), name
    assert fields.ppu == SNAPSHOT.ppu
    assert fields.cpu == SNAPSHOT.cpu
    assert fields.bwram is None
    assert fields.iram is None


@pytest.mark.parametrize("seed", range(1, 9))
def test_each_register_is_put_together_from_its_values(seed: int) -> None:
    snapshot = Snapshot(
        vram=SNAPSHOT.vram, cgram=SNAPSHOT.cgram, oam=SNAPSHOT.oam, ppu=registers(seed), cpu=SNAPSHOT.cpu
    )
    assert parse_state(build_file(values_of(snapshot))).ppu == snapshot.ppu


def test_addresses_count_words() -> None:
    values = VALUES | {"ppu.oamMode": b"\3", "ppu.oamBaseAddress": b"\0\x60", "ppu.oamAddressOffset": b"\0\x10"}
    assert parse_state(build_file(values)).ppu.obsel == 0x63


def test_vram_is_not_taken_from_the_screenshot() -> None:
    screen = np.full((239, 256), 0x7FFF, np.uint16)
    fields = parse_state(build_file(VALUES, screen=screen))
    assert np.array_equal(fields.vram, SNAPSHOT.vram)


@pytest.mark.parametrize(("overscan", "first", "lines"), [(False, 7, 224), (True, 0, 239)])
def test_the_screenshot_is_the_emulators_picture(overscan: bool, first: int, lines: int) -> None:
    screen = RNG.integers(0, 0x8000, (239, 256), np.uint16)
    picture = parse_state(build_file(VALUES | {"ppu.overscanMode": bytes([overscan])}, screen=screen)).picture
    if overscan:  # 225 is then a line of the picture
        assert picture is None
        values = VALUES | {"ppu.overscanMode": b"\1", "ppu.scanline": struct.pack("<H", 240)}
        picture = parse_state(build_file(values, screen=screen)).picture
    assert picture is not None
    assert picture.shape == (lines, 256, 3)
    word = int(screen[first + 3, 5])
    assert [int(level) >> 3 for level in picture[3, 5]] == [word & 31, word >> 5 & 31, word >> 10]


@pytest.mark.parametrize(
    ("mode", "hires", "interlace", "step"),
    [(1, 0, 1, (1, 2)), (1, 1, 0, (2, 1)), (5, 0, 0, (2, 1)), (5, 0, 1, (1, 1)), (1, 0, 0, (2, 2))],
)
def test_a_doubled_screenshot_is_halved_where_the_console_does_not_double(
    mode: int, hires: int, interlace: int, step: tuple[int, int]
) -> None:
    screen = RNG.integers(0, 0x8000, (478, 512), np.uint16)
    values = VALUES | {"ppu.bgMode": bytes([mode]), "ppu.hiResMode": bytes([hires])}
    values |= {"ppu.screenInterlace": bytes([interlace])}
    picture = parse_state(build_file(values, screen=screen)).picture
    assert picture is not None
    assert np.array_equal(picture[..., 0] >> 3, screen[14 : 14 + 448 : step[0], :: step[1]] & 31)


def test_a_screenshot_of_another_size_is_no_picture() -> None:
    assert parse_state(build_file(VALUES, screen=np.zeros((240, 256), np.uint16))).picture is None


@pytest.mark.parametrize(
    ("line", "knows_cpu", "at_the_start"), [(100, False, False), (225, True, True), (241, True, False)]
)
def test_what_a_state_cannot_tell_off_the_start_of_vblank_is_unknown(
    line: int, knows_cpu: bool, at_the_start: bool
) -> None:
    fields = parse_state(build_file(values_of(SNAPSHOT, scanline=line)))
    assert fields.ppu.obsel == SNAPSHOT.ppu.obsel
    assert (fields.cpu is not None) == knows_cpu
    assert (fields.ppu.cgadd is not None, fields.picture is not None) == (at_the_start, at_the_start)


@pytest.mark.parametrize(
    ("missing", "register"),
    [
        ("ppu.oamAddressOffset", "obsel"),
        ("ppu.layers[2].largeTiles", "bgmode"),
        ("ppu.maskLogic[3]", "wbglog"),
        ("ppu.colorMathClipMode", "cgwsel"),
    ],
)
def test_a_register_without_all_of_its_values_is_unknown(missing: str, register: str) -> None:
    ppu = parse_state(build_file({key: value for key, value in VALUES.items() if key != missing})).ppu
    assert getattr(ppu, register) is None
    assert ppu.tm == SNAPSHOT.ppu.tm


def test_the_memories_of_an_sa1_are_read() -> None:
    iram, bwram = RNG.integers(0, 256, 0x800, np.uint8), RNG.integers(0, 256, 0x2000, np.uint8)
    values = VALUES | {"cart.coprocessor.iRam": iram.tobytes(), "cart.saveRam": bwram.tobytes()}
    fields = parse_state(build_file(values))
    assert fields.iram is not None
    assert fields.bwram is not None
    assert (fields.iram.tobytes(), fields.bwram.tobytes()) == (iram.tobytes(), bwram.tobytes())
    # without an SA-1 the cartridge's RAM is only a save file
    assert parse_state(build_file(VALUES | {"cart.saveRam": bwram.tobytes()})).bwram is None


def test_other_files_are_refused_with_the_reason() -> None:
    for wrong, message in (
        (build_file(VALUES, console=2), "a game for NES"),
        (build_file(VALUES, version=5), "format 5 is not known.*update Halscope"),
        (build_file(VALUES, version=2), "format 2 is not known.*save it with Mesen 2"),
        (STATE[:-1], "truncated"),
        (STATE[:40], "truncated"),
        (build_file(VALUES | {"ppu.vram": bytes(512)}), "ppu.vram has 512 bytes, expected 65536"),
        (build_file({key: one for key, one in VALUES.items() if key != "ppu.cgram"}), "no value ppu.cgram"),
        (build_file({"ppu vram": b""}), "no value begins at offset 0x0"),
        (b"MSX" + STATE[3:], "begins with b'MSX'"),
    ):
        with pytest.raises(FormatError, match=message):
            parse_state(wrong)


def test_sizes_are_checked_before_anything_is_allocated() -> None:
    shot = 15 + 16  # the packed size of the screenshot
    name = shot + 4 + int.from_bytes(STATE[shot : shot + 4], "little")
    machine = name + 4 + len("game.sfc") + 1
    huge = struct.pack("<I", 2 << 30)
    bomb = zlib.compress(bytes(64 << 20))
    tracemalloc.start()
    try:
        for at in (shot, name, machine, machine + 4):
            with pytest.raises(FormatError, match=r"claims|has 2147483648"):
                parse_state(STATE[:at] + huge + STATE[at + 4 :])
        with pytest.raises(FormatError, match="unpacks to more bytes, expected 1000"):
            parse_state(STATE[:machine] + struct.pack("<II", 1000, len(bomb)) + bomb)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()
    many = b"".join(b"a%d\0\0\0\0\0" % n for n in range(100_000))
    with pytest.raises(FormatError, match="no value begins"):
        parse_state(STATE[: machine - 1] + b"\0" + many)


@examples(200)
@given(st.data())
def test_damage_raises_nothing_but_a_format_error(data: st.DataObject) -> None:
    state = bytearray(build_file({**VALUES, "memoryManager.workRam": bytes(0x20000)}, packed=data.draw(st.booleans())))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, min(len(state) - 1, 40_000)))
        state[at] = data.draw(st.integers(0, 255))
    with contextlib.suppress(FormatError):
        parse_state(bytes(state[: data.draw(st.integers(0, len(state)))] if data.draw(st.booleans()) else state))


@examples(200)
@given(st.binary(max_size=400))
def test_any_values_raise_nothing_but_a_format_error(machine: bytes) -> None:
    head = STATE[: STATE.index(b"game.sfc") + 8]
    with contextlib.suppress(FormatError):
        parse_state(head + b"\0" + machine)


def test_a_state_is_recognised_among_other_files(tmp_path: Path) -> None:
    path = tmp_path / "game_1.mss"
    path.write_bytes(STATE)
    (loaded,) = load_states([path], obsel=0)
    assert loaded.name == "game_1"
    assert loaded.snapshot.ppu == SNAPSHOT.ppu
    assert loaded.snapshot.rom is not None
    assert loaded.snapshot.rom.path == "game.sfc"
    assert loaded.snapshot.picture is not None
