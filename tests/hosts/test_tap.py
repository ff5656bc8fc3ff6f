"""The tap around every core: it publishes what a frontend in this process sees, and writes reach the game."""

from __future__ import annotations

import itertools
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from halscope.demo import rom_path
from halscope.hosts._ring import PLACES_PROVEN, STATES_OFF, RingClient, find_rings
from halscope.hosts.libretro import LibretroHost, find_core
from halscope.hosts.retroarch import RetroArchHost, tap_library
from halscope_hooks import HostError, HostGoneError, Outline, Snapshot, Write
from support import probe_rom, taps
from support.cores import installed_cores, two_cores
from support.made_host import eventually
from support.stately_game import stately_game

rings = taps.rings
pytestmark = pytest.mark.usefixtures("rings")
EVERY_CORE = (
    "test_snapshots_are_those_of_the_core_in_process",
    "test_a_write_is_there_in_the_next_frame",
    "test_the_rom_that_the_core_reads_is_written",
    "test_a_state_brings_back_the_frame_that_it_was_saved_at",
)
"""Tests of what each profile of a core keeps elsewhere; the others run on snes9x and one profile of bsnes-mercury."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("core", installed_cores() if metafunc.function.__name__ in EVERY_CORE else two_cores())


FRAMES = 20  # more than the ring holds
MEMORIES = ("vram", "cgram", "oam", "picture")


@pytest.fixture
def frontend(core: str, rings: Path) -> Iterator[LibretroHost]:
    with taps.tapped(core, stately_game(["oam", "vram", "cgram", "scroll"])) as running:
        yield running


@pytest.fixture
def host(frontend: LibretroHost) -> Iterator[RetroArchHost]:
    with taps.attached() as host:
        for _ in range(6):  # bsnes-mercury's places are proven once the game has filled them
            frontend.step()
            host.poll(0)
        assert host._ring.context & PLACES_PROVEN
        yield host


def write(frontend: LibretroHost, host: RetroArchHost, *writes: Write) -> Snapshot:
    """Write, run a frame, and return it."""
    receipt = host.write(writes)
    assert not receipt.done
    _, outside = taps.step(frontend, host)
    assert receipt.done
    assert receipt.error is None, receipt.error
    return outside


def test_snapshots_are_those_of_the_core_in_process(frontend: LibretroHost, host: RetroArchHost) -> None:
    assert host.info.rom.sha256 == frontend.info.rom.sha256
    assert host.info.readable == frontend.info.readable
    assert host.info.capabilities == {"pushing", "overlay", "stateful", "tracing"}
    numbers = []
    for _ in range(FRAMES):
        inside, outside = taps.step(frontend, host)
        for name in MEMORIES:
            assert np.array_equal(getattr(inside, name), getattr(outside, name)), name
        assert (inside.ppu, inside.cpu, inside.field) == (outside.ppu, outside.cpu, outside.field)
        assert inside.ages == outside.ages
        numbers.append(outside.frame)
    assert numbers == list(range(numbers[0], numbers[0] + FRAMES))


def test_a_write_is_there_in_the_next_frame(frontend: LibretroHost, host: RetroArchHost) -> None:
    for one, kept in (
        (Write("vram", 0x4000, bytes(range(1, 65))), bytes(range(1, 65))),
        (Write("wram", 0x1F000, b"halscope"), b"halscope"),
        (Write("cgram", 0x101, b"\x12\x34\x05"), b"\x12\x34\x05"),  # 15 bits of each word
        (Write("oam", 0x30, b"\x44\x55\x66"), b"\x44\x55\x66"),
    ):
        outside = write(frontend, host, one)
        memory = getattr(outside, one.space).view(np.uint8)
        assert memory[one.offset : one.offset + len(one.data)].tobytes() == kept, one.space


def test_no_frame_is_held_up_while_the_places_of_oam_and_cgram_are_proven(core: str, rings: Path) -> None:
    """Our game begins with a VRAM that is blank for the most part."""
    with (
        rom_path() as rom,
        taps.tapped(core, rom, registers=False, wram=False, picture=False) as frontend,
        taps.attached() as host,
    ):
        times = []
        for _ in range(60):
            began = time.process_time()
            frontend.step()
            times.append(time.process_time() - began)
            host.poll(0)
        assert host._ring.context & PLACES_PROVEN
    assert max(times) < 15 * sorted(times)[30]


def test_a_write_whose_expected_bytes_are_not_there_changes_nothing(
    frontend: LibretroHost, host: RetroArchHost
) -> None:
    before = taps.step(frontend, host)[1].vram[0x4000:0x4010].tobytes()
    wrong = bytes(byte ^ 0xFF for byte in before)
    receipt = host.write([Write("vram", 0x5000, b"first"), Write("vram", 0x4000, b"x" * 16, expected=wrong)])
    after = taps.step(frontend, host)[1]
    assert isinstance(receipt.error, HostError)
    assert "expected bytes" in str(receipt.error)
    assert after.vram[0x4000:0x4010].tobytes() == before
    assert after.vram[0x5000:0x5005].tobytes() != b"first"
    once = Write("vram", 0x4000, b"x" * 16, expected=before)
    write(frontend, host, once)
    write(frontend, host, once)  # it holds the edit already, as after a restart of Halscope


def test_writes_outside_a_memory_are_refused_at_once(host: RetroArchHost) -> None:
    for space, size in (("vram", 0x10000), ("cgram", 512), ("oam", 544), ("wram", 0x20000), ("rom", 0x40000)):
        with pytest.raises(HostError, match="outside"):
            host.write([Write(space, size - 1, b"ab")])  # type: ignore[arg-type]
    with pytest.raises(HostError, match="not writable"):
        host.write([Write("bwram", 0, b"a")])


def test_the_rom_that_the_core_reads_is_written(core: str, rings: Path) -> None:
    rom = stately_game(["vram"])
    with taps.tapped(core, rom) as frontend, taps.attached() as host:
        for _ in range(8):
            frontend.step()
            host.poll(0)
        assert "rom" in host.info.writable
        assert host.rom_image == rom
        fresh = rom[probe_rom.VRAM_OFFSET : probe_rom.VRAM_OFFSET + 64][::-1]
        assert fresh != rom[probe_rom.VRAM_OFFSET : probe_rom.VRAM_OFFSET + 64]
        write(frontend, host, Write("rom", probe_rom.VRAM_OFFSET, fresh))
        frontend.reset()  # the game copies its VRAM from the ROM again
        for _ in range(8):
            _, outside = taps.step(frontend, host)
        assert outside.vram[4:64].tobytes() == fresh[4:]


def counter(snapshot: Snapshot | None) -> int:
    """What the game counts each frame."""
    assert snapshot is not None
    return int(snapshot.vram.view("<u2")[0])


def newest(host: RetroArchHost) -> int:
    """The counter in the newest frame."""
    found = counter(host.poll(60))
    while (snapshot := host.poll(0)) is not None:
        found = counter(snapshot)
    return found


@contextmanager
def running(frontend: LibretroHost) -> Iterator[list[int]]:
    """The frontend runs by itself, as an emulator does: what the game has counted in each frame so far."""
    stop = threading.Event()
    counted: list[int] = []

    def run() -> None:
        while not stop.wait(0.005):
            counted.append(counter(frontend.step()))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield counted
    finally:
        stop.set()
        thread.join()


def test_a_state_brings_back_the_frame_that_it_was_saved_at(frontend: LibretroHost, host: RetroArchHost) -> None:
    with running(frontend) as counted:
        state = host.save_state()
        saved = newest(host)
        while newest(host) < saved + 10:
            pass
        host.load_state(state)
        assert eventually(lambda: jumps(counted)), "it was not loaded"
        assert jumps(counted)[0] <= saved + 1
        while newest(host) < saved + 10:
            pass
        host.reset()  # the game loads its graphics again, and then counts from the start
        assert eventually(lambda: len(jumps(counted)) > 1), "it was not reset"
        assert newest(host) is not None


def jumps(counted: list[int]) -> list[int]:
    """What the game counted in the frames in which it counted less than in the one before."""
    return [now for before, now in itertools.pairwise(counted.copy()) if now < before]


@pytest.mark.slow
def test_a_paused_emulator_is_said_to_be_one(
    frontend: LibretroHost, host: RetroArchHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("halscope.hosts.retroarch.host._ANSWER", 0.3)
    with pytest.raises(HostError, match="paused"):
        host.reset()
    with pytest.raises(HostError, match="paused"):
        host.save_state()


def test_rewinding_by_the_frontends_own_states_is_followed(frontend: LibretroHost, host: RetroArchHost) -> None:
    counters, states = [], []
    for _ in range(5):
        states.append(frontend.save_state())
        counters.append(int(taps.step(frontend, host)[1].vram.view("<u2")[0]))
    for state, counter in zip(reversed(states), reversed(counters), strict=True):
        frontend.load_state(state)
        inside, outside = taps.step(frontend, host)
        assert np.array_equal(inside.vram, outside.vram)
        assert abs(int(outside.vram.view("<u2")[0]) - counter) <= 1


def test_outlines_are_drawn_on_the_screen_and_not_in_snapshots(frontend: LibretroHost, host: RetroArchHost) -> None:
    host.draw_outlines([Outline(16, 24, 32, 8, 0xFF00FF), Outline(1 << 40, -(1 << 40), 8, 8)])
    inside, outside = taps.step(frontend, host)
    assert inside.picture is not None
    assert outside.picture is not None
    pink = (inside.picture == (0xFF, 0, 0xFF)).all(axis=2)
    assert pink[24, 16:48].all()
    assert pink[31, 16:48].all()
    assert pink[24:32, 16].all()
    assert pink[24:32, 47].all()
    assert not pink[26:30, 20:40].any()
    assert not (outside.picture == (0xFF, 0, 0xFF)).all(axis=2)[24, 16:48].all()
    host.draw_outlines([])
    inside, outside = taps.step(frontend, host)
    assert np.array_equal(inside.picture, outside.picture)  # type: ignore[arg-type]


def test_labels_are_drawn_above_their_outlines_and_inside_the_screen(
    frontend: LibretroHost, host: RetroArchHost
) -> None:
    host.draw_outlines([Outline(16, 24, 32, 8, 0xFF00FF, "it"), Outline(250, 0, 6, 6, 0xFF00FF, "I\N{BLACK STAR}")])
    inside, _ = taps.step(frontend, host)
    assert inside.picture is not None
    lit = inside.picture >= 0xF8  # of the five bits that a core's picture has
    above = lit[18:23, 17:24].all(axis=2)
    assert ["".join(".#"[dot] for dot in row) for row in above.astype(int)] == [
        "###.###",
        ".#...#.",
        ".#...#.",
        ".#...#.",
        "###..#.",
    ]
    assert lit[1, 248:251].all()  # an I, moved to the left so that the label fits
    assert lit[1, 252:255].all()  # and a question mark
    assert not inside.picture[17, 16:25].any()  # on black


def test_outlines_do_not_outlive_the_halscope_that_drew_them(frontend: LibretroHost, host: RetroArchHost) -> None:
    host.draw_outlines([Outline(16, 24, 32, 8, 0xFF00FF)])
    taps.step(frontend, host)
    host.close()
    picture = frontend.step().picture
    assert picture is not None
    assert not (picture == (0xFF, 0, 0xFF)).all(axis=2)[24, 16:48].all()


def test_a_second_content_in_one_process_has_a_ring_of_its_own(core: str, rings: Path) -> None:
    first = stately_game(["vram"])
    with rom_path() as path:
        second = path.read_bytes()
    with taps.tapped(core, first) as frontend:
        old = taps.only_ring().path
        host = RetroArchHost(old)
        frontend.step()
    host.poll(0)  # the frame that was published before
    with pytest.raises(HostGoneError, match="closed the game"):
        host.poll(1)
    host.close()
    assert find_rings() == []
    with taps.tapped(core, second) as frontend, taps.attached() as host:
        assert taps.only_ring().path != old
        for _ in range(60):
            frontend.step()
            host.poll(0)
        inside, outside = taps.step(frontend, host)
        assert np.array_equal(inside.vram, outside.vram)
        assert host.rom_image == second


def options_of(frontend: LibretroHost) -> Any:
    """libretro.py's options of the core."""
    session: Any = frontend._machine._session
    return session.options


