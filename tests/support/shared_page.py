"""One page for all tests of a module: to load it anew for each takes longer than what most of them do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page
from support.inspector_page import FRAME

PATIENCE = 60_000  # milliseconds: what is waited for comes sooner, except on a machine that is busy with other things

SLOW = 0.06
"""Speed of the game from its start, so that one scene of the demo lasts for all tests, however busy the machine is: the
demo goes on by itself after 12 seconds of its time."""

SETTLED = 240
"""The frame from which the title's letters stand where they belong, in full colours."""

STILL = """
async () => {
  const { frame } = await import("/memory.js"), { askFigures, figures } = await import("/figures.js");
  for (let last = -1; last !== frame.value; ) {
    last = frame.value;
    await new Promise((done) => setTimeout(done, 250));
  }
  await askFigures(true);
  return figures.value !== null;
}"""


@dataclass
class SharedPage:
    """A page, and what it has logged that is an error."""

    page: Page
    address: str
    wrong: list[str] = field(default_factory=list)

    def load(self) -> None:
        """Load it, and wait for sprites."""
        self.page.goto("about:blank")  # else only what follows the # differs
        self.page.goto(self.address)
        self.page.wait_for_selector(".sprites li")
        self.set_speed(0.5)
        self.page.wait_for_function(f"() => {FRAME} >= {SETTLED}")
        self.set_speed(SLOW)

    def set_speed(self, factor: float) -> None:
        """Let the game run at another speed; 1 is the console's."""
        self.page.evaluate("async factor => (await import('/connection.js')).ask('speed', {factor})", factor)

    def take_turn(self, request: pytest.FixtureRequest) -> Iterator[Page]:
        """Yield the page to a test. The next one finds the game running and nothing pinned."""
        failed = request.session.testsfailed
        yield self.page
        if request.session.testsfailed > failed:
            self.page.mouse.up()
            go_on(self.page)
            self.page.evaluate("() => localStorage.clear()")
            self.load()
        else:
            self.page.mouse.move(2, 2)
            self.page.evaluate("() => document.activeElement?.blur()")
            self.page.keyboard.press("Escape")
            self.page.keyboard.press("1")
            go_on(self.page)
        wrong, self.wrong[:] = self.wrong[:], []
        assert not wrong


def shared_page(browser: Browser, game: Any) -> Iterator[SharedPage]:
    """Yield the page of a running game, once it shows sprites."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.set_default_timeout(PATIENCE)
    shared = SharedPage(page, game.address)

    def hear(message: ConsoleMessage) -> None:
        # That canvases are read often is the tests' own doing.
        if message.type in ("error", "warning") and "willReadFrequently" not in message.text:
            shared.wrong.append(message.text)

    page.on("pageerror", lambda error: shared.wrong.append(str(error)))
    page.on("console", hear)
    shared.load()
    yield shared
    page.close()


def pause(page: Page) -> None:
    """Pause the game, and wait until the page shows its last frame and the figures of that."""
    page.get_by_role("button", name="Pause", exact=True).click()
    page.get_by_role("button", name="Go on", exact=True).wait_for()
    assert page.evaluate(STILL)


def go_on(page: Page) -> None:
    """Let the game go on if it is paused."""
    pausing = page.get_by_role("button", name="Pause", exact=True)
    paused = page.get_by_role("button", name="Go on", exact=True)
    pausing.or_(paused).wait_for()
    if paused.is_visible():
        paused.click()
    pausing.wait_for()


def run_frame(page: Page) -> None:
    """Run one frame of the paused game, and wait until the page shows it."""
    before = page.inner_text(".frame")
    page.get_by_role("button", name="Step", exact=True).click()
    page.wait_for_function("text => document.querySelector('.frame').textContent !== text", arg=before)
    assert page.evaluate(STILL)
