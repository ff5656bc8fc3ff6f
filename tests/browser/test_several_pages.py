"""Two tabs and a pane in a window of its own look at one game."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from support.inspector_page import ask, frame, wait_until, wait_until_shown

pytestmark = pytest.mark.slow


def test_two_tabs_and_a_window_show_the_game_and_its_pause(page: Page, context: BrowserContext, game: Any) -> None:
    second, window = context.new_page(), context.new_page()
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


HIDE = """hidden => {
  // As a browser does with a tab that is hidden; Playwright's tabs are always shown.
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  if (hidden) {
    const send = WebSocket.prototype.send, frames = requestAnimationFrame;
    const tab = (window.hiddenTab = { send, frames, sent: [], waiting: [] });
    window.requestAnimationFrame = (call) => tab.waiting.push(call);
    WebSocket.prototype.send = function (text) { tab.sent.push(text); return send.call(this, text); };
  } else {
    window.requestAnimationFrame = hiddenTab.frames;
    WebSocket.prototype.send = hiddenTab.send;
    hiddenTab.waiting.forEach((call) => requestAnimationFrame(call));
  }
  document.dispatchEvent(new Event("visibilitychange"));
}"""
KEPT = "async () => (await import('/timeline.js')).extent.value.end"
RECEIVED = "async () => (await import('/memory.js')).received.value"


def test_a_hidden_tab_asks_nothing_and_shows_where_the_game_stands_as_soon_as_it_is_shown(page: Page) -> None:
    page.get_by_role("tab", name="ROM", exact=True).click()  # it asks every second what is in VRAM
    page.wait_for_selector("#view canvas")
    page.evaluate(HIDE, True)
    then, kept, received = frame(page), page.evaluate(KEPT), page.evaluate(RECEIVED)
    wait_until(page, f"async (least) => await ({KEPT})() > least", kept + 120)
    assert [text for text in page.evaluate("hiddenTab.sent") if "in_vram" in text] == []
    assert page.evaluate(RECEIVED) <= received + 4  # two, and two more if the browser had begun to paint
    stands_at = ask(page, "pause")
    assert stands_at > then + 60
    page.evaluate(HIDE, False)
    wait_until_shown(page, stands_at)  # though it was not decoded when the game ran it
