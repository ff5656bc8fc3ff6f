"""Edits on the page in tests: a figure's card, the game's picture, and the same game run from power-on."""

from __future__ import annotations

import numpy as np
from halscope.hosts.libretro import available_cores
from halscope_hooks import Snapshot
from numpy.typing import NDArray
from playwright.sync_api import Locator, Page
from support.demo_game import DemoGame
from support.inspector_page import pixels_on, soon

COLOURS = """canvas => { const {width, height} = canvas;
  return new Set(new Uint32Array(canvas.getContext("2d").getImageData(0, 0, width, height).data.buffer)).size; }"""
MOST_FRAMES = 3000  # in which each scene of the demo is shown


def card_of(page: Page, number: int) -> Locator:
    """The card of a figure by its place in the list, held by the figure's name: the game may sort it elsewhere."""
    text = page.locator(".sprites li").nth(number).locator("span").inner_text()
    return page.locator(".sprites li", has_text=text.partition(": ")[0]).first


def wait_for_colours(page: Page, card: Locator, few: bool) -> None:
    """Wait until a figure is painted in one colour, or in its own again."""
    page.get_by_role("tab", name="Sprites").click()

    def colours() -> int:
        return int(card.locator("canvas").evaluate(COLOURS))

    assert soon(lambda: colours() == 2 if few else colours() > 2)  # a canvas that is not painted yet has one


def shown_picture(page: Page) -> tuple[int, NDArray[np.uint8]]:
    """Return the number of the frame that a page shows and the game's picture, uint8[height, width, 3]."""
    number = int(page.inner_text(".frame").removeprefix("frame "))
    (picture,) = pixels_on(page, ".game canvas")
    return number, picture[..., :3]


def booted_picture(rom: bytes, number: int) -> NDArray[np.uint8]:
    """The picture of this frame of a game that runs from power-on, uint8[height, width, 3]."""
    with DemoGame(available_cores()[0].name, rom) as game:
        while (snapshot := game.host.step()).frame < number:
            pass
    assert snapshot.picture is not None
    return snapshot.picture


def boot_to(game: DemoGame, picture: NDArray[np.uint8]) -> Snapshot | None:
    """Run a game that has just been started until it shows exactly this picture; `None` if it never does."""
    for snapshot in game.frames(MOST_FRAMES):
        if snapshot.picture is not None and np.array_equal(snapshot.picture, picture):
            return snapshot
    return None
