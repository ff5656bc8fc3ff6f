"""Edits on the page: each save is listed with its sizes, undone, done again, exported as a patch, and reverted."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from halscope.demo import rom_path, truth
from halscope.hosts.libretro import available_cores
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from pypatchergba import patcher
from support.demo_states import demo_state
from support.edited_page import booted_picture, card_of, shown_picture, wait_for_colours
from support.inspector_page import DROP, exported, go_on, pause, run_frame
from support.shared_page import SLOW

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def game(tmp_path_factory: pytest.TempPathFactory, start_game: Any) -> Iterator[Any]:
    """The demo game, with no folder named."""
    if not available_cores():
        pytest.skip("no libretro core is installed")
    with rom_path() as rom:
        running = start_game(tmp_path_factory.mktemp("game"), rom, "--speed", SLOW, scene="title")
        yield running
        assert running.end() == 0, running.errors.read_text()


@pytest.fixture
def page(turn: Page) -> Page:
    """The page of a game that runs slowly, the same for all tests."""
    return turn


def watched(game: Any) -> Path:
    """The folder that it took."""
    found = re.search(r"a sheet appears in (.*) for each", game.errors.read_text())
    assert found is not None
    return Path(found[1])


def paused_picture(page: Page) -> tuple[int, NDArray[np.uint8]]:
    """Pause the game; return the number of the frame and the game's picture, uint8[height, width, 3]."""
    page.mouse.move(2, 2)
    page.keyboard.press("Escape")  # no outline
    pause(page)
    shown = shown_picture(page)
    go_on(page)
    return shown


def test_an_edit_is_listed_undone_done_again_exported_and_reverted(page: Page, game: Any, tmp_path: Path) -> None:
    card = card_of(page, 1)
    card.get_by_role("button").click()
    page.mouse.move(2, 2)  # what is pinned is asked about again
    expect(page.locator("footer .found")).to_be_visible()  # the ROM is indexed
    wait_for_colours(page, card, few=False)
    page.keyboard.press("e")  # the editor paints the sheet in one colour, and saves it
    wait_for_colours(page, card, few=True)
    expect(page.locator(".news")).to_contain_text(re.compile("applied|shown"))
    page.keyboard.press("h")
    row = page.locator(".edits > .list:not(.history) li")
    expect(row).to_have_count(1)
    expect(row).to_contain_text(re.compile(r"hal 0x[0-9a-f]{6} \$[0-9A-F:]+ \d+ tiles?, [\d,]+ of [\d,]+ bytes"))
    expect(row.locator("img")).to_be_visible()
    page.keyboard.press("Control+z")
    expect(row).to_have_count(0)
    wait_for_colours(page, card, few=False)
    page.keyboard.press("Control+Shift+Z")
    wait_for_colours(page, card, few=True)
    patch = tmp_path / "friend.bps"
    exported(page, lambda: page.keyboard.press("b")).save_as(patch)
    written = page.locator(".exported code").inner_text()
    assert Path(written).read_bytes() == patch.read_bytes()
    assert Path(written).parent == watched(game).parent, "the project's folder, which no page chooses"
    number, seen = paused_picture(page)
    number += demo_state("title").snapshot.frame + 1  # from power-on
    with rom_path() as rom:
        original = rom.read_bytes()
    patched = bytes(patcher.apply_bps(original, patch.read_bytes()))
    assert np.array_equal(booted_picture(patched, number), seen)
    assert not np.array_equal(booted_picture(original, number), seen)
    page.get_by_role("button", name="Revert").click()
    expect(row).to_have_count(0)
    wait_for_colours(page, card, few=False)


def test_who_else_uses_a_tile_is_told_before_it_is_painted(page: Page) -> None:
    pause(page)
    page.hover(".sprites li:first-child button")
    expect(page.locator("footer .found")).to_be_visible()
    offset = int(page.inner_text("footer .found").split()[1], 16)
    page.keyboard.press("j")
    told = page.get_by_role("complementary", name="Who uses this")
    block = next(one for one in truth()["blocks"] if one["offset"] == offset)
    expect(told).to_contain_text(f"hal block at {offset:#x}: {block['packed_size']:,} bytes")
    expect(told).to_contain_text(re.compile(r"on the screen: \S+\s+\(sprites? [\d, ]*0\b"))
    for key in ("Escape", "h"):  # another view is not covered either
        found = Axe().run(page)
        assert not [one["id"] for one in found.response["violations"] if one["impact"] in ("serious", "critical")]
        page.keyboard.press(key)
        expect(told).to_have_count(0)
        if key == "Escape":
            page.keyboard.press("j")
            expect(told).to_be_visible()


def drop(card: Locator, name: str, data: bytes) -> None:
    """Drop a file on a figure, as a person drags it from a folder."""
    card.locator("canvas").evaluate(DROP, [name, base64.b64encode(data).decode()])


def red_picture(width: int, height: int) -> bytes:
    """A PNG in one colour that no palette of the game has, with a transparent pixel."""
    picture = Image.new("RGBA", (width, height), (250, 20, 30, 255))
    picture.putpixel((0, 0), (0, 0, 0, 0))
    data = io.BytesIO()
    picture.save(data, "PNG")
    return data.getvalue()


def test_a_picture_that_is_dropped_on_a_figure_is_in_the_game(page: Page) -> None:
    pause(page)  # also a paused game follows
    card = card_of(page, 0)
    wait_for_colours(page, card, few=False)
    name, size = card.locator("span").inner_text().split(" at ")[0].split(": ")
    width, height = (int(one) for one in size.split("×"))
    drop(card, "red.png", b"\x89PNG\r\n\x1a\nwhatever")
    expect(page.get_by_role("alert")).to_contain_text("red.png: ")
    drop(card, "big.png", red_picture(2 * width, 2 * height))
    refusal = page.get_by_role("alert")
    expect(refusal).to_contain_text(f"big.png: {2 * width}x{2 * height} pixels, its sheet has {width}x{height}")
    told, at = refusal.bounding_box(), card.bounding_box()
    assert told is not None
    assert at is not None
    assert abs(told["x"] - at["x"]) < 200, "it is told where it was dropped"
    assert abs(told["y"] - at["y"]) < 200, "it is told where it was dropped"
    drop(card, "../../red.png", red_picture(width, height))
    expect(page.locator(".dropped")).to_contain_text(
        f"red.png is {name}.png now, in the nearest colours of its palette"
    )
    expect(page.get_by_role("alert")).to_have_count(0)
    run_frame(page)
    expect(page.locator(".dropped")).to_have_count(0)  # it goes with the next click
    wait_for_colours(page, card, few=True)
    page.keyboard.press("h")
    expect(page.locator(".said")).to_contain_text("colours were replaced by the nearest of its palette")
    page.keyboard.press("Control+z")
    expect(page.locator(".news")).to_contain_text("undone")
    go_on(page)
    wait_for_colours(page, card, few=False)
