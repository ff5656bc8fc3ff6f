"""Two tabs and a pane in a window of its own look at one game."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from support.inspector_page import ask

pytestmark = pytest.mark.slow


def test_two_tabs_and_a_window_show_the_game_and_its_pause(page: Page, browser: Browser, game: Any) -> None:
    second, window = browser.new_page(), browser.new_page()
    try:
        second.goto(game.address)
        origin, token = game.address.split("#")
        window.goto(f"{origin}?view=VRAM#{token}")
        second.wait_for_selector(".sprites li")
        window.wait_for_selector("canvas.vram")
        for one in (page, second, window):
            before = int(one.inner_text(".frame").removeprefix("frame "))
            one.wait_for_function(
                "least => Number(document.querySelector('.frame').textContent.slice(6)) > least", arg=before + 10
            )
        page.get_by_role("button", name="Pause").click()
        for one in (page, second, window):
            expect(one.get_by_role("button", name="Go on")).to_be_visible()
        stands_at = ask(page, "pause")
        for one in (page, second, window):
            expect(one.locator(".frame")).to_have_text(f"frame {stands_at}")
        page.get_by_role("button", name="Go on").click()
        expect(second.get_by_role("button", name="Pause")).to_be_visible()
    finally:
        second.close()
        window.close()
