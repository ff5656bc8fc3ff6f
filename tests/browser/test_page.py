"""What a person does on the page: look at the running game, point at a sprite, play, pause."""

from __future__ import annotations

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from halscope.demo import truth
from playwright.sync_api import Page, expect

expect.set_options(timeout=30_000)

pytestmark = pytest.mark.slow


def colours_in(page: Page, selector: str) -> tuple[int, int, int]:
    """Width and height of a canvas, and the number of different colours in it."""
    found: list[int] = page.eval_on_selector(
        selector,
        """canvas => { const {width, height} = canvas;
        const words = new Uint32Array(canvas.getContext("2d").getImageData(0, 0, width, height).data.buffer);
        return [width, height, new Set(words).size]; }""",
    )
    return found[0], found[1], found[2]


def frame(page: Page) -> int:
    return int(page.inner_text(".frame").removeprefix("frame "))


def wait_for_frames(page: Page, count: int) -> None:
    page.wait_for_function(
        "least => Number(document.querySelector('.frame').textContent.slice(6)) >= least", arg=frame(page) + count
    )


def test_pointing_at_a_sprite_says_which_block_of_the_rom_it_comes_from(page: Page) -> None:
    page.hover(".sprites li:first-child button")
    found = page.locator("footer .found")
    expect(found).to_have_text(re.compile(r"hal 0x[0-9a-f]{6} \+ 0x"))
    offset = int(found.inner_text().split()[1], 16)
    assert offset in {block["offset"] for block in truth()["blocks"]}
    assert re.search(r"\$[0-9A-F]{2}:[0-9A-F]{4}", page.inner_text("footer"))


def test_pointing_at_the_game_outlines_the_same_sprite_in_the_list(page: Page) -> None:
    page.keyboard.press(" ")  # paused, so that the sprite stays where it is
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    box = page.locator(".game canvas").bounding_box()
    place = re.search(r": (\d+)×(\d+) at (\d+),(\d+)", page.inner_text(".sprites li:first-child"))
    assert box is not None
    assert place is not None
    width, height, x, y = map(int, place.groups())
    scale = box["height"] / 224
    page.mouse.move(box["x"] + (x + width / 2) * box["width"] / 256, box["y"] + (y + height / 2) * scale)
    expect(page.locator(".sprites li:first-child button")).to_have_class("chosen")
    page.keyboard.press(" ")


def test_the_game_is_paused_stepped_and_goes_on(page: Page) -> None:
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    page.wait_for_timeout(300)
    before = frame(page)
    page.get_by_role("button", name="Step").click()
    page.wait_for_function(
        "number => document.querySelector('.frame').textContent === `frame ${number}`", arg=before + 1
    )
    page.wait_for_timeout(200)
    assert frame(page) == before + 1
    page.get_by_role("button", name="Go on").click()
    wait_for_frames(page, 20)


def test_the_keyboard_plays_the_game(page: Page) -> None:
    page.click("h1")
    before = page.inner_text(".sprites")
    page.keyboard.down("Enter")
    wait_for_frames(page, 8)
    page.keyboard.up("Enter")
    page.wait_for_function(
        "before => document.querySelector('.sprites').innerText.split('\\n')[0] !== before.split('\\n')[0]", arg=before
    )


WATCHED = """
window.presses = [];
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (text) {
  const message = JSON.parse(text);
  if (message.type === "press") window.presses.push(message.buttons.join(" "));
  window.socket = this;
  return send.call(this, text);
};"""


def wait_for_presses(page: Page, *expected: str) -> None:
    """Wait until the page has told of these buttons, since the last call."""
    page.wait_for_function("count => presses.length >= count", arg=len(expected))
    assert page.evaluate("presses.splice(0)") == list(expected)


def test_no_button_stays_held(page: Page) -> None:
    page.add_init_script(WATCHED)
    page.reload()
    page.wait_for_selector(".sprites li")
    keys = page.keyboard
    keys.down("z")
    keys.down("Control")
    keys.up("z")
    keys.up("Control")
    wait_for_presses(page, "b", "")
    keys.press("6")
    keys.down("x")
    page.focus("input[type=search]")
    wait_for_presses(page, "a", "")
    keys.up("x")
    page.focus(".game canvas")
    keys.down("z")
    page.evaluate(
        """() => { Object.defineProperty(document, "hidden", {value: true, configurable: true});
        document.dispatchEvent(new Event("visibilitychange")); delete document.hidden; }"""
    )
    wait_for_presses(page, "b", "")
    keys.down("z")  # it repeats
    wait_for_presses(page, "b")
    page.evaluate("socket.close()")
    page.wait_for_selector("p[role=status]")
    keys.down("z")
    page.wait_for_selector("p[role=status]", state="detached")
    assert page.evaluate("presses.length") == 0
    keys.down("z")
    keys.up("z")
    wait_for_presses(page, "b", "")