def test_options_are_added_to_the_inner_cores_own(core: str, frontend: LibretroHost) -> None:
    options = options_of(frontend)
    names = [name.decode() for name in options.definitions]
    assert names[-2:] == ["halscope_tap_inner", "halscope_tap_registers"]
    assert len(names) > 4
    assert options.variables[b"halscope_tap_inner"].decode() == find_core(core).stem
    assert options.variables[b"halscope_tap_registers"] == b"on"


def test_without_registers_no_state_is_saved(frontend: LibretroHost, rings: Path) -> None:
    options_of(frontend).variables[b"halscope_tap_registers"] = b"off"
    with RingClient(taps.only_ring().path) as ring:
        for _ in range(70):  # the option is looked at once a second
            frontend.step()
        frames = [frame for _ in range(4) if (frame := ring.next_frame(0)) is not None]
        frontend.step()
        last = ring.next_frame(0)
        assert frames
        assert last is not None
        assert "state" not in last.parts
        assert ring.context & STATES_OFF


def test_the_option_names_the_core_of_the_next_load(core: str, rings: Path, tmp_path: Path) -> None:
    """The tap beside two cores; the user chooses the other one, and loads a game again."""
    tap = tmp_path / "halscope_tap_libretro.so"
    shutil.copy(tap_library(), tap)
    other = tmp_path / "bsnes_other_libretro.so"
    shutil.copy(find_core(core), other)
    (tmp_path / "halscope_tap.cfg").write_text(f"# mine\ninner = {find_core(core)}\n")
    with LibretroHost(stately_game([]), tap) as frontend:
        assert taps.only_ring().text["inner"] == str(find_core(core))
        options_of(frontend).variables[b"halscope_tap_inner"] = b"bsnes_other_libretro"
        for _ in range(70):
            frontend.step()
    with LibretroHost(stately_game([]), tap) as frontend:
        assert taps.only_ring().text["inner"] == str(other)


