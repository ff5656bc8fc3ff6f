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
from pypatchergba import patcher
from support.inspector_page import exported, run_frame, soon
from support.made_host import eventually
from support.shared_page import SLOW, SharedPage

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

MOST_FRAMES = 64  # in which the boss takes each pose
RAW = "button:has(small:text-matches('^raw 0x'))"


@pytest.fixture(scope="module")
def game(tmp_path_factory: pytest.TempPathFactory, start_game: Any) -> Iterator[Any]:
    """A game of this module's own."""
    if not available_cores():
        pytest.skip("no libretro core is installed")
    folder = tmp_path_factory.mktemp("painted")
    with rom_path() as rom:
        running = start_game(folder, rom, "--watch", folder / "sheets", "--speed", SLOW, scene="title")
        yield running
        assert running.end() == 0, running.errors.read_text()


@pytest.fixture
def page(turn: Page) -> Page:
    """The page of a game that runs slowly, the same for all tests."""
    return turn


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


def paint_middle(person: Person, index: int, beside: int = 0) -> tuple[int, int, str]:
    """Click a pixel in the middle of the painted canvas, or so many left of and above it. Returns it and the colour."""
    page = person.page
    expect(page.locator(".painted")).to_be_focused()
    person.click(f".paints button:nth-child({index + 1})")
    colour = page.locator(".paints [aria-pressed=true]").get_attribute("title") or ""
    width, height, scale = page.eval_on_selector(
        ".painted", "canvas => [canvas.width, canvas.height, parseInt(document.querySelector('.bar span').textContent)]"
    )
    x, y = width // scale // 2 - beside, height // scale // 2 - beside
    person.click(".painted", position={"x": x * scale + scale // 2, "y": y * scale + scale // 2})
    return x, y, colour.rpartition(" ")[2]


def test_a_packed_frame_is_repainted_and_seen_in_the_game(page: Page, game: Any) -> None:
    person = Person(page)
    person.click(".sprites li:first-child button")
    person.press("p")
    x, y, colour = paint_middle(person, BLUE)
    assert soon(lambda: page.evaluate(SHOWN, [x, y, colour]))
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


def test_the_ghost_shows_the_original_below_what_is_erased(page: Page) -> None:
    page.locator(".sprites li button").nth(1).click()
    page.keyboard.press("p")
    expect(page.locator(".painted")).to_be_focused()
    page.keyboard.press("t")  # no grid
    page.keyboard.press("0")
    for key in ("ArrowLeft", "ArrowLeft"):
        page.keyboard.press(key)
    assert page.evaluate(ALPHA) == 255
    page.keyboard.press(" ")  # erases
    assert page.evaluate(ALPHA) == 0
    page.keyboard.press("o")
    expect(page.get_by_role("button", name="ghost")).to_have_attribute("aria-pressed", "true")
    assert page.evaluate(ALPHA) == 102, "0.4 of the ROM's pixel"
    for key in ("o", "t", "Control+z"):
        page.keyboard.press(key)
    expect(page.locator(".differs")).to_have_text("as the ROM has it")


ALPHA = """
async () => {
  const { cursor, zoom } = await import("/paint/editor.js");
  await new Promise((done) => requestAnimationFrame(done));
  const [x, y] = cursor.value.map((one) => Math.floor((one + 0.7) * zoom.value));  // not the mark in the corner
  return document.querySelector(".painted").getContext("2d").getImageData(x, y, 1, 1).data[3];
}"""


def paint_figure(page: Page, number: int) -> None:
    page.locator(".sprites li button").nth(number).click()
    page.keyboard.press("p")
    expect(page.locator(".painted")).to_be_focused()


def test_strokes_that_are_not_saved_are_kept_for_other_figures_and_for_the_page_loaded_again(
    shared: SharedPage, page: Page
) -> None:
    paint_figure(page, 1)
    page.get_by_label("save each stroke").uncheck()
    page.focus(".painted")
    before = page.inner_text(".differs")
    paint_middle(Person(page), BLUE, beside=2)
    painted = page.inner_text(".differs")
    assert painted != before
    expect(page.locator(".views [role=status]")).to_contain_text("not saved yet")
    page.keyboard.press("1")
    paint_figure(page, 2)
    expect(page.locator(".views [role=status]")).not_to_contain_text("not saved yet")
    for again in (False, True):
        page.keyboard.press("1")
        if again:
            shared.load()
        paint_figure(page, 1)
        expect(page.locator(".differs")).to_have_text(painted)
        expect(page.locator(".views [role=status]")).to_contain_text("not saved yet")
    page.evaluate("async () => (await import('/paint/editor.js')).reload()")
    expect(page.locator(".differs")).to_have_text(before)


TWO_STROKES = """
async () => {
  const { endStroke, picture } = await import("/paint/editor.js"), one = window.left = picture.value;
  for (const n of [0, 1]) {
    one.begin();
    one.pixels[one.pixels.length / 2 + n] ^= 1;
    one.stroke.set(one.pixels.length / 2 + n, one.pixels[one.pixels.length / 2 + n] ^ 1);
    endStroke();
  }
  picture.value = null;  // as another figure is opened while the first one is being saved
}"""


def test_a_stroke_is_saved_although_another_figure_is_opened_while_the_one_before_is_saved(page: Page) -> None:
    paint_figure(page, 1)
    page.get_by_label("save each stroke").check()
    page.evaluate(TWO_STROKES)
    assert soon(lambda: page.evaluate("() => window.left.isSaved()"))


def test_a_tile_that_the_game_keeps_in_few_colours_refuses_others(page: Page) -> None:
    """`limits` of a sheet: the demo game keeps no tile so, so the sheet that is open is given such a one."""
    page.locator(".sprites li button").first.click()
    page.keyboard.press("p")
    expect(page.locator(".painted")).to_be_focused()
    page.evaluate("""async () => {
        const { picture } = await import("/paint/editor.js");  // which may be loaded again
        const limit = (one) => one?.cells.forEach((_, cell) => one.limits.set(cell, [0, 1]));
        window.unlimited = picture.subscribe(limit); }""")
    before = page.inner_text(".differs")
    page.click(".paints button:nth-child(6)")
    page.focus(".painted")
    page.keyboard.press(" ")
    expect(page.get_by_role("alert")).to_contain_text("the game keeps this tile in the colours 0, 1")
    assert page.inner_text(".differs") == before
    page.evaluate("() => window.unlimited()")


def test_a_raw_frame_is_repainted_and_the_patched_rom_holds_all_edits(
    shared: SharedPage, page: Page, game: Any, tmp_path: Path
) -> None:
    page.locator(".sprites li button").first.click()
    page.keyboard.press("p")
    paint_middle(Person(page), 5)
    expect(page.locator(".views [role=status]")).to_contain_text("saved, and in the game")
    page.keyboard.press("1")
    shared.enter("keep")  # its boss is not packed
    person = Person(page)
    person.click(RAW)
    person.press("p")
    x, y, colour = paint_middle(person, 11, beside=4)  # in the middle the game outlines its four sprites
    assert person.actions <= 5
    for _ in range(MOST_FRAMES):  # until it takes this pose again
        run_frame(page)
        if page.evaluate(SHOWN, [x, y, colour]):
            break
    else:
        state = page.inner_text(".views [role=status]"), page.inner_text(SHEET)
        pytest.fail(f"{colour} was not seen at ({x}, {y}) in {MOST_FRAMES} frames: {state}")
    sheets = folder_of(game) / "sheets"
    assert page.inner_text(SHEET).startswith("raw-")
    page.get_by_role("tab", name="Edits").click()
    exported(page, page.get_by_role("button", name="BPS").click).save_as(tmp_path / "all.bps")
    with rom_path() as original:
        patched = patcher.apply_bps(original.read_bytes(), (tmp_path / "all.bps").read_bytes())
    rom = np.frombuffer(bytes(patched), np.uint8)
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
