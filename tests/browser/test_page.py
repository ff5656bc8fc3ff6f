"""What a person does on the page: look at the running game, point at a sprite, play, pause."""

from __future__ import annotations

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from halscope.demo import truth
from playwright.sync_api import Page, expect
from support.inspector_page import (
    block_in,
    colours_in,
    frame,
    go_on,
    pause,
    wait_for_frames,
    wait_until,
    wait_until_still,
)
from support.shared_page import QUIET

pytestmark = pytest.mark.slow

BLOCKS = {block["offset"] for block in truth()["blocks"]}
SENT = """
window.sent = [];
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (text) {
  window.sent.push(JSON.parse(text));
  window.socket = this;
  return send.call(this, text);
};
0"""


@pytest.fixture
def page(still: Page) -> Page:
    """The page of a paused game; tests that need it to run let it go on."""
    return still


def test_pointing_at_a_sprite_says_which_block_of_the_rom_it_comes_from(page: Page) -> None:
    page.hover(".sprites li:first-child button")
    found = page.locator("footer .found")
    expect(found).to_have_text(re.compile(r"hal 0x[0-9a-f]{6} \+ 0x"))
    assert block_in(found.inner_text()) in BLOCKS
    assert re.search(r"\$[0-9A-F]{2}:[0-9A-F]{4}", page.inner_text("footer"))


def test_pointing_at_the_game_outlines_the_same_sprite_in_the_list(page: Page) -> None:
    box = page.locator(".game canvas").bounding_box()
    place = re.search(r": (\d+)×(\d+) at (\d+),(\d+)", page.inner_text(".sprites li:first-child"))
    assert box is not None
    assert place is not None
    width, height, x, y = map(int, place.groups())
    scale = box["height"] / 224
    page.mouse.move(box["x"] + (x + width / 2) * box["width"] / 256, box["y"] + (y + height / 2) * scale)
    expect(page.locator(".sprites li:first-child button")).to_have_class("chosen")


def test_the_game_is_paused_stepped_and_goes_on(page: Page) -> None:
    before = frame(page)
    page.get_by_role("button", name="Step").click()
    page.wait_for_function(
        "number => document.querySelector('.frame').textContent === `frame ${number}`", arg=before + 1
    )
    wait_until_still(page)
    assert frame(page) == before + 1
    go_on(page)
    wait_for_frames(page, 20)


def test_the_speed_is_that_of_the_game_for_each_page(page: Page) -> None:
    speed = page.get_by_label("Speed")
    expect(speed).to_have_value(str(QUIET))
    speed.select_option("1")
    wait_until(page, SPEED, 1)  # the server has told it
    page.reload()
    expect(speed).to_have_value("1")
    speed.select_option(str(QUIET))
    wait_until(page, SPEED, QUIET)


SPEED = "async (factor) => (await import('/views/game.js')).speed.value === factor"


def test_the_keyboard_plays_the_game(page: Page) -> None:
    go_on(page)
    page.click("h1")
    page.keyboard.down("Enter")  # Start leads to the next scene
    wait_for_frames(page, 8)
    page.keyboard.up("Enter")
    wait_until(page, "async () => (await import('/memory.js')).memory.ppu.obsel === 96")  # it is the meadow's


PRESSES = "sent.filter(({type}) => type === 'press').map(({buttons}) => buttons.join(' '))"


def wait_for_presses(page: Page, *expected: str) -> None:
    """Wait until the page has told of these buttons, since the last call."""
    page.wait_for_function(f"count => ({PRESSES}).length >= count", arg=len(expected))
    assert page.evaluate(PRESSES) == list(expected)
    page.evaluate("sent.length = 0")


def test_no_button_stays_held(page: Page) -> None:
    go_on(page)
    page.add_init_script(SENT)
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
    assert page.evaluate(PRESSES) == []
    keys.down("z")
    keys.up("z")
    wait_for_presses(page, "b", "")


def test_a_button_with_the_focus_is_clicked_by_keys(page: Page) -> None:
    go_on(page)
    outlines = page.get_by_role("button", name="Outlines")
    outlines.focus()
    for key, pressed in ((" ", "true"), ("Enter", "false")):
        page.keyboard.press(key)
        expect(outlines).to_have_attribute("aria-pressed", pressed)
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    wait_for_frames(page, 5)