@pytest.mark.parametrize(("folder", "comment"), [("#1 of c#", " # the best one"), ("my #1", "")])
def test_a_number_sign_in_the_path_of_the_inner_core_begins_no_comment(
    core: str, rings: Path, tmp_path: Path, folder: str, comment: str
) -> None:
    tap = tmp_path / "halscope_tap_libretro.so"
    shutil.copy(tap_library(), tap)
    inner = tmp_path / folder / "inner_libretro.so"
    inner.parent.mkdir()
    shutil.copy(find_core(core), inner)
    (tmp_path / "halscope_tap.cfg").write_text(f"# mine\n\t# indented\ninner = {inner}{comment}\n")
    with LibretroHost(stately_game([]), tap):
        assert taps.only_ring().text["inner"] == str(inner)


@pytest.mark.parametrize("inner", ["", "/nonexistent_libretro.so", "tap", "folder"])
def test_without_an_inner_core_a_game_does_not_load(
    core: str, rings: Path, monkeypatch: pytest.MonkeyPatch, inner: str
) -> None:
    named = {"tap": str(tap_library()), "folder": str(rings)}.get(inner, inner)
    monkeypatch.setenv("HALSCOPE_TAP_INNER", named)
    with pytest.raises(HostError):
        LibretroHost(stately_game([]), tap_library())
    assert find_rings() == []


