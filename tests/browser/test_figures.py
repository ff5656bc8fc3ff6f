"""Jobs with figures on the live demo game, with the actions that a person needs counted."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from halscope.demo import truth
from PIL import Image, ImageSequence
from playwright.sync_api import Page, expect
from support.inspector_page import block_in, go_on
from support.made_host import eventually
from support.shared_page import SharedPage

pytestmark = pytest.mark.slow

STRIP = ".collect .strip canvas"
BLOCKS = {block["offset"] for block in truth()["blocks"]}


@pytest.fixture
def page(still: Page) -> Page:
    """The page of a paused game; tests that need it to run let it go on."""
    return still


class Actions:
    """Clicks and keys, counted."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.count = 0

    def click(self, selector: str) -> None:
        self.count += 1
        self._page.click(selector)

    def press(self, key: str) -> None:
        self.count += 1
        self._page.keyboard.press(key)


def moving(page: Page) -> str:
    """The selector of a figure's card that has a packed origin."""
    card = page.locator(".figures li button", has_text=re.compile(r"hal 0x[0-9a-f]{6}: \d+ tile")).first
    expect(card).to_be_visible()
    number = card.evaluate("card => [...card.closest('ul').children].indexOf(card.closest('li')) + 1")
    return f".figures li:nth-child({number}) button"


def test_a_figure_is_found_by_its_block_and_all_its_sprites_are_outlined(page: Page) -> None:
    card = page.locator(moving(page))
    assert block_in(card.inner_text()) in BLOCKS
    number = re.search(r"(\d+) sprite", card.inner_text())
    assert number is not None
    card.click()
    page.keyboard.press("4")
    expect(page.locator("tr.chosen")).to_have_count(int(number[1]))


def test_where_the_frames_of_a_packed_figure_are_takes_two_actions(page: Page) -> None:
    actions = Actions(page)
    actions.click(moving(page))
    expect(page.locator("footer .found")).to_be_visible()
    actions.click("footer button:text('Whole block')")
    line = page.locator(".large > .line").first
    expect(line).to_contain_text("in VRAM now")
    assert actions.count <= 3
    assert block_in(line.inner_text()) in BLOCKS


def pictures_of(path: str) -> int:
    """Number of different pictures in an animation."""
    with Image.open(path) as animation:
        return len({frame.convert("RGBA").tobytes() for frame in ImageSequence.Iterator(animation)})


def test_a_whole_animation_leaves_in_three_actions_and_comes_back_with_one_save(
    page: Page, shared: SharedPage, game: Any
) -> None:
    shared.enter("meadow")  # its first figure is Pip, who walks, alone of his kind
    go_on(page)
    actions = Actions(page)
    actions.click(moving(page))
    actions.press("l")
    page.wait_for_function(f"() => document.querySelectorAll('{STRIP}').length > 3")
    actions.click(".collect button:text('Sprite sheet')")
    told = page.locator(".collect [role=status]")
    expect(told).to_contain_text("written to")
    assert actions.count <= 3
    path = Path(told.inner_text().removeprefix("written to ").partition(";")[0])
    assert path.is_file()
    assert path.with_suffix(".json").is_file()
    expect(page.locator(".collect .progress")).not_to_contain_text("play on")  # it has ended
    collected = page.locator(STRIP).count()
    page.click(".collect button:text('Animated PNG')")
    expect(told).to_contain_text(".apng")
    assert pictures_of(told.inner_text().removeprefix("written to ")) == collected
    page.click(".collect button:text('GIF')")
    expect(told).to_contain_text(".gif")
    # Its unit is 10 ms, so it lacks pictures of which one frame was seen: the last one, and more on a busy machine.
    assert collected // 2 < pictures_of(told.inner_text().removeprefix("written to ")) <= collected
    page.click(".collect button:text('Close')")
    subprocess.run([sys.executable, str(Path(__file__).with_name("painting_editor.py")), str(path)], check=True)
    name = path.relative_to(path.parents[1]).as_posix()
    assert eventually(lambda: f"{name}: applied to the game" in game.errors.read_text()), game.errors.read_text()
    page.keyboard.press("Control+z")  # as it was
    expect(page.locator(".news")).to_contain_text("undone")


INSIDE = """async () => {
  const [{ figures }, { placeAt }] = await Promise.all([import("/figures.js"), import("/views/game.js")]);
  const canvas = document.querySelector(".game canvas").getBoundingClientRect();
  for (const one of figures.value.filter(({ sprites }) => sprites.length > 1)) {
    for (let y = one.y + 2; y < one.y + one.height; y += 3) for (let x = one.x + 2; x < one.x + one.width; x += 3) {
      if (y < 224 && x < 256 && one.sprites.includes(placeAt(x, y)?.sprite)) return [
        canvas.x + (x + 0.5) * canvas.width / 256, canvas.y + (y + 0.5) * canvas.height / 224, one.sprites.length];
    }
  }
  return null;
}"""
"""Where the page's picture of the game shows a pixel of a figure of several sprites, and how many these are."""


def test_the_first_click_in_the_game_takes_the_figure_and_the_second_one_its_sprite(
    page: Page, shared: SharedPage
) -> None:
    shared.enter("keep")  # its boss has several sprites
    page.keyboard.press("4")
    expect(page.locator(".oam")).to_be_visible()
    x, y, count = page.evaluate(INSIDE)
    before = page.locator(".game canvas").bounding_box()
    page.mouse.move(x, y)
    expect(page.locator("tr.chosen")).to_have_count(count)
    page.mouse.down()
    page.mouse.up()
    expect(page.get_by_role("button", name="Unpin")).to_be_visible()
    box = page.locator(".game canvas").bounding_box()
    assert box == before, "the picture has moved under the pointer"
    expect(page.locator("tr.chosen")).to_have_count(count)
    page.mouse.down()
    page.mouse.up()
    expect(page.locator("tr.chosen")).to_have_count(1)


def test_a_figure_that_is_named_has_this_name_in_its_card_and_its_sheet(page: Page) -> None:
    page.click(moving(page))
    page.fill(".figure input[type=text]", "the hero")
    page.click(".figure button[type=submit]")
    expect(page.locator(".figure [role=status]")).to_contain_text("the_hero.png")
    expect(page.locator(".figures li", has_text="/the_hero")).not_to_have_count(0)
    page.fill(".figure input[type=text]", "")
    page.click(".figure button[type=submit]")
    expect(page.locator(".figures li", has_text="/the_hero")).to_have_count(0)


def test_why_a_tile_is_known_or_not_takes_two_actions(page: Page) -> None:
    go_on(page)
    actions = Actions(page)
    actions.click(moving(page))
    actions.press("t")
    expect(page.locator(".why")).to_contain_text(re.compile("known|plain"))
    assert actions.count <= 2
    expect(page.locator(".coverage tbody tr")).not_to_have_count(0)
    page.click("button:text('Watch the next load')")
    expect(page.locator(".bar [role=status]")).to_contain_text("watching")
    expect(page.locator("p.line", has_text="pages of its ROM")).to_be_visible()
