"""Tracing of the embedded host: the game's reads of the ROM, by the first touch of each page in a frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from halscope.demo import rom_path, truth
from halscope.hosts.embedded import EmbeddedHost, _frames
from halscope_hooks import HostError, HostGoneError, Touched, Write, capability
from support import probe_rom, small_core
from support.cores import installed_cores

ROM_BYTES = len(probe_rom.build())
PRESS_EVERY = 100  # frames; START brings the demo ROM's next scene
FRAMES = 345


@pytest.mark.slow
@pytest.mark.parametrize("core", installed_cores()[:2])
def test_the_demo_roms_blocks_are_caught_at_their_first_byte(core: str) -> None:
    starts = {block["offset"] for block in truth()["blocks"]}
    with rom_path() as rom, EmbeddedHost(rom, core, wram=False, picture=False, registers=False) as host:
        host.watch_rom([(0, rom.stat().st_size)])
        touches: list[Touched] = []
        for frame in range(FRAMES):
            host.press({"start"} if frame % PRESS_EVERY > PRESS_EVERY - 6 else ())
            host.step()
            new = host.take_touches()
            assert {touch.frame for touch in new} <= {frame}
            touches += new
            pages = [touch.page for touch in new if touch.page is not None]
            assert len(pages) == len(new)
            assert all(0 <= touch.rom_offset - page < 0x10000 for touch, page in zip(new, pages, strict=True))
            assert len({page % 0x1000 for page in pages}) <= 1
    caught = starts & {touch.rom_offset for touch in touches}
    assert len(starts) == 49
    assert len(caught) >= 47, sorted(starts - caught)
    # The game's own program reads in every frame, which must not be reported for ever.
    assert len(touches) < 15 * FRAMES


def reading(*statements: str) -> str:
    """C code that lets a small core read: `at(offset)`."""
    return (
        "do { static volatile char sink; volatile char *p = rom;"
        + "".join(f"{one};" for one in statements)
        + "} while (0)"
    )


def at(offset: int) -> str:
    return f"sink = p[{offset:#x}]"


def offsets(host: EmbeddedHost) -> list[int]:
    host.step()
    return [touch.rom_offset for touch in host.take_touches()]


def test_exactly_the_ranges_are_watched_and_can_be_replaced(tmp_path: Path) -> None:
    core = small_core.build(
        tmp_path, ON_RUN=reading(at(0x3123), at(0x5456), at(0x3124), at(0x5457)), ROM_BYTES=ROM_BYTES
    )
    with EmbeddedHost(probe_rom.build(), core) as host:
        tracing = capability(host, "tracing")
        assert tracing is not None
        assert offsets(host) == []
        tracing.watch_rom([(0x3000, 0x3124), (0x5457, 0x5458)])
        assert offsets(host) == [0x3123, 0x5457]
        tracing.watch_rom([(0x5456, 0x5457)])
        assert offsets(host) == [0x5456]
        host.step()
        tracing.watch_rom([])
        assert offsets(host) == [0x5456], "what was touched before is not lost"
        assert offsets(host) == []
        with pytest.raises(HostError, match="is not a range of a ROM"):
            tracing.watch_rom([(0, ROM_BYTES + 1)])


def test_touches_come_with_their_frames_and_those_that_did_not_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = small_core.build(tmp_path, ON_RUN=reading(at(0x3123), at(0x5456)), ROM_BYTES=ROM_BYTES)
    with EmbeddedHost(probe_rom.build(), core) as host:
        host.watch_rom([(0, ROM_BYTES)])
        requests: list[object] = []
        ask = host._ask

        def noted(request: tuple[object, ...], what: str) -> object:
            requests.append(request[0])
            return ask(request, what)

        monkeypatch.setattr(host, "_ask", noted)
        assert offsets(host) == [0x3123, 0x5456]
        assert requests == ["step"]
        monkeypatch.setattr(_frames, "_MOST_TOUCHES", 3)  # kept here, if nobody takes them
        host.step()
        host.step()
        late = [(touch.frame, touch.rom_offset) for touch in host.take_touches()]
        assert late == [(1, 0x3123), (1, 0x5456), (2, 0x3123), (2, 0x5456)]
        assert requests == ["step", "step", "step", "touches"]
        assert offsets(host) == [0x3123, 0x5456]
        assert requests[4:] == ["step"]


@pytest.mark.slow
def test_writes_states_and_resets_go_on_while_the_rom_is_watched(tmp_path: Path) -> None:
    copy_to_vram = "memcpy(vram, rom + 0x3000, 0x2000)"
    core = small_core.build(tmp_path, ON_RUN=copy_to_vram, ROM_BYTES=ROM_BYTES)
    with EmbeddedHost(probe_rom.build(), core) as host:
        host.watch_rom([(0, ROM_BYTES)])
        for fill in range(1, 4):
            mark = bytes([fill]) * 0x1800
            assert host.write([Write("rom", 0x3400, mark)]).error is None
            host.load_state(host.save_state())
            host.reset()
            snapshot = host.step()
            assert np.array_equal(snapshot.vram[0x400:0x1C00], np.frombuffer(mark, np.uint8))
            assert [touch.frame for touch in host.take_touches()] == [snapshot.frame] * 3


@pytest.mark.slow
def test_a_core_that_crashes_while_its_rom_is_watched_ends_as_it_always_does(tmp_path: Path) -> None:
    act = reading(at(0x3123), 'puts("table 7 is bad")', "if (frame == 3) *(volatile int *)8 = 1")
    core = small_core.build(tmp_path, ON_RUN=act, ROM_BYTES=ROM_BYTES)
    host = EmbeddedHost(probe_rom.build(), core)
    host.watch_rom([(0, ROM_BYTES)])
    assert offsets(host) == [0x3123]
    host.step()
    with pytest.raises(HostGoneError, match=r"crashed \(SIGSEGV\) when it ran frame 2; the last it printed: table 7"):
        host.step()
    with pytest.raises(HostGoneError):
        host.take_touches()
    host.close()


@pytest.mark.slow
def test_of_two_copies_the_one_that_the_game_reads_is_watched(tmp_path: Path) -> None:
    runs_from_its_own = (
        "static char *own",
        f"if (!own) own = memcpy(malloc({ROM_BYTES}), rom, {ROM_BYTES})",
        "p = own",
        "if (frame > 2) " + at(0x3123),
    )
    core = small_core.build(tmp_path, ON_RUN=reading(*runs_from_its_own), ROM_BYTES=ROM_BYTES)
    with EmbeddedHost(probe_rom.build(), core) as host:
        host.step()
        host.watch_rom([(0, ROM_BYTES)])
        assert [offsets(host) for _ in range(3)] == [[], [0x3123], [0x3123]]


@pytest.mark.slow
def test_a_host_whose_rom_is_not_found_does_not_claim_to_trace(tmp_path: Path) -> None:
    core = small_core.build(tmp_path, ROM_BYTES=0, ON_LOAD="rom[0x100] ^= 1")
    with EmbeddedHost(probe_rom.build(), core) as host:
        assert capability(host, "tracing") is None
        with pytest.raises(HostError, match="its reads cannot be observed"):
            host.watch_rom([(0, 1)])
