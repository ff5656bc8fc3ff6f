"""Draws the pictures of the page for the documents: `PYTHONPATH=tests python tests/browser/pictures.py docs/images`.

Each view at two sizes and in both themes, in `page/`, and `page.png`, with which the README opens. The game is our
demo, on a real core. They are made again by hand: a browser's fonts differ from one machine to the next.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from halscope.demo import rom_path
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright
from support.inspector_page import run_frame, wait_until
from support.page_game import CHROMIUM, Game

SIZES: Final = ((1280, 720), (2560, 1440))
THEMES: Final = ("dark", "light")
HERO: Final = ".figures li:first-child button"
_SETTLED: Final = 1500  # milliseconds until the answers of a view have come


def paint(page: Page) -> None:
    page.get_by_role("tab", name="Sprites").click()
    page.click(HERO)
    page.keyboard.press("p")
    expect(page.locator(".painted")).to_be_focused()
    page.keyboard.press("t")  # the original shines through


def block(page: Page) -> None:
    page.keyboard.press("n")


def colours(page: Page) -> None:
    page.get_by_role("tab", name="Palettes").click()
    page.click("[data-colour='231']")


def compared(page: Page) -> None:
    page.keyboard.press("c")
    expect(page.locator(".compare")).to_be_visible()


def still(page: Page) -> None:
    page.get_by_role("tab", name="VRAM").click()
    page.get_by_label("mark what changes").uncheck()


VIEWS: Final[dict[str, Callable[[Page], None]]] = {
    "Sprites": lambda _: None,
    "VRAM": still,
    "Palettes": colours,
    "OAM": lambda _: None,
    "Registers": lambda _: None,
    "ROM": block,
    "Tilemaps": lambda _: None,
    "Compare": compared,
    "Coverage": lambda _: None,
    "Edits": lambda _: None,
    "Paint": paint,
}


def play(page: Page) -> None:
    """Keep a moment of the title, play into the meadow, and pause there."""
    page.keyboard.press("k")
    expect(page.locator(".timeline-actions")).to_contain_text("kept as")
    page.keyboard.down("Enter")
    wait_until(page, "async () => (await import('/memory.js')).memory.ppu.obsel === 96")
    page.keyboard.up("Enter")
    page.keyboard.down("ArrowRight")
    page.wait_for_timeout(2500)
    page.keyboard.up("ArrowRight")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    page.wait_for_timeout(_SETTLED)


def pose_of(page: Page) -> str:
    """Name of the picture that the hero shows."""
    page.get_by_role("tab", name="Sprites").first.click()
    return page.locator(HERO).inner_text().partition(":")[0]


def edit(page: Page) -> None:
    """Paint the hero, so that there is an edit to show; the frame after it is the first whose picture has it, so the
    hero must have taken its pose just now."""
    pose = pose_of(page)
    for _ in range(40):
        run_frame(page)
        if pose_of(page) != pose:
            break
    paint(page)
    for key in ("t", "]", "]", "]", "g", " "):
        page.keyboard.press(key)
    expect(page.locator(".views [role=status]")).to_contain_text("saved")
    expect(page.locator(".news")).to_contain_text("0x")
    run_frame(page)


def save(page: Page, path: Path) -> None:
    page.mouse.move(3, 3)
    page.wait_for_timeout(_SETTLED)
    with Image.open(io.BytesIO(page.screenshot())) as picture:
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.convert("RGB").quantize(255, dither=Image.Dither.NONE).save(path, optimize=True)


def opened(browser: Browser, game: Game, size: tuple[int, int], theme: str) -> Page:
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme="dark")
    page.add_init_script(f"localStorage.setItem('theme', '{theme}')")
    page.goto(game.address)
    page.wait_for_selector(".sprites li")
    return page


def main(folder: Path) -> None:
    """Write the pictures into a folder."""
    with tempfile.TemporaryDirectory() as work, rom_path() as rom, sync_playwright() as playwright:
        game = Game(Path(work), rom, "--watch", Path(work) / "sheets")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = opened(browser, game, (1600, 900), "dark")
        play(page)
        page.click(HERO)
        page.evaluate("async () => { (await import('/layout.js')).firstShare.value = 0.4; }")
        page.keyboard.press("v")  # two views
        page.locator("[aria-label='Second view']").get_by_role("tab", name="ROM").click()
        block(page)
        page.get_by_role("tab", name="Sprites").first.click()
        save(page, folder / "page.png")
        page.keyboard.press("v")
        edit(page)
        page.close()
        for size in SIZES:
            for theme in THEMES:
                page = opened(browser, game, size, theme)
                page.click(HERO)
                for name, prepare in VIEWS.items():
                    page.get_by_role("tab", name=name, exact=True).click()
                    prepare(page)
                    save(page, folder / "page" / f"{name.lower()}-{theme}-{size[0]}.png")
                page.close()
        browser.close()
        game.end()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
