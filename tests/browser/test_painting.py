"""What a person paints on the page: the running game shows it, and the ROM's bytes are patched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from halscope import hal
from halscope.demo import rom_path
from halscope.hosts.libretro import available_cores
from halscope.inject import read_sheet, sheet_edit
from halscope_hooks import Origin
from PIL import Image
from playwright.sync_api import Page, expect
from support.made_host import eventually

expect.set_options(timeout=30_000)

pytestmark = pytest.mark.slow

BLUE = 12  # an index of the first letter's palette that its middle does not have
SHEET = ".line strong"
SHOWN = """
async ([x, y, colour]) => {
  const { figures } = await import("/figures.js"), { current } = await import("/selection.js");
  const canvas = document.querySelector(".game canvas");
  const one = figures.value?.find((figure) => figure.sprites.includes(current().sprite));
  if (one === undefined) return false;
  const [r, g, b] = canvas.getContext("2d").getImageData(one.x + x, one.y + y, 1, 1).data;
  return `#${[r, g, b].map((level) => level.toString(16).padStart(2, "0")).join("")}` === colour;
}"""

OBSEL = "async () => (await import('/memory.js')).memory.ppu.obsel"
RAW = """
async () => {
  const { figures } = await import("/figures.js");
  return figures.value?.find((one) => one.origins.some(({ codec }) => codec === "raw"))?.sprites[0] ?? null;
}"""


@pytest.fixture(scope="module")
def game(tmp_path_factory: pytest.TempPathFactory, start_game: Any) -> Iterator[Any]:
    """A game of this module's own, which ends with a patched ROM."""
    if not available_cores():
        pytest.skip("no libretro core is installed")
    folder = tmp_path_factory.mktemp("painted")
    with rom_path() as rom:
        running = start_game(folder, rom, "--watch", folder / "sheets", "-o", folder / "painted.sfc")
        yield running
        assert running.end() == 0, running.errors.read_text()


def folder_of(game: Any) -> Path:
    return Path(game.errors).parent


@dataclass
class Person:
    """Counts what a person does."""

    page: Page
    actions: int = 0

    def click(self, selector: str, **how: Any) -> None:
        self.actions += 1
        self.page.click(selector, **how)

    def press(self, key: str) -> None:
        self.actions += 1
        self.page.keyboard.press(key)


