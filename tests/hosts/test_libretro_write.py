"""Writes reach the running game: the next picture shows them, and a refused call has changed nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from halscope.hosts.embedded import EmbeddedHost
from halscope.hosts.libretro import LibretroHost
from halscope_hooks import HostError, Write
from support import probe_rom
from support.cores import need_rom, two_cores

pytestmark = pytest.mark.quick

# An 8 bpp screen full of tile 0, so that one changed tile changes every pixel.
_REGISTERS = {"bgmode": 3, "tm": 0x01, "bg1sc": 0x7C, "bg1vofs": 0x3FF}
_SOLID = bytes([0xFF, 0x00] * 8 + [0x00] * 48)  # colour 1


def palette() -> np.ndarray[tuple[int], np.dtype[np.uint16]]:
    colours = np.zeros(256, "<u2")
    colours[1] = 0x001F
    return colours


CoreHost = LibretroHost | EmbeddedHost


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every core in process, and the first one in a process of its own: there the same code does the writes."""
    cores = two_cores()
    if "host" not in metafunc.fixturenames:
        metafunc.parametrize("core", cores)
        return
    in_process = [_of(LibretroHost, core) for core in cores]
    metafunc.parametrize(("kind", "core"), [*in_process, _of(EmbeddedHost, cores[0], pytest.mark.slow)])


def _of(kind: type[CoreHost], core: Any, *marks: pytest.MarkDecorator) -> Any:
    values, others = (core.values, core.marks) if hasattr(core, "values") else ((core,), ())
    return pytest.param(kind, *values, marks=[*others, *marks])


@pytest.fixture
def host(kind: type[CoreHost], core: str) -> Iterator[CoreHost]:
    with kind(probe_rom.build(cgram=palette(), registers=_REGISTERS, wram=bytes(0x20000)), core) as running:
        for _ in range(12):
            running.step()
        yield running


def shown_colour(host: CoreHost) -> list[int]:
    picture = host.step().picture
    assert picture is not None
    assert (picture == picture[0, 0]).all()
    return [int(level) for level in picture[0, 0]]


def test_a_tile_written_into_vram_is_in_the_next_picture_and_stays(host: CoreHost) -> None:
    assert shown_colour(host) == [0, 0, 0]
    host.write([Write("vram", 0, _SOLID, expected=bytes(64))])
    assert [shown_colour(host) for _ in range(30)] == [[255, 0, 0]] * 30
    host.write([Write("vram", 0, bytes(64), expected=_SOLID)])
    assert shown_colour(host) == [0, 0, 0]


def test_a_colour_written_into_cgram_is_in_the_next_picture(host: CoreHost) -> None:
    host.write([Write("vram", 0, _SOLID), Write("cgram", 2, b"\xe0\x03", expected=b"\x1f\x00")])
    assert shown_colour(host) == [0, 255, 0]
    assert host.step().cgram[:3].tolist() == [0, 0x03E0, 0]


def test_bytes_written_into_wram_are_in_the_next_snapshot(host: CoreHost) -> None:
    host.write([Write("wram", 0x1FFF0, b"halscope")])
    wram = host.step().wram
    assert wram is not None
    assert wram[0x1FFF0:0x1FFF8].tobytes() == b"halscope"


def test_bytes_written_into_the_rom_are_read_by_the_game(host: CoreHost, core: str) -> None:
    need_rom(host, core)
    offset = probe_rom.VRAM_OFFSET
    host.write([Write("rom", offset, _SOLID, expected=bytes(64))])
    assert shown_colour(host) == [0, 0, 0]  # the game reads this place at its reset alone
    host.reset()
    for _ in range(12):
        snapshot = host.step()
    assert snapshot.vram[:64].tobytes() == _SOLID
    assert shown_colour(host) == [255, 0, 0]


