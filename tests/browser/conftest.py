"""Halscope's page in a real browser, on the demo game that runs on a real core."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from halscope.demo import rom_path
from halscope.hosts.libretro import available_cores
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright
from support.inspector_page import go_on, pause
from support.page_game import CHROMIUM, Game

PATIENCE = 60_000  # milliseconds
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"], timeout=120_000)
        yield started
        started.close()


@pytest.fixture(scope="session")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """All pages' context: what the browser has compiled of a game's page is there for the next one."""
    with browser.new_context(viewport={"width": 1280, "height": 720}) as made:
        made.set_default_timeout(PATIENCE)
        yield made


@pytest.fixture(scope="session")
def start_game() -> type[Game]:
    """What starts a game of a test's own."""
    return Game


@pytest.fixture(scope="session")
def game(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Game]:
    """The demo game, for all tests that leave it as they found it, or that do not mind."""
    if not available_cores():
        pytest.skip("no libretro core is installed")
    folder = tmp_path_factory.mktemp("game")
    with rom_path() as rom:
        running = Game(folder, rom, "--watch", folder / "sheets")
        yield running
        assert running.end() == 0, running.errors.read_text()


def is_wrong(message: ConsoleMessage) -> bool:
    # That canvases are read often is these tests' own doing.
    return message.type in ("error", "warning") and "willReadFrequently" not in message.text


@pytest.fixture
def still(context: BrowserContext, game: Game) -> Iterator[Page]:
    """The page, with the game paused, once it shows sprites; it must log no errors.

    It remembers nothing of the page of the test before. A paused game costs no time: it is paused between tests too.
    """
    opened = context.new_page()
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda message: wrong.append(message.text) if is_wrong(message) else None)
    opened.goto(game.address)
    opened.wait_for_selector(".sprites li")
    if opened.get_by_role("button", name="Pause").is_visible():  # it has just been started
        pause(opened)
    yield opened
    opened.evaluate("async () => (await import('/connection.js')).order('pause')")  # whatever it does at this moment
    opened.get_by_role("button", name="Go on").wait_for()
    opened.evaluate("localStorage.clear()")
    opened.close()
    assert not wrong


@pytest.fixture
def page(still: Page) -> Page:
    """The page, with the game running."""
    go_on(still)
    return still
