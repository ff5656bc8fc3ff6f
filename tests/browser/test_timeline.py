"""What a person does with the timeline of a running game."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

expect.set_options(timeout=30_000)

pytestmark = pytest.mark.slow


def frame(page: Page) -> int:
    return int(page.inner_text(".frame").removeprefix("frame "))


def wait_for_frames(page: Page, count: int) -> None:
    page.wait_for_function(
        "least => Number(document.querySelector('.frame').textContent.slice(6)) >= least", arg=frame(page) + count
    )


def test_a_past_frame_is_shown_in_all_views_while_the_game_goes_on(page: Page) -> None:
    page.wait_for_function("() => Number(document.querySelector('.frame').textContent.slice(6)) >= 150")
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    wait = page.wait_for_function
    page.wait_for_timeout(200)
    now, sprites = frame(page), page.inner_text(".sprites")
    page.keyboard.press("[")
    wait("number => document.querySelector('.frame').textContent === `frame ${number}`", arg=now - 60)
    assert page.inner_text(".sprites") != sprites
    page.keyboard.press(",")
    wait("number => document.querySelector('.frame').textContent === `frame ${number}`", arg=now - 61)
    page.keyboard.press("]")
    page.keyboard.press(".")
    wait("number => document.querySelector('.frame').textContent === `frame ${number}`", arg=now)
    expect(page.locator(".sprites")).to_have_text(sprites, use_inner_text=True)
    page.hover(".sprites li:first-child button")
    expect(page.locator("footer .found")).to_have_text(re.compile(r"hal 0x[0-9a-f]{6} \+ 0x"))
    page.keyboard.press(" ")
    page.wait_for_timeout(300)
    assert frame(page) == now  # the game runs, and the page stays
    page.get_by_role("button", name="Live").click()
    wait_for_frames(page, 10)


def shown_frame(page: Page, number: int) -> None:
    page.wait_for_function("number => document.querySelector('.frame').textContent === `frame ${number}`", arg=number)


def test_what_changed_between_two_moments_is_shown_after_two_actions(page: Page) -> None:
    page.wait_for_function("() => Number(document.querySelector('.frame').textContent.slice(6)) >= 60")
    page.keyboard.press("k")  # the first action
    expect(page.locator(".timeline-actions [role=status]")).to_contain_text("kept as frame-")
    wait_for_frames(page, 40)
    page.keyboard.press("c")  # the second one
    line = page.locator(".compare .line")
    expect(line).to_contain_text(re.compile(r"\d+ tiles, \d+ colours, [1-9]\d* sprites and"))
    assert page.locator(".compare img").count() == 2
    assert page.locator(".compare td.changed").count() > 0


def test_the_game_goes_on_from_a_past_frame_and_is_rewound(page: Page) -> None:
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    page.wait_for_timeout(200)
    now = frame(page)
    page.keyboard.press("[")
    shown_frame(page, now - 60)
    then = page.inner_text(".sprites")
    page.get_by_role("button", name="Play from here").click()
    expect(page.locator(".timeline-actions [role=status]")).to_have_text(f"the game is at frame {now - 60} again")
    assert frame(page) > now  # frames are counted on
    assert page.inner_text(".sprites") == then
    page.keyboard.press(" ")
    wait_for_frames(page, 5)
    page.keyboard.press(" ")
    page.wait_for_timeout(200)
    before = page.inner_text(".sprites")
    page.keyboard.press("r")
    page.wait_for_function("before => document.querySelector('.sprites').innerText !== before", arg=before)
    page.keyboard.press(" ")


def test_a_tile_leads_to_the_frame_in_which_it_came(page: Page) -> None:
    now = frame(page)
    page.click(".sprites li:first-child button")
    page.get_by_role("button", name="First seen").click()
    page.wait_for_selector(".timeline.past")
    assert frame(page) < now
    page.get_by_role("button", name="Live").click()