def paint_middle(person: Person, index: int) -> tuple[int, int, str]:
    """Click a pixel of the painted canvas in a colour. Returns the pixel and the colour."""
    page = person.page
    expect(page.locator(".painted")).to_be_focused()
    person.click(f".paints button:nth-child({index + 1})")
    colour = page.locator(".paints [aria-pressed=true]").get_attribute("title") or ""
    width, height, scale = page.eval_on_selector(
        ".painted", "canvas => [canvas.width, canvas.height, parseInt(document.querySelector('.bar span').textContent)]"
    )
    x, y = width // scale // 2, height // scale // 2
    person.click(".painted", position={"x": x * scale + scale // 2, "y": y * scale + scale // 2})
    return x, y, colour.rpartition(" ")[2]


def test_a_packed_frame_is_repainted_and_seen_in_the_game(page: Page, game: Any) -> None:
    person = Person(page)
    person.click(".sprites li:first-child button")
    person.press("p")
    x, y, colour = paint_middle(person, BLUE)
    assert eventually(lambda: page.evaluate(SHOWN, [x, y, colour]))
    assert person.actions <= 6
    expect(page.locator(".differs")).to_have_text("1 pixel of 1 tile differs from the ROM's")
    expect(page.locator(".views [role=status]")).to_contain_text("saved, and in the game")
    sheet = read_sheet(folder_of(game) / "sheets" / page.inner_text(SHEET))
    (changed,) = np.argwhere(sheet.pixels != sheet.sheet.composition.pixels).tolist()
    assert changed == [y, x]


def test_strokes_are_undone_and_the_keyboard_does_everything(page: Page, game: Any) -> None:
    page.keyboard.press("1")
    page.focus(".sprites li:nth-child(3) button")
    page.keyboard.press("p")
    expect(page.locator(".painted")).to_be_focused()
    differs, path = page.locator(".differs"), folder_of(game) / "sheets" / page.inner_text(SHEET)
    keys = page.keyboard
    keys.press("0")
    expect(page.locator(".paint.clear").first).to_have_attribute("aria-pressed", "true")
    for key in ("]", " ", "ArrowRight", "g", "]", " "):
        keys.press(key)
    expect(differs).to_contain_text("pixels of")
    keys.press("f")
    expect(page.locator(".views .line").first).to_contain_text("the ROM's picture is shown")
    keys.press("f")
    keys.press("h")
    for _ in range(3):
        keys.press("Control+z")
    expect(differs).to_have_text("as the ROM has it")
    keys.press("Control+Shift+z")
    expect(differs).to_contain_text("1 pixel ")
    keys.press("Control+z")
    expect(differs).to_have_text("as the ROM has it")

    def is_unedited() -> bool:
        return not sheet_edit(read_sheet(path)).changes

    assert eventually(is_unedited)


def test_the_painted_view_is_accessible(page: Page) -> None:
    page.click(".sprites li:first-child button")
    page.keyboard.press("p")
    expect(page.locator(".painted")).to_be_focused()
    for _ in range(2):
        page.get_by_role("button", name="Theme").click()
        found = Axe().run(page)
        serious = [one for one in found.response["violations"] if one["impact"] in ("serious", "critical")]
        assert not serious, "\n".join(f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in serious)


def test_a_whole_block_is_painted(page: Page) -> None:
    page.click(".sprites li:first-child button")
    page.get_by_role("button", name="Whole block").click()
    page.get_by_role("button", name="Paint block").click()
    expect(page.locator(".painted")).to_be_focused()
    page.keyboard.press(" ")
    expect(page.locator(".views [role=status]")).to_contain_text("saved, and in the game")


def test_a_foreign_colour_is_named_and_mended_with_one_button(page: Page, game: Any) -> None:
    page.click(".sprites li:nth-child(5) button")
    page.keyboard.press("p")
    expect(page.locator(".painted")).to_be_focused()
    path = folder_of(game) / "sheets" / page.inner_text(SHEET)
    y, x = np.argwhere(read_sheet(path).pixels)[0].tolist()
    with Image.open(path) as picture:
        saved = picture.convert("RGBA")
    saved.putpixel((x, y), (1, 254, 3, 255))
    saved.save(path)
    line = page.locator(".misfit")
    expect(line).to_contain_text(f"the pixel at ({x}, {y})")
    expect(line).to_contain_text("#01fe03")
    expect(line).to_contain_text("nearest is")
    line.get_by_role("button").click()
    expect(line).to_have_count(0)
    expect(page.locator(".views [role=status]")).to_contain_text("in the game")
    assert read_sheet(path).pixels[y, x]


def test_a_raw_frame_is_repainted_and_the_patched_rom_holds_all_edits(page: Page, game: Any) -> None:
    for obsel in (96, 57, 106):  # Start leads to the next scene; the boss of the last one is not packed
        page.keyboard.down("Enter")
        assert eventually(lambda: page.evaluate(OBSEL) == obsel)  # noqa: B023 # asked at once
        page.keyboard.up("Enter")
    assert eventually(lambda: page.evaluate(RAW) is not None)
    boss = page.evaluate(RAW)
    person = Person(page)
    person.click(f".sprites li button:has-text('{boss}: ')")
    person.press("p")
    x, y, colour = paint_middle(person, 5)
    assert eventually(lambda: page.evaluate(SHOWN, [x, y, colour]))
    assert person.actions <= 5
    sheets = folder_of(game) / "sheets"
    assert page.inner_text(SHEET).startswith("raw-")
    assert game.end() == 0
    rom = np.fromfile(folder_of(game) / "painted.sfc", np.uint8)
    changes = [change for png in sheets.rglob("*.png") if png.name != "screen.png"
               for change in sheet_edit(read_sheet(png)).changes]  # fmt: skip
    assert {change.origin.codec for change in changes} == {"raw", "hal"}
    made: dict[Origin, set[bytes]] = {}  # two sheets may have painted one tile: the later one counts
    for change in changes:
        made.setdefault(change.origin, set()).add(change.new)
    for origin, tiles in made.items():
        block = rom if origin.codec == "raw" else hal.decode(rom, origin.block_offset).data
        at = origin.block_offset if origin.codec == "raw" else origin.byte_offset
        assert bytes(block[at : at + 32]) in tiles