@pytest.mark.parametrize("key", [" ", "Enter"])
def test_a_button_with_the_focus_is_clicked_by_keys(page: Page, key: str) -> None:
    outlines = page.get_by_role("button", name="Outlines")
    outlines.focus()
    page.keyboard.press(key)
    expect(outlines).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    wait_for_frames(page, 5)


def test_vram_and_colours_are_those_of_the_game(page: Page) -> None:
    page.keyboard.press("2")
    page.wait_for_selector(".vram")
    wait_for_frames(page, 5)
    width, height, colours = colours_in(page, ".vram")
    assert (width, height) == (256, 512)
    assert colours > 8
    page.keyboard.press("3")
    page.wait_for_selector(".cgram [data-colour]")
    assert page.locator(".cgram [data-colour]").count() == 256


def test_a_sprites_block_is_shown_whole_with_what_is_in_vram(page: Page) -> None:
    page.click(".sprites li:first-child button")
    page.get_by_role("button", name="Whole block").click()
    offset = page.inner_text("footer .found").split()[1]
    line = page.locator(".large .line")
    expect(line).to_contain_text(f"hal {offset}: ")
    expect(line).to_contain_text(re.compile("as the game (shows it now|showed it before)"))
    assert colours_in(page, ".large canvas")[2] > 4
    found = re.search(r"(\d+) tiles.*; (\d+) in VRAM now", line.inner_text())
    assert found is not None
    assert 0 < int(found[2]) <= int(found[1])


def test_a_figure_is_repainted_in_an_editor_and_the_game_shows_it(page: Page) -> None:
    """A frame is repainted and seen in the game: point, press E, save. (The editor here paints all in one colour.)"""
    page.keyboard.press(" ")  # it stays on the screen; a paused game shows the edit too
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    sprite = page.locator(".sprites li:nth-child(2)")
    sprite.locator("button").click()
    expect(page.locator("footer .found")).to_be_visible()
    before = colours_in(page, ".sprites li:nth-child(2) canvas")[2]
    page.keyboard.press("e")
    expect(page.locator("footer [role=status]")).to_contain_text("save it, and the game changes")
    page.wait_for_function(
        """() => { const canvas = document.querySelector(".sprites li:nth-child(2) canvas");
        const {width, height} = canvas;
        const image = canvas.getContext("2d").getImageData(0, 0, width, height);
        return new Set(new Uint32Array(image.data.buffer)).size === 2; }"""
    )
    assert before > 2


def test_the_list_of_blocks_is_that_of_the_build(page: Page) -> None:
    page.keyboard.press("6")
    expect(page.locator(".blocks li").first).to_be_visible()
    listed = {int(text.split()[1], 16) for text in page.locator(".blocks li span").all_inner_texts()}
    assert listed == {block["offset"] for block in truth()["blocks"]}
    page.set_viewport_size({"width": 1280, "height": 2000})  # many thumbnails are wanted at once
    page.wait_for_function(
        "() => [...document.querySelectorAll('.blocks li canvas')].slice(0, 24).every(canvas => canvas.width > 1)"
    )
    page.fill("input[type=search]", "008ae5")
    expect(page.locator(".blocks li")).to_have_count(1)


@pytest.mark.parametrize("key", ["1", "2", "3", "4", "5", "6", "7"])
def test_each_view_is_accessible(page: Page, key: str) -> None:
    page.keyboard.press(key)
    page.wait_for_timeout(200)
    found = Axe().run(page)
    serious = [one for one in found.response["violations"] if one["impact"] in ("serious", "critical")]
    assert not serious, "\n".join(f"{one['id']}: {one['help']} {one['nodes'][0]['html'][:200]}" for one in serious)


def test_both_themes_have_contrast(page: Page) -> None:
    for _ in range(2):
        page.get_by_role("button", name="Theme").click()
        found = Axe().run(page, options={"runOnly": ["color-contrast"]})
        assert not found.response["violations"], [one["html"] for one in found.response["violations"][0]["nodes"]]


def test_two_pages_at_once_show_the_same_game(page: Page, browser: Any, game: Any) -> None:
    other = browser.new_page()
    other.goto(game.address)
    other.wait_for_selector(".sprites li")
    wait_for_frames(page, 10)
    assert abs(frame(other) - frame(page)) < 30
    other.close()


def test_without_the_token_nothing_is_shown(browser: Any, game: Any) -> None:
    page = browser.new_page()
    page.goto(game.address.partition("#")[0] + "#wrong")
    expect(page.get_by_role("status")).to_contain_text("open the address that it prints")
    assert page.locator(".sprites li").count() == 0
    page.close()
