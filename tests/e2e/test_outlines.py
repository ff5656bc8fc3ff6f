"""Outlines on the emulator's own screen: the pixels that a frontend gets from the tap around a real core."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from halscope.app import Outlining, Workspace
from halscope.app._figure_names import figure_name
from halscope.app._outlining import CHANGED, PLAIN, EditedTile
from halscope.cli import main
from halscope.demo import rom_path
from halscope.hosts.libretro import LibretroHost, api, available_cores, machine
from halscope.hosts.retroarch import RetroArchHost
from halscope.inject import sheet_from_metasprite
from halscope.ppu.grouping import group_sprites
from halscope.session import Session
from halscope_hooks import Update
from libretro.drivers import LoggerMessageDriver
from numpy.typing import NDArray
from support import taps
from support.attached import PATIENCE, Attached, repaint, shows, whole_sheets
from support.same_moment import moment_of

rings = taps.rings
pytestmark = [
    pytest.mark.usefixtures("rings"),
    pytest.mark.skipif(not available_cores(), reason="no libretro core is installed"),
]
CORE = "snes9x"


class Watched:
    """The demo in a frontend with the tap, and a session that outlines figures there."""

    def __init__(self, frontend: LibretroHost, session: Session) -> None:
        self.frontend, self.session = frontend, session
        self.lines: list[str] = []

    def frame(self) -> tuple[NDArray[np.uint8], Update]:
        """Run a frame: what the frontend shows, and what the session makes of it."""
        picture = self.frontend.step().picture
        update = self.session.step()
        assert picture is not None
        assert update is not None
        return picture, update


@contextmanager
def watched() -> Iterator[tuple[Watched, Workspace]]:
    with rom_path() as rom, taps.tapped(CORE, rom) as frontend:
        workspace = Workspace.open(rom)
        host = RetroArchHost(taps.only_ring().path)
        with Session(host, owns_host=True, rom=workspace.rom, locate=workspace.tracker()) as session:
            yield Watched(frontend, session), workspace


def lit(picture: NDArray[np.uint8], colour: int) -> NDArray[np.bool_]:
    """Where a picture has this colour, in the five or six bits of the core's format."""
    rgb = np.array([colour >> 16, colour >> 8 & 0xFF, colour & 0xFF])
    return np.asarray((np.abs(picture.astype(int) - rgb) < 8).all(axis=2))


def boxes(picture: NDArray[np.uint8], colour: int, update: Update) -> set[tuple[int, ...]]:
    """The sprites of the figures that have a whole outline of this colour."""
    found, there = set(), lit(picture, colour)
    for one in group_sprites(update.frame):
        rows = there[one.y : one.y + one.height, one.x : one.x + one.width]
        if rows.shape == (one.height, one.width) and rows[[0, -1]].mean() > 0.9 and rows[:, [0, -1]].mean() > 0.9:
            found.add(one.indices)
    return found


def inside(update: Update) -> set[tuple[int, ...]]:
    """The figures that are wholly on the screen."""
    return {
        one.indices
        for one in group_sprites(update.frame)
        if one.x >= 0 and one.y >= 0 and one.x + one.width <= 256 and one.y + one.height <= 224
    }


def test_figures_are_outlined_all_by_name_and_where_they_were_edited() -> None:
    with watched() as (game, workspace):
        while moment_of(game.frame()[1].snapshot) is None:
            pass
        outlining = Outlining(game.session, "all", report=game.lines.append)
        outlining.follow(workspace)
        for _ in range(30):
            game.frame()
        _, before = game.frame()
        picture, after = game.frame()  # shows what was drawn for the frame before
        shown = boxes(picture, PLAIN, before)
        assert len(shown) >= 3
        assert len(shown) >= 0.7 * len(inside(before))  # others lie below a figure, or a label
        assert after.snapshot.picture is not None
        assert not boxes(after.snapshot.picture, PLAIN, before)  # in no snapshot
        outlining.close()
        assert not boxes(game.frame()[0], PLAIN, after)

        # By the folder of its block, by its name, and by what was edited.
        assert after.origins is not None
        origins, codecs = after.origins, workspace.plugins.codecs()
        named = {
            group.indices: figure_name(sheet_from_metasprite(after.frame, group, origins, workspace.rom, codecs))
            for group in group_sprites(after.frame)
        }
        target = next(name for indices, name in named.items() if indices in shown)
        for wanted in (target.partition("/")[0], f"{target}.png"):
            of_name = Outlining(game.session, wanted, report=game.lines.append)
            of_name.follow(workspace)
            _, before = game.frame()
            some = boxes(game.frame()[0], PLAIN, before)
            of_name.close()
            assert some
            assert all(named.get(one, target).startswith(wanted.removesuffix(".png")) for one in some)
            assert len(some) < len(shown)

        one = next(group for group in group_sprites(after.frame) if named[group.indices] == target)
        tiles = {
            after.snapshot.vram[at : at + 32].tobytes(): EditedTile("x", "hal-000000")
            for index in one.indices
            for at in after.frame.sprites[index].cells.flat
        }
        changed = Outlining(game.session, "changed", edited=lambda: tiles, report=game.lines.append)
        changed.follow(workspace)
        _, before = game.frame()
        picture, _ = game.frame()
        changed.close()
        assert boxes(picture, CHANGED, before)
        assert not boxes(picture, PLAIN, before)
        assert game.lines == []


@pytest.mark.slow
def test_the_command_outlines_figures_and_says_on_the_screen_that_an_edit_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way of `attach retroarch --watch`, with the frontend's pixels and its messages."""
    sheets, screen = tmp_path / "sheets", LoggerMessageDriver()
    # A frontend that shows messages, as all but our own do.
    with_messages: Any = lambda *given, **named: api.Session(*given, **named | {"message": screen})  # noqa: E731
    monkeypatch.setattr(machine, "Session", with_messages)
    with (
        rom_path() as rom,
        taps.tapped(CORE, rom) as frontend,
        Attached(tmp_path, "retroarch", "--watch", sheets, "--outline", "all") as attach,
    ):
        last: list[NDArray[np.uint8]] = []

        def until(condition: Callable[[], object]) -> None:
            end = time.monotonic() + PATIENCE
            while not condition():
                assert attach.process.poll() is None, attach.text
                assert time.monotonic() < end, attach.text
                time.sleep(0.005)
                picture = frontend.step().picture
                assert picture is not None
                last[:] = [picture]

        until(lambda: whole_sheets(sheets))
        until(lambda: lit(last[0], PLAIN).sum() > 100)
        png = whole_sheets(sheets)[-1]
        name = repaint(png)
        until(lambda: f"{name}: applied to the game" in attach.text)
        until(lambda: shows(last[0], png, outlined=True))
        until(lambda: lit(last[0], CHANGED).sum() > 20)
        told = [message.msg.decode() for message in screen.message_exts]
        assert any("edit written" in text for text in told), told
        attach.interrupt()
        end = time.monotonic() + PATIENCE
        while attach.process.poll() is None:
            assert time.monotonic() < end, attach.text
            frontend.step()
        assert attach.process.returncode == 0, attach.text
        picture = frontend.step().picture
        assert picture is not None
        assert not lit(picture, CHANGED).any()  # gone with the one that drew it


def test_a_host_that_cannot_draw_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with rom_path() as rom:
        assert main(["play", str(rom), "--host", "libretro", "--frames", "2", "--outline", "all"]) == 2
    assert "cannot draw on its screen" in capsys.readouterr().err
    assert main(["attach", "retroarch", "--headless", "--frames", "1", "--outline", "changed"]) == 2
    assert "need --watch DIR" in capsys.readouterr().err
