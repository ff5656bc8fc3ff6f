"""What tests of the inspector's page in a browser have in common."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

import numpy as np
from support.made_host import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from playwright.sync_api import Download, Page

PATIENCE = 60_000  # milliseconds: what is waited for comes sooner, except on a machine that is busy with other things
FRAME = "Number(document.querySelector('.frame').textContent.slice(6))"
ASK = "async ([kind, fields]) => (await import('/connection.js')).ask(kind, fields, true)"
SHOWN = """async (number) => {
  const [{ frame }, { askFigures, figuresFrame }] = await Promise.all([import("/memory.js"), import("/figures.js")]);
  if (frame.value !== number) return false;
  if (figuresFrame.value !== number) await askFigures(true);
  return figuresFrame.value === number && frame.value === number;
}"""

DROP = """(element, [name, data]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([Uint8Array.from(atob(data), (one) => one.charCodeAt(0))], name, {type: "image/png"}));
  const {x, y, width, height} = element.getBoundingClientRect();
  const at = {bubbles: true, cancelable: true, dataTransfer: transfer, clientX: x + width / 2, clientY: y + height / 2};
  element.dispatchEvent(new DragEvent("dragover", at));
  element.dispatchEvent(new DragEvent("drop", at));
}"""
"""Drops a file, [name, base64], on an element, as a person drags it from a folder."""


def ask(page: Page, kind: str, **fields: object) -> Any:
    """The answer to a question, as the page itself asks it."""
    return page.evaluate(ASK, [kind, fields])


def exported(page: Page, start: Callable[[], object]) -> Download:
    """What `start` has the page download as a patch; fails with what the page says instead."""
    with page.expect_download() as download:
        start()
        told = page.locator(".exported, .views [role=alert]").first
        told.wait_for()
        assert told.get_attribute("role") != "alert", told.inner_text()
    return download.value


def frame(page: Page) -> int:
    """Return the number of the frame that a page shows."""
    number: int = page.evaluate(FRAME)
    return number


def wait_for_frames(page: Page, count: int) -> None:
    """Wait until so many more frames have been run."""
    page.wait_for_function(f"least => {FRAME} >= least", arg=frame(page) + count)


def pause(page: Page) -> None:
    """Pause the game, and wait until the page shows its last frame and the figures of that."""
    page.get_by_role("button", name="Pause", exact=True).click()
    page.get_by_role("button", name="Go on", exact=True).wait_for()
    wait_until_still(page)


def wait_until_still(page: Page) -> None:
    """Wait until the page shows the frame at which a paused game stands, and the figures of that."""
    wait_until_shown(page, ask(page, "pause"))  # it says where the game stands


def wait_until_shown(page: Page, number: int) -> None:
    """Wait until the page shows this frame and its figures."""
    wait_until(page, SHOWN, number)
    wait_until_painted(page)


def wait_until(page: Page, condition: str, arg: object = None) -> None:
    """Wait until an async function of the page returns something true. Of such a function Playwright's own
    `wait_for_function` waits for nothing: it takes the promise for true."""
    looping = f"""async (arg) => {{
      const holds = {condition};
      for (const end = performance.now() + {PATIENCE}; performance.now() < end;) {{
        if (await holds(arg)) return true;
        await new Promise((done) => setTimeout(done, 20));
      }}
      return false; }}"""
    assert page.evaluate(looping, arg), condition


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
    page.get_by_role("button", name="Step", exact=True).click()
    wait_until_still(page)


def set_speed(page: Page, factor: float) -> None:
    """Let the game run at another multiple of the console's speed; 0: as fast as possible."""
    ask(page, "speed", factor=factor)


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


PIXELS = """canvases => Promise.all(canvases.map(canvas => new Promise(done => {
  const {width, height} = canvas, reader = new FileReader();
  reader.onload = () => done([height, width, reader.result.split(",")[1] ?? ""]);
  reader.readAsDataURL(new Blob([canvas.getContext("2d").getImageData(0, 0, width, height).data])); })))"""


def pixels_on(page: Page, canvases: str) -> list[NDArray[np.uint8]]:
    """The pixels of canvases on a page, uint8[height, width, 4] each. (As lists of numbers they would take seconds.)"""
    found = page.eval_on_selector_all(canvases, PIXELS)
    return [np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 4) for height, width, data in found]


def soon(condition: Callable[[], object]) -> bool:
    """`eventually` for what a page is asked: each time costs four processes, so it is asked twenty times a second."""
    return eventually(condition, every=0.05)


def block_in(text: str) -> int:
    """Return the file offset of the block that a text of the page names."""
    found = re.search(r"hal 0x([0-9a-f]{6})", text)
    assert found is not None, text
    return int(found[1], 16)
