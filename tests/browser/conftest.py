"""Halscope's page in a real browser, on the demo game that runs on a real core."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from halscope.demo import rom_path
from halscope.hosts.libretro import available_cores
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from support.inspector_page import PATIENCE, go_on
from support.page_game import CHROMIUM, Game
from support.shared_page import shared, still, turn

__all__ = ["shared", "still", "turn"]

expect.set_options(timeout=PATIENCE)

FLAGS = (
    "--no-sandbox",
    # A process in reserve for the next page, which costs what the first one costs. Of two such options the last counts,
    # so these are Playwright's own too as far as they are about work that no test needs.
    "--disable-features=SpareRendererForSitePerProcess,DestroyProfileOnBrowserClose,HttpsUpgrades,MediaRouter,"
    "OptimizationHints,NetworkTimeServiceQuerying,AimEnabled,PreconnectToSearch,LensOverlay,PaintHolding",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have one worker run all tests of this folder: each other one would start a browser and a game of its own."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.together)


@pytest.fixture(scope="session", autouse=True)
def waits_that_wait() -> Iterator[None]:
    """Refuse a wait for an async function: Playwright takes its promise for true. `wait_until` waits for it."""
    wait = Page.wait_for_function

    def checked(page: Page, expression: str, **more: Any) -> Any:
        assert not expression.lstrip().startswith("async"), "use support.inspector_page.wait_until"
        return wait(page, expression, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Page, "wait_for_function", checked)
        yield


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, timeout=120_000)
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
        running = Game(folder, rom, "--watch", folder / "sheets", scene="title")
        yield running
        assert running.end() == 0, running.errors.read_text()


@pytest.fixture
def page(still: Page) -> Page:
    """The page, with the game running."""
    go_on(still)
    return still
