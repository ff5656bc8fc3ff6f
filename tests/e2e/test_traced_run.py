"""Watching a run of the demo ROM on a real core: the blocks that come by are traced, without its pointer table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from halscope.app import Game, Press, StartWatch, Workspace, open_game, open_recording, play_frames, record_game
from halscope.demo import rom_path, truth
from halscope.hosts.libretro import INSTALL_HINT, available_cores
from halscope.rom.tracing import TracedStart

FRAMES = 520
SCHEDULE = [Press(frozenset({"start"}), first, first + 5) for first in range(95, FRAMES, 100)]  # the next scene
STARTS = {(block.get("codec", "hal"), block["offset"]) for block in truth()["blocks"]}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not available_cores(), reason=f"no libretro core is installed; {INSTALL_HINT}"),
]


@pytest.fixture(scope="module")
def demo() -> Iterator[Path]:
    with rom_path() as path:
        yield path


def came_by(workspace: Workspace, families: set[int]) -> set[tuple[str, int]]:
    """The blocks of these families, by the truth: their ends tell which they are."""
    index = workspace.index()
    rows = index.best_starts
    ends = {block["offset"] + block["packed_size"]: block["offset"] for block in truth()["blocks"]}
    shown = rows[np.array([row["family"] in families for row in rows], np.bool_)]
    return {("hal", ends[int(row["offset"] + row["packed_size"])]) for row in shown}


def starts(traced: tuple[TracedStart, ...]) -> set[tuple[str, int]]:
    return {one[:2] for one in traced}


def test_the_blocks_that_come_by_are_traced_and_none_wrongly(demo: Path) -> None:
    workspace = Workspace.open(demo)
    lines: list[str] = []
    families: set[int] = set()
    with (
        open_game(Game(demo), workspace.tracker(), rom=workspace.rom) as session,
        StartWatch(session, lines.append) as watch,
    ):
        watch.follow(workspace)
        watch.ask()
        for update in play_frames(session, SCHEDULE, FRAMES):
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
