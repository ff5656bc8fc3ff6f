"""The real RetroArch with Halscope's core: it is watched, written to, rewound, reset, closed and killed."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from halscope.demo import rom_path, truth
from halscope.hosts._ring import RUN_AHEAD, RingClient, find_rings
from halscope.hosts.libretro import available_cores
from halscope.hosts.retroarch import RetroArchHost
from halscope_hooks import HostGoneError, Snapshot, Write
from support import retroarch_process, taps
from support.attached import Attached, repaint, shows, whole_sheets
from support.retroarch_process import RetroArchProcess
from support.same_moment import go_to, moment_of, poll_until, variable, write_all

rings = taps.rings
# The tap's own tests run every core; here snes9x and one bsnes-mercury, whose states are unlike snes9x's.
CORES = [core.name for core in available_cores()][:2]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(retroarch_process.why_not()), reason=retroarch_process.why_not() or "it is installed"),
    pytest.mark.skipif(not CORES, reason="no libretro core is installed"),
]
COUNTER = truth()["symbols"]["frame_counter"]
STARTS = {block["offset"] for block in truth()["blocks"]}
MEADOW = next(scene for scene in truth()["scenes"] if scene["name"] == "meadow")


@pytest.fixture(params=CORES or [""])
def core(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def retroarch(tmp_path: Path, rings: Path, core: str) -> Iterator[RetroArchProcess]:
    with rom_path() as rom, RetroArchProcess(home(tmp_path), core, rom, rewind_enable="true") as process:
        yield process


@pytest.fixture
def host(retroarch: RetroArchProcess) -> Iterator[RetroArchHost]:
    with RetroArchHost(retroarch.ring.path) as host:
        yield host


def home(folder: Path) -> Path:
    made = folder / "home"
    made.mkdir()
    return made


def paused(retroarch: RetroArchProcess, host: RetroArchHost) -> Snapshot:
    """Pause RetroArch and return the last frame that it showed."""
    last = poll_until(host, lambda _: True)  # what it shows if it stands still from here on
    retroarch.pause()
    while (snapshot := host.poll(0.5)) is not None:
        last = snapshot
    return last


@pytest.mark.parametrize("core", CORES[:1])
def test_a_write_is_on_retroarchs_screen(retroarch: RetroArchProcess, host: RetroArchHost) -> None:
    with rom_path() as path:
        assert host.info.rom.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    go_to(host, MEADOW["id"], 4)
    before = paused(retroarch, host)
    shown = retroarch.screenshot()
    assert before.picture is not None
    assert shown.shape == before.picture.shape
    assert np.abs(shown.astype(int) - before.picture).max() <= 8  # RetroArch expands five bits in its own way
    retroarch.resume()

    piece = max((p for p in MEADOW["vram"] if "tiles" in p["block"]), key=lambda p: p["size"])
    write_all(host, Write("vram", piece["vram_byte"], b"\xff" * piece["size"]))
    host.poll(1)
    after = paused(retroarch, host)
    assert (after.vram[piece["vram_byte"] :][: piece["size"]] == 0xFF).all()
    assert after.picture is not None
    changed = retroarch.screenshot()
    assert np.abs(changed.astype(int) - after.picture).max() <= 8
    assert (changed != shown).any(axis=2).mean() > 0.2


def reached(number: int, snapshot: Snapshot) -> bool:
    return snapshot.frame >= number


@pytest.mark.serial
def test_no_frame_is_lost_at_60_frames_a_second(retroarch: RetroArchProcess, host: RetroArchHost) -> None:
    """The ring holds a few frames for a host that comes late; one that the machine holds up for longer loses some.

    That is no fault of ours: 180 frames in a row are asked for, not the first 180.
    """
    poll_until(host, moment_of)
    for _ in range(20):
        missed = host.missed
        until = (first := poll_until(host, lambda _: True).frame) + 180
        last = poll_until(host, partial(reached, until)).frame
        if host.missed == missed:
            break
    assert host.missed == missed
    assert last == first + 180


def test_states_rewind_reset_and_the_end_of_the_content(retroarch: RetroArchProcess, host: RetroArchHost) -> None:
    def frame_of(snapshot: Snapshot) -> int:
        return variable(snapshot, "frame_counter")

    first = poll_until(host, moment_of)
    host.watch_rom([(0, len(host.rom_image))])  # all of this goes on as if it were not watched
    retroarch.command("SAVE_STATE")
    retroarch.until(lambda: any((retroarch.home / "states").glob("*.state")), "a state")
    saved = frame_of(poll_until(host, lambda _: True))
    assert saved >= frame_of(first)
    poll_until(host, lambda one: frame_of(one) > saved + 40)
    retroarch.command("LOAD_STATE")
    poll_until(host, lambda one: frame_of(one) <= saved + 5)

    highest = poll_until(host, lambda one: frame_of(one) > saved + 40)

    def rewound(snapshot: Snapshot) -> bool:
        retroarch.command("REWIND")
        return frame_of(snapshot) < frame_of(highest) - 5

    poll_until(host, rewound)

    assert host.take_touches()
    retroarch.command("RESET")
    poll_until(host, lambda one: frame_of(one) < 10)
    poll_until(host, lambda one: moment_of(one) is not None)
    assert {touch.rom_offset for touch in host.take_touches()} & STARTS

    state = host.save_state()
    poll_until(host, lambda one: frame_of(one) > 150)
    host.load_state(state)
    poll_until(host, lambda one: frame_of(one) < 150)
    host.reset()
    poll_until(host, lambda one: frame_of(one) < 10)
    host.show_message("Halscope was here")

    retroarch.command("CLOSE_CONTENT")
    with pytest.raises(HostGoneError, match="closed the game"):
        poll_until(host, lambda _: False)
    assert find_rings() == []
    assert retroarch.running


def run_ahead(folder: Path, core: str, rom: Path, *, second_instance: bool) -> RetroArchProcess:
    second = str(second_instance).lower()
    settings = {"run_ahead_enabled": "true", "run_ahead_frames": "2", "run_ahead_secondary_instance": second}
    return RetroArchProcess(home(folder), core, rom, **settings)


# RetroArch itself runs ahead only with a core whose states are deterministic; bsnes-mercury's are not.
deterministic = pytest.mark.parametrize("core", [core for core in CORES if core == "snes9x"])


@deterministic
def test_run_ahead_is_followed(tmp_path: Path, rings: Path, core: str) -> None:
    with rom_path() as rom, run_ahead(tmp_path, core, rom, second_instance=False) as retroarch:
        with RetroArchHost(retroarch.ring.path) as host:
            first = poll_until(host, lambda one: moment_of(one) and one.ages)
            later = poll_until(host, lambda one: one.frame >= first.frame + 60)
            ran = variable(later, "frame_counter") - variable(first, "frame_counter")
            assert abs(ran - 60) <= 2  # each published frame is one of the game's
            assert later.ages["ppu"] == 2  # of the state that RetroArch saved, two frames ago
            assert later.ppu.obsel is not None
        assert "support save states" not in retroarch.log


@deterministic
def test_a_second_instance_publishes_nothing_and_the_first_saves_no_state(
    tmp_path: Path, rings: Path, core: str
) -> None:
    with rom_path() as rom, run_ahead(tmp_path, core, rom, second_instance=True) as retroarch:
        with RingClient(retroarch.ring.path) as ring:
            ring.want_touches(True)
            frames = [frame for _ in range(120) if (frame := ring.next_frame(1)) is not None]
            assert ring.context & RUN_AHEAD
        assert len(find_rings()) == 1
        assert sum("touches" in frame.parts for frame in frames) > 10
        later = frames[60:]
        counters = [int.from_bytes(f.parts["wram"][COUNTER : COUNTER + 2].tobytes(), "little") for f in later]
        passed = later[-1].number - later[0].number  # a reader that gets no processor time misses some
        assert counters[-1] - counters[0] in range(passed - 2, passed + 3)  # the game's own time
        # Nobody pressed a button, so RetroArch saved no state; the tap did at most before the second instance ran.
        assert all(frame.ages.get("state", frame.number) >= frame.number - 5 for frame in later)
        assert "support save states" not in retroarch.log


@pytest.mark.parametrize("core", CORES[:1])
def test_attach_prints_the_frames_and_survives_a_killed_retroarch(tmp_path: Path, rings: Path, core: str) -> None:
    """Without --rom: by the file's path, then by what RetroArch loaded from an archive."""
    with rom_path() as rom:
        archive = tmp_path / "games.zip"
        with zipfile.ZipFile(archive, "w") as archived:
            archived.write(rom, "demo.sfc")
        command = [sys.executable, "-m", "halscope", "attach", "retroarch", "--headless", "--json"]
        errors = tmp_path / "errors.txt"
        with errors.open("w") as file:
            attach = subprocess.Popen(
                [*command, "--frames", "200000", "--wait", "60"], stdout=subprocess.PIPE, stderr=file, text=True
            )
        try:
            assert attach.stdout is not None
            pids = []
            for turn, content in (("first", rom), ("second", archive)):
                (tmp_path / turn).mkdir()
                with RetroArchProcess(home(tmp_path / turn), core, content) as retroarch:
                    pids.append(retroarch.pid)
                    seen = 0
                    for line in attach.stdout:
                        frame = json.loads(line)
                        ours = turn == "first" or "has ended" in errors.read_text()  # else it is of the first one
                        seen += bool(ours and frame["located_tiles"] and frame["sprites"])
                        if seen == 60:  # enough for the game to have read of its ROM
                            break
                    retroarch.kill()
            assert pids[0] != pids[1]
        finally:
            attach.kill()
            attach.communicate()
    said = errors.read_text()
    assert "has ended" in said, said
    assert "watched: " in said, said  # what it has learnt of the game that was killed


@pytest.mark.parametrize("core", CORES[:1])
def test_an_edited_sheet_is_on_retroarchs_screen_and_a_killed_halscope_leaves_the_game_running(
    retroarch: RetroArchProcess, tmp_path: Path
) -> None:
    sheets = tmp_path / "sheets"
    with Attached(tmp_path, "retroarch", "--watch", sheets) as attach:
        retroarch.until(lambda: len(whole_sheets(sheets)) > 2, "a sheet")
        png = whole_sheets(sheets)[-1]
        name = repaint(png)
        retroarch.until(lambda: f"{name}: applied to the game" in attach.text, "the edit")
        retroarch.until(lambda: shows(retroarch.screenshot(), png), "the edited figure in a screenshot")
        assert "Traceback" not in attach.text
    os.kill(retroarch.pid, 0)  # `attach` was killed
    retroarch.until(lambda: not find_rings()[0].reader or _attaches(retroarch), "the ring to be free")


def _attaches(retroarch: RetroArchProcess) -> bool:
    from halscope_hooks import HostError

    try:
        with RetroArchHost(retroarch.ring.path) as host:
            return host.poll(1) is not None
    except HostError:
        return False