def test_space_pauses_after_a_click_of_the_mouse_on_a_button(page: Page) -> None:
    go_on(page)
    page.get_by_role("tab", name="VRAM").click()
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Go on", exact=True)).to_be_visible()


def test_vram_and_colours_are_those_of_the_game(page: Page) -> None:
    go_on(page)
    page.keyboard.press("2")
    page.wait_for_selector(".vram")
    wait_for_frames(page, 5)
    width, height, colours = colours_in(page, ".vram")
    assert (width, height) == (256, 512)
    assert colours > 8
    page.keyboard.press("3")
    page.wait_for_selector(".cgram [data-colour]")
    assert page.locator(".cgram [data-colour]").count() == 256


def test_the_line_below_stays_as_it_is_while_its_buttons_are_reached(page: Page) -> None:
    go_on(page)
    page.click(".sprites li:first-child button")
    page.hover("h1")
    found = page.locator("footer .found")
    expect(found).to_be_visible()
    page.evaluate(SENT)
    page.wait_for_function("() => sent.some(({type}) => type === 'origin')")
    found.hover()
    page.evaluate("sent.length = 0")
    wait_for_frames(page, 61)
    assert page.evaluate("sent.filter(({type}) => type === 'origin')") == []
    offset = block_in(found.inner_text())
    page.get_by_role("button", name="Whole block").click()
    expect(page.locator(".large > .line").first).to_contain_text(f"hal {offset:#08x}: ")


def test_a_sprites_block_is_shown_whole_with_what_is_in_vram(page: Page) -> None:
    page.click(".sprites li:first-child button")
    offset = block_in(page.inner_text("footer .found"))
    page.get_by_role("button", name="Whole block").click()
    line = page.locator(".large > .line").first
    expect(line).to_contain_text(f"hal {offset:#08x}: ")
    expect(line).to_contain_text("as the game shows it now")
    expect(page.locator(".large .pointers")).to_contain_text("0x")
    assert colours_in(page, ".large canvas")[2] > 4
    found = re.search(r"(\d+) tiles.*; (\d+) in VRAM now", line.inner_text())
    assert found is not None
    assert 0 < int(found[2]) <= int(found[1])


def wait_for_colours(page: Page, condition: str) -> None:
    """Wait until the number of colours of the second figure's picture is as it should be."""
    page.wait_for_function(
        f"""() => {{ const canvas = document.querySelector(".sprites li:nth-child(2) canvas");
        const {{width, height}} = canvas;
        const image = canvas.getContext("2d").getImageData(0, 0, width, height);
        return new Set(new Uint32Array(image.data.buffer)).size {condition}; }}"""
    )


def test_a_figure_is_repainted_in_an_editor_and_a_paused_game_shows_it(page: Page) -> None:
    """A frame is repainted and seen in the game: point, press E, save. (The editor here paints all in one colour.)"""
    number = frame(page)
    page.locator(".sprites li:nth-child(2) button").click()
    expect(page.locator("footer .found")).to_be_visible()
    wait_for_colours(page, "> 2")
    page.keyboard.press("e")
    expect(page.locator("footer [role=status]")).to_contain_text("save it, and the game changes")
    wait_for_colours(page, "=== 2")
    page.keyboard.press("Control+z")
    wait_for_colours(page, "> 2")
    assert frame(page) == number


def test_what_is_done_with_a_figure_is_done_in_the_frame_of_the_pages_list(page: Page) -> None:
    """The game goes on between a page's list of figures and the question: the list's frame is what is meant."""
    go_on(page)
    page.evaluate(SENT)
    page.locator(".sprites li").first.locator("button").click()
    listed = "async () => (await import('/figures.js')).figuresFrame.value"
    before = page.evaluate(listed)
    page.keyboard.press("l")
    page.wait_for_function("() => sent.some(({type}) => type === 'collect')")
    assert before <= page.evaluate("sent.find(({type}) => type === 'collect').frame") <= page.evaluate(listed)
    expect(page.locator(".collect")).to_be_visible()
    page.click(".collect button:text('Close')")


