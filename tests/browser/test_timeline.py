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
