"""What tests of the inspector's page in a browser have in common."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

FRAME = "Number(document.querySelector('.frame').textContent.slice(6))"
STILL = """async () => {
  const [{ frame }, { figuresFrame }] = await Promise.all([import("/memory.js"), import("/figures.js")]);
  const now = performance.now();
  if (window.stillAt !== frame.value) [window.stillAt, window.stillSince] = [frame.value, now];
  const listed = document.querySelector(".figures") === null || figuresFrame.value === frame.value;
  return listed && now - window.stillSince > 700;
}"""


def frame(page: Page) -> int:
    """Return the number of the frame that a page shows."""
    number: int = page.evaluate(FRAME)
    return number


def wait_for_frames(page: Page, count: int) -> None:
    """Wait until so many more frames have been run."""
    page.wait_for_function(f"least => {FRAME} >= least", arg=frame(page) + count)


def pause(page: Page) -> None:
    """Pause the game, and wait until the page shows its last frame, and that frame's figures where it lists figures."""
    page.get_by_role("button", name="Pause").click()
    wait_until_still(page)


def wait_until_still(page: Page) -> None:
    """Wait until a paused game's last frame has come."""
    page.get_by_role("button", name="Go on").wait_for()
    page.evaluate("window.stillAt = undefined")
    page.wait_for_function(STILL, polling=100)


def go_on(page: Page) -> None:
    """Let a paused game go on."""
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Pause").wait_for()


def wait_until_painted(page: Page) -> None:
    """Wait until what was chosen last is drawn: the page renders, then runs effects, then paints."""
    page.evaluate(
        """async () => { for (let n = 0; n < 3; n++) {
        await new Promise(done => requestAnimationFrame(() => setTimeout(done))); } }"""
    )


def colours_in(page: Page, selector: str) -> tuple[int, int, int]:
    """Return the width and height of a canvas, and the number of different colours in it."""
    found: list[int] = page.eval_on_selector(
        selector,
        """canvas => { const {width, height} = canvas;
        const words = new Uint32Array(canvas.getContext("2d").getImageData(0, 0, width, height).data.buffer);
        return [width, height, new Set(words).size]; }""",
    )
    return found[0], found[1], found[2]


def block_in(text: str) -> int:
    """Return the file offset of the block that a text of the page names."""
    found = re.search(r"hal 0x([0-9a-f]{6})", text)
    assert found is not None, text
    return int(found[1], 16)
