"""The page beside the real RetroArch: what it shows and edits is the game that runs there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from halscope.demo import rom_path
from halscope.hosts.libretro import available_cores
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, expect
from pypatchergba import patcher
from support import retroarch_process
from support.attached import Attached
from support.demo_game import TILE_BYTES, DemoGame
from support.edited_page import boot_to, booted_picture, card_of, shown_picture, wait_for_colours
from support.inspector_page import FRAME, PATIENCE, exported, wait_until_painted
from support.page_game import EDITOR
from support.retroarch_process import RetroArchProcess

CORE = next((core.name for core in available_cores()), "")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(retroarch_process.why_not()), reason=retroarch_process.why_not() or "it is installed"),
    pytest.mark.skipif(not CORE, reason="no libretro core is installed"),
]
READY = 150  # frames after which the demo's first scene is on the screen
SLOWER = 4  # it goes on to its next scene after 12 seconds of its time


class Beside(NamedTuple):
    """RetroArch, `halscope attach`, and its page."""

    retroarch: RetroArchProcess
    attach: Attached
    page: Page


@pytest.fixture(scope="module")
def beside(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beside]:
    folder = tmp_path_factory.mktemp("beside")
    home, rings = folder / "home", folder / "rings"
    home.mkdir()
    rings.mkdir(mode=0o700)
    wrong: list[str] = []
    with pytest.MonkeyPatch.context() as patch, rom_path() as rom:
        patch.setenv("HALSCOPE_RUNTIME_DIR", str(rings))
        patch.setenv("HALSCOPE_DATA_DIR", str(folder / "data"))
        patch.setenv("HALSCOPE_EDITOR", EDITOR)
        with RetroArchProcess(home, CORE, rom, slowmotion_ratio=f"{SLOWER}.0") as retroarch:
            with Attached(folder, "retroarch", "--no-browser") as attach:
                assert attach.says("in a browser"), attach.text
                found = re.search(r"http://\S+", attach.text)
                assert found is not None
                page = browser.new_page(viewport={"width": 1280, "height": 720})
                page.set_default_timeout(PATIENCE)
                page.on("pageerror", lambda error: wrong.append(str(error)))
                page.goto(found[0])
                page.wait_for_function(f"least => {FRAME} >= least", arg=READY)
                retroarch.command("SLOWMOTION")
                yield Beside(retroarch, attach, page)
                page.close()
                assert attach.end() == 0, attach.text
            assert retroarch.running
            assert "Traceback" not in attach.text
    assert not wrong


def freeze(page: Page) -> None:
    """Have the page keep what it shows; the game goes on."""
    page.evaluate("() => document.activeElement?.blur()")  # else Space clicks the button that has the focus
    page.keyboard.press("Space")
    page.get_by_text("This page is frozen").wait_for()
    wait_until_painted(page)


def unfreeze(page: Page) -> None:
    page.keyboard.press("Space")
    expect(page.get_by_text("This page is frozen")).to_have_count(0)


def frozen_picture(page: Page) -> NDArray[np.uint8]:
    """The picture of a frame without outlines, uint8[height, width, 3]."""
    page.mouse.move(2, 2)
    page.keyboard.press("Escape")
    freeze(page)
    _, picture = shown_picture(page)
    unfreeze(page)
    return picture


def test_a_sprite_in_retroarch_comes_from_the_block_that_the_roms_build_says(beside: Beside) -> None:
    page = beside.page
    expect(page.locator(".rom")).to_contain_text("halscope-demo.sfc on Snes9x")
    page.locator("footer", has_text="Point at a sprite").wait_for()  # the ROM is indexed
    freeze(page)
    page.hover(".sprites li:first-child button")
    found = page.locator("footer .found")
    expect(found).to_be_visible()
    told = page.inner_text("footer").replace("\n", " ")
    page.mouse.move(2, 2)  # no outline
    wait_until_painted(page)
    _, seen = shown_picture(page)
    [(vram, offset, inside)] = re.findall(r"VRAM \$(\w{4}).* hal 0x(\w{6}) \+ 0x(\w+) ", told)
    with DemoGame(CORE) as game:
        snapshot = boot_to(game, seen)  # RetroArch's frames are counted from when Halscope came
        assert snapshot is not None
        truth = game.known_tiles(snapshot)
    assert truth[int(vram, 16) // TILE_BYTES] == ("hal", int(offset, 16), int(inside, 16))
    unfreeze(page)


def test_what_only_retroarch_can_do_is_said(beside: Beside) -> None:
    page = beside.page
    page.get_by_text("The game is played and paused in the emulator").wait_for()
    assert page.get_by_role("button", name="Pause").count() == 0
    for key, reason in ((".", "cannot be run frame by frame from here"), ("r", "its states cannot be used from here")):
        page.evaluate("() => document.activeElement?.blur()")
        page.keyboard.press(key)
        page.get_by_text(reason).wait_for()
    page.get_by_role("button", name="Dismiss").click()


def test_an_edit_is_in_retroarch_is_undone_and_its_patch_boots_to_the_same_picture(
    beside: Beside, tmp_path: Path
) -> None:
    page = beside.page
    card = card_of(page, 1)
    card.get_by_role("button").click()
    page.mouse.move(2, 2)
    expect(page.locator("footer .found")).to_be_visible()
    wait_for_colours(page, card, few=False)
    page.keyboard.press("e")  # the editor paints the sheet in one colour, and saves it
    wait_for_colours(page, card, few=True)
    page.keyboard.press("Control+z")
    wait_for_colours(page, card, few=False)
    page.keyboard.press("Control+Shift+Z")
    wait_for_colours(page, card, few=True)
    patch = tmp_path / "friend.bps"
    exported(page, lambda: page.keyboard.press("b")).save_as(patch)
    seen = frozen_picture(page)
    with rom_path() as rom:
        original = rom.read_bytes()
    with DemoGame(CORE, bytes(patcher.apply_bps(original, patch.read_bytes()))) as game:
        same = boot_to(game, seen)
    assert same is not None
    assert not np.array_equal(booted_picture(original, same.frame), seen)