def test_a_ring_that_cannot_be_created_does_not_stop_the_game(
    core: str, rings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = rings
    while len(str(folder)) < 3850:  # the folder has a valid name, and no file in it
        folder /= "x" * 200
    folder /= "x" * (4090 - len(str(folder)))
    folder.mkdir(parents=True)
    folder.chmod(0o700)
    monkeypatch.setenv("HALSCOPE_RUNTIME_DIR", str(folder))
    with taps.tapped(core, stately_game([])) as frontend:
        assert frontend.step().vram.size == 0x10000
        assert list(folder.iterdir()) == []


def test_a_state_that_is_cut_is_refused(frontend: LibretroHost, host: RetroArchHost) -> None:
    taps.step(frontend, host)
    with running(frontend):
        state = host.save_state()
        with pytest.raises(HostError, match="state"):
            host.load_state(state[: len(state) // 2])
        host.load_state(state)


def test_a_state_of_another_version_is_refused_and_the_game_goes_on(
    frontend: LibretroHost, host: RetroArchHost
) -> None:
    """The frontend keeps its states when the core inside is exchanged for another version."""
    # snes9x takes older ones than its own. Behind its magic, or behind BST1: the version.
    at, versions = (9, [b"0099"]) if "Snes9x" in frontend.info.emulator else (4, [b"\x63\0\0\0", b"\1\0\0\0"])
    for version in versions:
        state = bytearray(frontend.save_state())
        assert state[at : at + 4] != version
        state[at : at + 4] = version
        with pytest.raises(HostError, match="refused the state"):
            frontend.load_state(bytes(state))
        before, _ = taps.step(frontend, host)
        with running(frontend), pytest.raises(HostError, match="refused the state"):
            host.load_state(bytes(state))
        while host.poll(0) is not None:
            pass
        inside, outside = taps.step(frontend, host)
        assert inside.frame > before.frame
        for name in MEMORIES:
            assert np.array_equal(getattr(inside, name), getattr(outside, name)), name
        frontend.load_state(frontend.save_state())  # one of its own is taken as ever


def test_nothing_is_published_while_nobody_is_attached(frontend: LibretroHost, rings: Path) -> None:
    for _ in range(5):
        frontend.step()
    with taps.attached() as host:
        assert host.poll(0) is None
        frontend.step()
        frontend.step()
        host.poll(1)
        first = host._ring._next - 1
        assert first <= 2
