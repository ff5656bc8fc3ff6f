"""The page's panes and windows, and its views of VRAM, of the layers and of the ROM, against what Python decodes."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from halscope.demo import rom_path
from numpy.typing import NDArray
from playwright.sync_api import Page, expect
from support.inspector_page import wait_until_painted

pytestmark = pytest.mark.slow

MEMORY = """async selector => {
  const {memory} = await import("/memory.js");
  const canvas = document.querySelector(selector), {width, height} = canvas;
  const data = canvas.getContext("2d").getImageData(0, 0, width, height).data;
  const text = bytes => new Promise(done => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.split(",")[1]);
    reader.readAsDataURL(new Blob([bytes])); });
  return {vram: await text(memory.vram), cgram: [...memory.cgram], ppu: memory.ppu,
    picture: await text(memory.picture.image.data), width, height, data: await text(data)}; }"""


@pytest.fixture
def page(still: Page) -> Page:
    """The page of a paused game; tests that need it to run let it go on."""
    return still


def planar(data: NDArray[np.uint8], bpp: int) -> NDArray[np.uint8]:
    """Decode one tile plane by plane: uint8[8, 8]."""
    tile = np.zeros((8, 8), np.uint8)
    for plane in range(bpp):
        rows = data[16 * (plane // 2) + plane % 2 :: 2][:8]
        tile |= np.unpackbits(rows[:, None], axis=1) << plane
    return tile


def rgb(word: int) -> list[int]:
    return [(c << 3) | (c >> 2) for c in (word & 31, word >> 5 & 31, word >> 10 & 31)]


def shown(page: Page, selector: str) -> tuple[dict[str, Any], NDArray[np.uint8]]:
    found: dict[str, Any] = page.evaluate(MEMORY, selector)
    for name in ("vram", "picture", "data"):  # base64: as lists of numbers they would take a minute
        found[name] = np.frombuffer(base64.b64decode(found[name]), np.uint8)
    return found, found["data"].reshape(found["height"], found["width"], 4)


def test_panes_are_resized_by_keys_and_stay_so(page: Page) -> None:
    border = page.get_by_role("separator").first
    border.focus()
    before = int(border.get_attribute("aria-valuenow") or "")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(border).to_have_attribute("aria-valuenow", str(before - 4))
    page.keyboard.press("v")
    expect(page.get_by_role("region", name="Second view")).to_be_visible()
    page.reload()
    page.wait_for_selector(".sprites li")
    expect(page.get_by_role("separator").first).to_have_attribute("aria-valuenow", str(before - 4))
    expect(page.get_by_role("region", name="Second view")).to_be_visible()
    page.keyboard.press("2")  # it is the second one now: they change places
    expect(page.locator("#view .vram")).to_be_visible()
    expect(page.locator("#second .sprites li").first).to_be_visible()


def test_a_view_in_a_window_of_its_own_marks_what_is_clicked_in_the_page(page: Page) -> None:
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Pop out").click()
    window = opened.value
    window.wait_for_selector(".sprites li")
    assert "?view=Sprites#" in window.url
    assert window.locator(".game").count() == 0
    page.click(".sprites li:first-child button")
    expect(window.locator(".sprites li:first-child button")).to_have_class("chosen")
    window.close()


def test_vram_shows_the_tiles_that_python_decodes(page: Page) -> None:
    page.keyboard.press("2")
    page.get_by_label("mark what changes").uncheck()
    for depth, row in (("4", 9), ("2", 3)):
        page.get_by_label("Depth").select_option(depth)
        page.get_by_label("Palette").select_option(str(row))
        wait_until_painted(page)
        found, pixels = shown(page, ".vram")
        bpp = int(depth)
        vram, colours = found["vram"], np.array([rgb(word) for word in found["cgram"]])
        seen = 0
        for number in range(0, 0x10000 // (8 * bpp), 7):
            tile = planar(vram[8 * bpp * number : 8 * bpp * (number + 1)], bpp)
            seen += bool(tile.any())
            y, x = 8 * (number // 32), 8 * (number % 32)
            expected = colours[(row << bpp) + tile.astype(int)]
            np.testing.assert_array_equal(pixels[y : y + 8, x : x + 8, :3], expected)
        assert seen > 50


def test_the_map_of_a_layer_holds_what_the_screen_shows(page: Page) -> None:
    page.keyboard.press("7")
    page.get_by_label("mark the screen").uncheck()
    page.get_by_role("button", name="BG1").click()
    wait_until_painted(page)
    found, pixels = shown(page, ".tilemap")
    screen = found["picture"].reshape(-1, 256, 4)[:224, :, :3]
    ppu = found["ppu"]
    y = (np.arange(224) + ppu["bg1vofs"] + 1) % found["height"]
    x = (np.arange(256) + ppu["bg1hofs"]) % found["width"]
    window = pixels[np.ix_(y, x)]
    opaque = window[:, :, 3] > 0
    same = (window[:, :, :3] >> 3 == screen >> 3).all(axis=2)[opaque]
    assert opaque.sum() > 3000
    assert same.mean() > 0.85  # sprites stand before the rest
    box = page.locator(".tilemap").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 20, box["y"] + 20)
    expect(page.locator(".entry")).to_contain_text("entry $")


def test_blocks_are_found_by_the_consoles_address_and_sorted(page: Page) -> None:
    page.keyboard.press("6")
    page.get_by_label("Sort by").select_option("size")
    texts = page.locator(".blocks li small").all_inner_texts()
    sizes = [int(text.split()[2]) for text in texts]
    assert sizes == sorted(sizes, reverse=True)
    page.fill("input[type=search]", "$0A:C4F3")
    expect(page.locator(".blocks li")).to_have_count(1)
    page.click(".blocks li button")
    expect(page.locator(".pointers")).to_contain_text("0x")


def test_raw_bytes_are_those_of_the_rom(page: Page) -> None:
    page.keyboard.press("6")
    page.get_by_role("button", name="Raw bytes").click()
    expect(page.locator("[role=tabpanel] .line")).to_contain_text("file offset $")  # an answer draws the field anew
    page.get_by_label("Offset").fill("8000")
    page.get_by_label("Offset").press("Enter")
    expect(page.locator("[role=tabpanel] .line")).to_contain_text("file offset $008000")
    wait_until_painted(page)
    _, pixels = shown(page, ".raw")
    with rom_path() as path:
        rom = np.fromfile(path, np.uint8)
    for number in (0, 5, 40):
        tile = planar(rom[0x8000 + 32 * number :][:32], 4)
        y, x = 8 * (number // 16), 8 * (number % 16)
        np.testing.assert_array_equal(pixels[y : y + 8, x : x + 8, 0], np.round(tile * 17))
    found = Axe().run(page)
    assert not [one["id"] for one in found.response["violations"] if one["impact"] in ("serious", "critical")]