def test_the_list_of_blocks_is_that_of_the_build(page: Page) -> None:
    page.keyboard.press("6")
    expect(page.locator(".blocks li").first).to_be_visible()
    listed = {int(text.split()[1], 16) for text in page.locator(".blocks li span").all_inner_texts()}
    assert listed == BLOCKS
    page.set_viewport_size({"width": 1280, "height": 2000})  # many thumbnails are wanted at once
    page.wait_for_function(
        "() => [...document.querySelectorAll('.blocks li canvas')].slice(0, 24).every(canvas => canvas.width > 1)"
    )
    page.fill("input[type=search]", "008ae5")
    expect(page.locator(".blocks li")).to_have_count(1)


def test_questions_that_fail_leave_the_lists_as_they_are(page: Page) -> None:
    page.keyboard.press("6")
    page.fill("input[type=search]", "008ae5")
    expect(page.locator(".blocks li")).to_have_count(1)
    page.evaluate("""async () => {
      const { trouble } = await import("/views/rom_data.js");
      window.field = document.querySelector("input[type=search]");
      trouble.value = "it failed"; }""")
    expect(page.locator("#view [role=status]")).to_have_text("it failed")
    assert page.evaluate("field === document.querySelector('input[type=search]') && field === document.activeElement")
    expect(page.locator(".blocks li")).to_have_count(1)
    expect(page.locator("#view > [role=status]")).to_have_count(0)  # the next answer is there


def test_what_a_person_asks_does_not_wait_for_the_pictures_of_a_long_history(page: Page) -> None:
    """A patch's download waited for all of them: as many as there were steps."""
    page.wait_for_selector(".sprites li")
    answered = page.evaluate(
        """async () => {
        const { ask, askLater } = await import("/connection.js"), order = [];
        const pictures = Array.from({ length: 40 }, () => askLater("registers", {}).then(() => order.push("picture")));
        await ask("registers").then(() => order.push("person"));
        await Promise.all(pictures);
        return order; }"""
    )
    assert answered.index("person") < 10
    assert answered.count("picture") == 40


def test_each_view_is_accessible(page: Page) -> None:
    page.keyboard.press("4")
    page.get_by_label("off-screen ones too").uncheck()  # a hundred rows that are all alike
    page.keyboard.press("1")
    for key in "1234567":
        page.keyboard.press(key)
        page.wait_for_selector("#view > *")
        options = {"resultTypes": ["violations"]}
        found = Axe().run(page, context=None if key == "1" else "#view", options=options)
        serious = [one for one in found.response["violations"] if one["impact"] in ("serious", "critical")]
        assert not serious, "\n".join(
            f"view {key}: {one['id']}: {one['help']} {one['nodes'][0]['html'][:200]}" for one in serious
        )


def test_a_frame_in_which_the_screen_is_off_says_so(page: Page) -> None:
    """As while a game loads a scene: what is in memory then is not on the screen."""
    line = page.locator(".game .line", has_text="forced blank")
    expect(line).to_have_count(0)
    for value, count in ((0x80, 1), (0x0F, 0)):
        page.evaluate(
            """async (value) => {
            const { frame, memory } = await import("/memory.js"), number = frame.value;
            memory.ppu.inidisp = value;
            frame.value = -1;
            frame.value = number; }""",
            value,
        )
        expect(line).to_have_count(count)


GROUND = "getComputedStyle(document.documentElement).getPropertyValue('--ground')"


def test_both_themes_have_contrast(page: Page) -> None:
    ground = page.evaluate(GROUND)
    for first in (True, False):
        page.get_by_role("button", name="Theme").click()
        assert (page.evaluate(GROUND) != ground) is first, "each click changes it"
        found = Axe().run(page, options={"runOnly": ["color-contrast"], "resultTypes": ["violations"]})
        assert not found.response["violations"], [one["html"] for one in found.response["violations"][0]["nodes"]]


def test_two_pages_at_once_show_the_same_game(page: Page, context: Any, game: Any) -> None:
    go_on(page)
    other = context.new_page()
    other.goto(game.address)
    pause(other)
    page.get_by_role("button", name="Go on").wait_for()  # it was told
    page.wait_for_function("text => document.querySelector('.frame').textContent === text", arg=f"frame {frame(other)}")
    other.close()


def test_without_the_token_nothing_is_shown(context: Any, game: Any) -> None:
    page = context.new_page()
    page.goto(game.address.partition("#")[0] + "#wrong")
    expect(page.get_by_role("status")).to_contain_text("open the address that it prints")
    assert page.locator(".sprites li").count() == 0
    page.close()
