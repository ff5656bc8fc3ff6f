"""Watching a run of the demo ROM on a real core: the blocks that come by are traced, without its pointer table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from halscope.app import Game, Press, StartWatch, Workspace, open_game, open_recording, play_frames, record_game
from halscope.demo import rom_path
from halscope.hosts.libretro import INSTALL_HINT, LibretroHost, available_cores
from halscope.hosts.retroarch import RetroArchHost
from halscope.session import Session
from halscope_hooks import Update
from support import taps
from support.cores import two_cores
from support.traced_run import STARTS, came_by, starts

FRAMES = 520
SCHEDULE = [Press(frozenset({"start"}), first, first + 5) for first in range(95, FRAMES, 100)]  # the next scene
rings = taps.rings

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not available_cores(), reason=f"no libretro core is installed; {INSTALL_HINT}"),
]


@pytest.fixture(scope="module")
def demo() -> Iterator[Path]:
    with rom_path() as path:
        yield path


def watched(demo: Path, session: Session, updates: Callable[[], Iterable[Update]]) -> None:
    """Watch a run in a session: of the blocks that come by, 19 of 20 are traced, and none wrongly."""
    lines: list[str] = []
    workspace = Workspace.open(demo)
    session.set_rom(workspace.rom)
    session.set_locate(workspace.tracker())
    families: set[int] = set()
    with session, StartWatch(session, lines.append) as watch:
        watch.follow(workspace)
        watch.ask()
        for update in updates():
            watch.look(update)
            assert update.origins is not None
            families |= {*workspace.index().shown_families(update.origins).tolist()}
    seen, traced = came_by(workspace, families), starts(watch.traced)
    assert traced <= STARTS, f"wrongly traced: {traced - STARTS}"
    assert len(seen) >= 40
    assert len(seen & traced) >= 0.95 * len(seen), f"not traced: {sorted(seen - traced)}"
    (line,) = lines
    assert line.startswith(
        f"watched: {len(traced)} starts of blocks were traced; tiles of {len(seen)} compressed blocks"
    )


def test_the_blocks_that_come_by_are_traced_and_none_wrongly(demo: Path) -> None:
    session = open_game(Game(demo))
    watched(demo, session, lambda: play_frames(session, SCHEDULE, FRAMES))


@pytest.mark.parametrize("core", two_cores())
def test_so_they_are_by_the_tap_in_a_frontend(demo: Path, rings: Path, core: str) -> None:
    with taps.tapped(core, demo, registers=False, wram=False, picture=False) as frontend:
        session = Session(RetroArchHost(taps.only_ring().path, picture=False), owns_host=True)
        watched(demo, session, lambda: stepped(session, frontend))


def stepped(session: Session, frontend: LibretroHost) -> Iterator[Update]:
    for frame in range(FRAMES):
        held = [press.buttons for press in SCHEDULE if press.first <= frame <= press.last]
        frontend.press(held[0] if held else frozenset())
        frontend.step()
        snapshot = session.advance(timeout=0.001)  # none before the game has set up its graphics
        if snapshot is not None and frame % 4 == 0:  # what is shown at all is shown for longer
            yield session.feed(snapshot)


def test_a_replay_learns_what_the_running_game_taught(demo: Path, tmp_path: Path) -> None:
    path = tmp_path / "run.halrec"
    with open_game(Game(demo)) as session:
        record_game(session, path, FRAMES, SCHEDULE, wram=True, picture=False, progress=lambda _done, _all: None)
    workspace = Workspace.open(demo)
    with open_recording(path) as session, StartWatch(session, lambda _line: None) as watch:
        watch.follow(workspace)
        while session.step() is not None:
            pass
    traced = starts(watch.traced)
    assert traced <= STARTS
    assert len(traced) >= 0.95 * len(STARTS)
    assert {("hal", block.offset) for block in Workspace.open(demo).blocks() if block.start == "traced"} == traced
