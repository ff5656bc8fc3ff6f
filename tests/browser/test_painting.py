"""What a person paints on the page: the running game shows it, and the ROM's bytes are patched."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from halscope.inject import read_sheet
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.slow

SPRITE = ".sprites li:first-child button"


def pixel_of_game(page: Page, x: int, y: int) -> tuple[int, int, int]:
    """The colour of a pixel of the game's canvas, as it is on the screen."""
    found: list[int] = page.eval_on_selector(
        ".game canvas", "(canvas, [x, y]) => [...canvas.getContext('2d').getImageData(x, y, 1, 1).data]", [x, y]
    )
    return found[0], found[1], found[2]


def test_a_frame_is_repainted_and_seen_in_the_game(page: Page, game: object) -> None:
    page.keyboard.press(" ")
    page.click(SPRITE)  # 1
    page.keyboard.press("p")  # 2
    expect(page.locator(".painted")).to_be_focused()
    name = page.inner_text(".line strong")
    box = page.locator(".painted").bounding_box()
    assert box is not None
    page.locator(".painted").click()  # 3
    expect(page.locator(".differs")).to_contain_text("1 pixel")
    page.screenshot(path="/tmp/pixels_shot.png")
    print(name, page.inner_text(".views"))