def test_the_next_host_gets_the_rom_as_it_is_in_the_file(core: str) -> None:
    rom = probe_rom.build(cgram=palette(), registers=_REGISTERS)
    with LibretroHost(rom, core) as first:
        need_rom(first, core)
        first.step()
        first.write([Write("rom", probe_rom.VRAM_OFFSET, _SOLID)])
    with LibretroHost(rom, core) as second:
        for _ in range(12):
            snapshot = second.step()
    assert not snapshot.vram.any()


def test_a_refused_call_has_written_nothing(host: CoreHost) -> None:
    for bad in (
        Write("vram", 0x100, b"x", expected=b"y"),
        Write("rom", 0x7FC0, b"x", expected=b"y"),
        Write("vram", 0xFFFF, b"xx"),
        Write("vram", -1, b"x"),
        Write("cgram", 511, b"xx"),
        Write("wram", 0x20000, b"x"),
        Write("rom", probe_rom.ROM_BYTES, b"x"),
    ):
        with pytest.raises(HostError, match=bad.space):
            host.write([Write("vram", 0, _SOLID), Write("wram", 0x8000, b"halscope"), bad])
        snapshot = host.step()
        assert not snapshot.vram.any(), bad
        assert snapshot.wram is not None
        assert not snapshot.wram[0x8000:0x8008].any(), bad
        assert shown_colour(host) == [0, 0, 0], bad


def test_a_write_does_not_shift_pictures_against_memories(core: str) -> None:
    rom = probe_rom.build(cgram=palette(), registers={"bgmode": 3}, animate=["cgram"])
    with LibretroHost(rom, core) as host:
        for _ in range(12):
            host.step()
        numbers = []
        for frame in range(20):
            if frame % 3 == 0:
                host.write([Write("vram", 0x4000 + frame, b"\x01")])
            snapshot = host.step()
            assert snapshot.picture is not None
            numbers.append(int(snapshot.cgram[0]))
            assert int(snapshot.picture[0, 0, 0]) >> 3 == numbers[-1]
    assert numbers == list(range(numbers[0], numbers[0] + 20))


def test_a_loaded_state_goes_on_where_it_was_saved(host: CoreHost) -> None:
    before = host.step()
    state = host.save_state()
    host.write([Write("vram", 0, _SOLID)])
    assert shown_colour(host) == [255, 0, 0]
    host.load_state(state)
    assert shown_colour(host) == [0, 0, 0]
    after = host.step()
    assert np.array_equal(before.vram, after.vram)
    assert after.frame == before.frame + 3


def test_a_state_of_something_else_is_refused_and_the_game_goes_on(host: CoreHost) -> None:
    with pytest.raises(HostError, match="state"):
        host.load_state(b"not a state")
    host.step()


def test_a_state_of_another_version_is_refused_and_the_game_goes_on(host: CoreHost) -> None:
    before = host.step()
    state = bytearray(host.save_state())
    # snes9x: "#!s9xsnp:" and four digits. bsnes: "BST1" and a number, which each version raises.
    digits = slice(9, 13) if state.startswith(b"#!s9xsnp:") else slice(4, 8)
    state[digits] = b"9999"
    with pytest.raises(HostError, match="of another core, version or game"):
        host.load_state(bytes(state))
    after = host.step()
    assert after.frame == before.frame + 1
    assert np.array_equal(before.vram, after.vram)


def test_held_buttons_reach_the_game_until_they_are_let_go(host: CoreHost) -> None:
    def pad() -> int:
        for _ in range(3):
            wram = host.step().wram
        assert wram is not None
        return int(wram[probe_rom.JOYPAD]) | int(wram[probe_rom.JOYPAD + 1]) << 8

    assert pad() == 0
    host.press({"start", "a"})
    assert pad() == 0x1080
    host.press({"select"})
    assert pad() == 0x2000
    host.press(())
    assert pad() == 0
    with pytest.raises(HostError, match="turbo"):
        host.press({"turbo"})
