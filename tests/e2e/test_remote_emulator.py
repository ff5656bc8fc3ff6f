"""A real emulator in another process that pushes its frames: origins, edits, pauses, another ROM, and its end."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from halscope.app import LiveEdits, Play, Workspace
from halscope.demo import rom_path
from halscope.hosts.libretro import available_cores
from halscope.inject import sheet_from_block, write_sheet
from halscope.session import Session
from halscope_hooks import Detached, HostChanged, HostGoneError, Update
from support.demo_game import DemoGame
from support.remote_emulator import RemoteHost

pytestmark = [
    pytest.mark.skipif(not available_cores(), reason="no libretro core is installed"),
    pytest.mark.slow,
]

WAIT = 90.0
HERO = "pip_walk"


@pytest.fixture
def rom(tmp_path: Path) -> Path:
    with rom_path() as path:
        return Path(shutil.copy(path, tmp_path / "game.sfc"))


@pytest.fixture
def host(rom: Path) -> Iterator[RemoteHost]:
    host = RemoteHost(rom, available_cores()[0].name)
    yield host
    host.close()


def tick_until(session: Session, condition: Callable[[], object]) -> None:
    until = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < until, "it never came"
        session.tick()


def test_a_remote_game_is_followed_through_pauses_and_another_rom(host: RemoteHost, rom: Path) -> None:
    workspace = Workspace.open(rom)
    other = rom.with_name("other.sfc")
    image = bytearray(rom.read_bytes())
    image[-1] ^= 0xFF  # the last byte of the image, which no game reads
    other.write_bytes(image)
    with Session(host, threads=True, workers=2, locate=workspace.tracker()) as session:
        updates, changes = session.pull(Update), session.pull(HostChanged)
        located = 0

        def seen() -> bool:
            nonlocal located
            update = updates.take(0)
            if isinstance(update, Update) and update.origins is not None:
                located = update.origins.located
            return located > 500

        tick_until(session, seen)
        host.tell("pause")
        tick_until(session, lambda: session.tick() is None)
        assert not session.ended
        host.tell("load", other)
        host.tell("resume")
        tick_until(session, lambda: changes.waiting)
        change = changes.take(60)
        assert isinstance(change, HostChanged)
        assert change.rom_changed
        assert change.host.rom.path == str(other)
        tick_until(session, lambda: isinstance(update := updates.take(0), Update) and update.origins is None)


def test_the_session_ends_with_the_emulator(host: RemoteHost) -> None:
    session = Session(host, threads=True, workers=2)
    ends = session.pull(Detached)
    tick_until(session, lambda: session.stats().decoded > 3)
    host.tell("quit")
    with pytest.raises(HostGoneError, match="attach again"):
        tick_until(session, lambda: False)
    end = ends.take(60)
    assert isinstance(end, Detached)
    assert "has gone" in end.reason


def test_an_edit_reaches_a_game_in_another_process_and_stays(host: RemoteHost, rom: Path, tmp_path: Path) -> None:
    """The hero's first tile is painted over; the emulator answers the write, and its next frames hold it."""
    workspace = Workspace.open(rom)
    with DemoGame(available_cores()[0].name) as facts:
        block = next(one for one in facts.truth["blocks"] if one["name"] == HERO)
    sheet = sheet_from_block(
        workspace.rom, workspace.codec("hal"), block["offset"], start="pointer", lead=block.get("lead", 0)
    )
    pixels = sheet.compose().pixels
    cell = next(cell for cell in sheet.cells if len(set(cell.tile)) > 8)
    pixels[cell.y : cell.y + 8, cell.x : cell.x + 8] = np.arange(64).reshape(8, 8) % 15 + 1
    png, _ = write_sheet(sheet, pixels, tmp_path / "hero.png")
    session = Session(host, threads=True, workers=2)
    reports: list[str] = []
    edits = LiveEdits(workspace, session, report=reports.append)
    until = time.monotonic() + WAIT
    holds = 0

    def look(update: Update) -> None:
        nonlocal holds
        plan = edits.plan
        if plan is None:
            return
        (change,) = plan.blocks[0].changes
        assert update.snapshot.wram is not None
        holds += any(change.new in memory.tobytes() for memory in (update.snapshot.vram, update.snapshot.wram))
        if holds > 5 or time.monotonic() > until:
            host.tell("quit")

    play = Play(
        *(workspace, session, edits),
        resolve=lambda _rom: None,
        bring_in=[png],
        seen=look,
        progress=lambda *_: None,
        report=reports.append,
    )
    with pytest.raises(HostGoneError):
        play.run(())
    assert holds > 5, reports
    edits.write_patch(tmp_path / "out.bps")
    assert (tmp_path / "out.bps").read_bytes()[:4] == b"BPS1"
