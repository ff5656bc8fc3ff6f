"""What a person does with the timeline of a running game."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from support.inspector_page import frame, set_speed, wait_for_frames, wait_until_still
from support.made_host import eventually
from support.shared_page import QUIET

pytestmark = pytest.mark.slow


@pytest.fixture
def page(page: Page) -> Page:
    """The page of a game that runs, once the timeline has 150 frames since it began at the title."""
    set_speed(page, 4)
    wait_for_frames(page, 150)
    set_speed(page, QUIET)
    return page


def position(page: Page) -> int:
    """Position of the frame that is shown. A frame that the session missed has none."""
    return int(page.get_by_role("slider", name="Timeline").input_value())


def wait_for_position(page: Page, number: int) -> None:
    expect(page.get_by_role("slider", name="Timeline")).to_have_value(str(number))


def pause(page: Page) -> None:
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Go on")).to_be_visible()


def go_back(page: Page) -> int:
    """Show the frame of a second ago, and return its position."""
    page.keyboard.press("[")
    page.wait_for_selector(".timeline.past")
    return position(page)


def oam(page: Page) -> str:
    """What the table of OAM shows, which follows each frame at once."""
    page.keyboard.press("4")
    return page.inner_text("table.oam tbody")


def test_a_past_frame_is_shown_in_all_views_while_the_game_goes_on(page: Page) -> None:
    then = go_back(page)
    number, sprites = frame(page), oam(page)
    page.keyboard.press(",")
    wait_for_position(page, then - 1)
    seconds = 0
    while not seconds or oam(page) == sprites:  # figures may stand as they stood a second before
        seconds += 1
        assert then > 60 * seconds, "the table of OAM does not follow"
        page.keyboard.press("[")
        wait_for_position(page, then - 1 - 60 * seconds)
    assert frame(page) < number
    for _ in range(seconds):
        page.keyboard.press("]")
    page.keyboard.press(".")
    wait_for_position(page, then)
    assert (frame(page), oam(page)) == (number, sprites)
    when = page.locator(".timeline .when")
    expect(when).to_contain_text("composed")  # it has no picture of the core's
    page.keyboard.press("1")
    page.hover(".sprites li:first-child button")
    expect(page.locator("footer .found")).to_have_text(re.compile(r"hal 0x[0-9a-f]{6} \+ 0x"))
    expect(when).not_to_have_text(when.inner_text())  # the game runs, and the page stays
    assert frame(page) == number
    page.get_by_role("button", name="Live").click()
    wait_for_frames(page, 10)


def test_what_changed_between_two_moments_is_shown_after_two_actions(page: Page) -> None:
    page.keyboard.press("k")  # the first action
    expect(page.locator(".timeline-actions [role=status]")).to_contain_text("kept as frame-")
    wait_for_frames(page, 40)
    page.keyboard.press("c")  # the second one
    expect(page.locator(".compare .line")).to_contain_text(re.compile(r"\d+ tiles, \d+ colours, [1-9]\d* sprites and"))
    assert page.locator(".compare img").count() == 2
    assert page.locator(".compare td.changed").count() > 0


def test_the_game_goes_on_from_a_past_frame(page: Page) -> None:
    pause(page)
    go_back(page)
    then, sprites = frame(page), oam(page)
    page.get_by_role("button", name="Play from here").click()
    expect(page.locator(".timeline-actions [role=status]")).to_have_text(f"the game is at frame {then} again")
    wait_until_still(page)
    expect(page.get_by_role("button", name="Live")).to_have_attribute("aria-pressed", "true")
    assert frame(page) > then  # frames are counted on
    assert oam(page) == sprites
    page.keyboard.press(" ")
    wait_for_frames(page, 5)


REWOUND = """before => {
  const told = document.querySelector(".timeline-actions [role=status]")?.textContent ?? "";
  return told.endsWith("again") && told !== before; }"""


def test_the_game_is_rewound_by_a_second(page: Page) -> None:
    pause(page)
    told = page.locator(".timeline-actions [role=status]")
    page.keyboard.press("r")
    expect(told).to_contain_text(re.compile(r"the game is at frame \d+ again"))
    then = told.inner_text()
    assert int(then.split()[5]) < frame(page)
    page.keyboard.press("r")  # it is there already: a second more
    page.wait_for_function(REWOUND, arg=then)
    assert int(told.inner_text().split()[5]) < int(then.split()[5])


def test_an_edit_is_started_from_a_past_moment(page: Page, game: Any) -> None:
    go_back(page)
    page.click(".sprites li:first-child button")
    expect(page.locator("footer .found")).to_be_visible()
    page.keyboard.press("e")
    expect(page.locator("footer [role=status]")).to_contain_text("save it, and the game changes")
    assert eventually(lambda: "applied to the game" in game.errors.read_text()), game.errors.read_text()


def test_a_tile_leads_to_the_frame_in_which_it_came(page: Page) -> None:
    page.click(".sprites li:first-child button")
    page.get_by_role("button", name="First seen").click()
    page.wait_for_selector(".timeline.past")
    then = frame(page)
    page.get_by_role("button", name="Live").click()
    expect(page.locator(".timeline.past")).to_have_count(0)
    assert then < frame(page) - 150  # the title has shown it from its beginning on
    page.evaluate("""() => ["<", "Escape"].forEach((key) => dispatchEvent(new KeyboardEvent("keydown", { key })))""")
    expect(page.locator(".timeline-actions [role=status]")).to_have_text("the search was ended")
    expect(page.get_by_role("progressbar", name="Searched")).to_have_count(0)
    expect(page.locator("footer .found")).to_be_visible()  # what was clicked stays


def test_a_kept_moment_is_shown_in_all_views_and_sprites_that_moved_are_framed_in_both_pictures(page: Page) -> None:
    pause(page)
    wait_until_still(page)
    then, sprites = frame(page), oam(page)
    page.keyboard.press("k")
    expect(page.locator(".timeline-actions [role=status]")).to_contain_text("kept as frame-")
    page.keyboard.press(" ")
    wait_for_frames(page, 40)
    pause(page)
    wait_until_still(page)
    assert oam(page) != sprites
    page.keyboard.press("c")
    marks = [page.locator(f".compare figure:nth-child({n}) .marks rect:not(.other)") for n in (1, 2)]
    expect(marks[0].first).to_be_attached()
    expect(marks[1].first).to_be_attached()
    moved = [row.split("\t")[0] for row in page.locator(".compare table tbody tr").all_inner_texts()]
    framed = {one.get_attribute("data-sprite") for side in marks for one in side.all()}
    assert framed <= set(moved)
    page.get_by_role("button", name="Show it").click()
    expect(page.locator(".timeline .when")).to_contain_text("kept moment frame-")
    expect(page.locator(".frame")).to_have_text(f"frame {then}")
    assert oam(page) == sprites
    page.get_by_role("button", name="Live").click()
    expect(page.locator(".timeline.past")).to_have_count(0)
    page.get_by_role("tab", name="Compare").click()
    name = page.get_by_label("Moment").input_value()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Really delete").click()
    expect(page.locator(f".views option[value='{name}']")).to_have_count(0)
