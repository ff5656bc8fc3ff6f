"""Tracing through the tap, around a real core: what is watched, in which frames, and that it is recorded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from halscope.formats.recording import RecordingReader
from halscope.hosts.libretro import LibretroHost, available_cores
from halscope.hosts.retroarch import RetroArchHost
from halscope.session import Session
from halscope_hooks import HostError, Touched, Write, capability
from support import small_core, taps
from support.stately_game import stately_game

rings = taps.rings
pytestmark = [
    pytest.mark.usefixtures("rings"),
    pytest.mark.skipif(not available_cores(), reason="no libretro core is installed"),
]
ROM = stately_game(["vram"])


@pytest.fixture
def frontend(rings: Path) -> Iterator[LibretroHost]:
    with taps.tapped(available_cores()[0].name, ROM, registers=False, picture=False) as running:
        yield running


@pytest.fixture
def host(frontend: LibretroHost) -> Iterator[RetroArchHost]:
    with taps.attached(picture=False) as host:
        yield host


def step(frontend: LibretroHost, host: RetroArchHost) -> tuple[int, list[Touched]]:
    """One frame: its number, and what was read in it."""
    snapshot = taps.step(frontend, host)[1]
    return snapshot.frame, list(host.take_touches())


def test_reads_are_reported_with_their_frame_and_page_and_only_if_watched(
    frontend: LibretroHost, host: RetroArchHost
) -> None:
    tracing = capability(host, "tracing")
    assert tracing is not None
    for _ in range(20):  # until the game has set up its graphics, and does the same in each frame
        assert step(frontend, host)[1] == []
    tracing.watch_rom([(0, len(ROM))])
    frame, touches = step(frontend, host)
    assert touches
    assert {touch.frame for touch in touches} == {frame}
    assert all(touch.page is not None and 0 <= touch.rom_offset - touch.page < 0x10000 for touch in touches)
    often = [{touch.rom_offset for touch in one} for one in (touches, *(step(frontend, host)[1] for _ in range(4)))]
    read = min(set.intersection(*often))
    tracing.watch_rom([(read + 1, len(ROM))])
    assert read not in {touch.rom_offset for touch in step(frontend, host)[1]}
    tracing.watch_rom([(read, read + 1)])
    assert {touch.rom_offset for touch in step(frontend, host)[1]} == {read}
    taps.step(frontend, host)
    tracing.watch_rom([])
    assert tracing.take_touches(), "what was touched before is not lost"
    assert step(frontend, host)[1] == []
    with pytest.raises(HostError, match="is not a range of a ROM"):
        tracing.watch_rom([(0, len(ROM) + 1)])


def test_writes_states_and_resets_go_on_while_the_rom_is_watched(frontend: LibretroHost, host: RetroArchHost) -> None:
    host.watch_rom([(0, len(ROM))])
    step(frontend, host)
    state = frontend.save_state()
    receipts = [host.write([Write("rom", 0x7000, bytes([fill]) * 0x800)]) for fill in (1, 2)]
    frontend.load_state(state)
    frontend.reset()
    counted = [step(frontend, host) for _ in range(3)]
    assert all(receipt.done and receipt.error is None for receipt in receipts)
    assert all(touches for _, touches in counted)
    assert frontend.save_state() != state


def test_a_rom_that_is_not_found_is_not_claimed_to_be_traced(rings: Path, tmp_path: Path) -> None:
    core = small_core.build(tmp_path, ROM_BYTES=0, ON_LOAD="rom[0x100] ^= 1")
    with taps.tapped(str(core), ROM, registers=False, picture=False), taps.attached() as host:
        assert capability(host, "tracing") is None
        with pytest.raises(HostError, match="was not found"):
            host.watch_rom([(0, 1)])


def test_what_was_read_is_recorded(frontend: LibretroHost, tmp_path: Path) -> None:
    seen = []
    session = Session(RetroArchHost(taps.only_ring().path, picture=False), owns_host=True)
    with session, session.record(tmp_path / "run.halrec") as recording:
        tracing = capability(session.host, "tracing")
        assert tracing is not None
        tracing.watch_rom([(0, len(ROM))])
        for _ in range(4):
            frontend.step()
            assert session.advance() is not None
    recording.close()
    with RecordingReader(tmp_path / "run.halrec") as reader:
        seen = [reader.touches(n) for n in range(len(reader))]
        frames = [reader[n].frame for n in range(len(reader))]
    assert all(seen)
    assert [{touch.frame for touch in touches} for touches in seen] == [{frame} for frame in frames]
