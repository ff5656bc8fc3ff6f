"""The map of the ROM on the page: it shows what is pointed at, and leads to what stands in each part."""

from __future__ import annotations

import re

import pytest
from halscope.demo import rom_path
from playwright.sync_api import Page, expect
from support.inspector_page import ask, pixels_on, soon

pytestmark = pytest.mark.slow

WIDTH, HEIGHT = 256, 24
POINTED = (0xFF, 0xFF, 0xFF)


@pytest.fixture
def page(still: Page) -> Page:
    """The page of a paused game, with the ROM's map."""
    still.get_by_role("tab", name="ROM").click()
    still.get_by_role("application", name=re.compile("Map of the ROM")).wait_for()
    return still


def size() -> int:
    with rom_path() as rom:
        return rom.stat().st_size


def click_part(page: Page, part: int) -> None:
    box = page.locator("canvas.map").bounding_box()
    assert box is not None
    x, y = (part % WIDTH + 0.5) * box["width"] / WIDTH, (part // WIDTH + 0.5) * box["height"] / HEIGHT
    page.mouse.click(box["x"] + x, box["y"] + y)


def test_a_click_on_the_map_opens_the_block_or_else_the_bytes_that_stand_there(page: Page) -> None:
    blocks = ask(page, "blocks")["blocks"]
    per = size() / (WIDTH * HEIGHT)
    large = max(blocks, key=lambda one: one["packed_size"])
    click_part(page, int((large["offset"] + large["packed_size"] / 2) / per))
    expect(page.locator(".views")).to_contain_text(f"0x{large['offset']:06x}")
    expect(page.get_by_role("button", name="Raw bytes")).to_have_attribute("aria-pressed", "false")
    free = next(n for n in range(2, 9999) if all(not touches(one, n * per, per) for one in blocks))
    click_part(page, free)
    expect(page.get_by_role("button", name="Raw bytes")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_label("Offset")).to_have_value(f"${int(free * per):04x}")

    page.locator("canvas.map").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".of-map")).to_contain_text(f"file offset 0x{int((free - 1) * per):06x}")
    page.keyboard.press("Enter")
    if all(not touches(one, (free - 1) * per, per) for one in blocks):
        expect(page.get_by_label("Offset")).to_have_value(f"${int((free - 1) * per):04x}")
    else:
        expect(page.get_by_role("button", name="Raw bytes")).to_have_attribute("aria-pressed", "false")


def touches(block: dict[str, int], first: float, count: float) -> bool:
    return block["offset"] < first + count and block["offset"] + block["packed_size"] > first


def test_the_block_of_what_is_pointed_at_is_marked_on_the_map(page: Page) -> None:
    vram = next(
        32 * tile
        for tile in range(2048)
        if (ask(page, "origin", vram=32 * tile, bpp=4) or [{}])[0].get("codec") == "hal"
    )
    block = ask(page, "origin", vram=vram, bpp=4)[0]["block_offset"]
    part = int(block / (size() / (WIDTH * HEIGHT)))

    def is_marked() -> bool:
        (shown,) = pixels_on(page, "canvas.map")
        return tuple(int(one) for one in shown[part // WIDTH, part % WIDTH, :3]) == POINTED

    page.mouse.move(3, 3)
    assert not is_marked()
    page.evaluate(
        "async (vram) => { (await import('/selection.js')).pinned.value = { vram, bpp: 4, sprite: null }; }", vram
    )
    assert soon(is_marked)
    page.keyboard.press("Escape")
    assert soon(lambda: not is_marked())
