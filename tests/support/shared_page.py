"""One page for all tests of a module: a new one for each takes longer than what most of them do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page
from support.inspector_page import ask, go_on, wait_until_shown

if TYPE_CHECKING:
    from support.page_game import Game

QUIET = 0.25
"""Speed of the shared game, as a multiple of the console's: a frame costs the game, the server and the browser time."""
SLOW = 0.06
"""Speed of games whose frames no test waits for."""


@dataclass
class SharedPage:
    """A page of a game, and what it has logged that is an error."""

    page: Page
    game: Game
    wrong: list[str] = field(default_factory=list)

    def load(self) -> None:
        """Load it, and wait for sprites with names: the ROM is indexed."""
        if self.page.url == self.game.address:
            self.page.reload()  # in the same process of the browser, which takes a third of a new one's time
        else:
            self.page.goto(self.game.address)
        self.page.locator(".sprites li", has_text="hal-").first.wait_for()

    def load_anew(self) -> None:
        """Load it as one that remembers nothing."""
        self.page.mouse.up()
        self.page.evaluate("() => localStorage.clear()")
        self.page.set_viewport_size({"width": 1280, "height": 720})
        self.load()

    def enter(self, scene: str) -> None:
        """Pause the game at the beginning of a scene of the demo."""
        enter(self.page, self.game, scene)

    def check(self) -> None:
        """Fail if the page has logged an error since the last call."""
        wrong, self.wrong[:] = self.wrong[:], []
        assert not wrong


def enter(page: Page, game: Game, scene: str) -> None:
    """Pause a game at the beginning of a scene of the demo, and wait until the page shows it."""
    ask(page, "live")
    ask(page, "pause")
    ask(page, "load state", name=game.moment(scene))
    wait_until_shown(page, ask(page, "step"))
    page.get_by_role("button", name="Go on", exact=True).wait_for()


@pytest.fixture(scope="module")
def shared(context: BrowserContext, game: Game) -> Iterator[SharedPage]:
    """The page of a module's game, once it shows sprites. All tests of the module use it."""
    page = context.new_page()
    shared = SharedPage(page, game)

    def hear(message: ConsoleMessage) -> None:
        # That canvases are read often is the tests' own doing.
        if message.type in ("error", "warning") and "willReadFrequently" not in message.text:
            shared.wrong.append(message.text)

    page.on("pageerror", lambda error: shared.wrong.append(str(error)))
    page.on("console", hear)
    shared.load()
    yield shared
    page.evaluate("() => localStorage.clear()")  # the next page remembers nothing
    page.close()


@pytest.fixture
def still(shared: SharedPage) -> Iterator[Page]:
    """The page as if it was opened for the first time, of the demo's title, paused; it must log no errors.

    The game stays paused between tests, as it costs nothing then.
    """
    shared.load_anew()
    ask(shared.page, "speed", factor=QUIET)
    shared.enter("title")
    yield shared.page
    ask(shared.page, "pause")
    shared.check()


@pytest.fixture
def turn(shared: SharedPage, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page of a game that runs, as the test before left it, but that nothing is pinned; it must log no errors."""
    failed = request.session.testsfailed
    go_on(shared.page)
    yield shared.page
    if request.session.testsfailed > failed:
        shared.load_anew()
    else:
        shared.page.mouse.move(2, 2)
        shared.page.evaluate("() => document.activeElement?.blur()")
        shared.page.keyboard.press("Escape")
        shared.page.keyboard.press("1")
    shared.check()
