"""Tiles on the page: in their palettes, pointed at in the background, and with their neighbours in the ROM."""

from __future__ import annotations

import re
from typing import Any

import pytest
from halscope.demo import truth
from playwright.sync_api import Page, expect
from support.inspector_page import ask, soon

pytestmark = pytest.mark.slow

# The tile of a sprite whose every visible pixel the game shows: its colours in the game's picture, and in the view.
COLOURS = """
async () => {
  const { memory } = await import("/memory.js");
  const { cellAddress, decodeTile, onScreen, sprites } = await import("/snes.js");
  const [view, game] = [".vram", ".game canvas"].map((one) => document.querySelector(one).getContext("2d"));
  const tile = new Uint8Array(64), found = [];
  const text = (context, x, y) => [...context.getImageData(x, y, 1, 1).data.slice(0, 3)].join();
  for (const sprite of sprites(memory.oam, memory.ppu.obsel)) {
    if (!onScreen(sprite) || sprite.hflip || sprite.vflip || sprite.x < 0 || sprite.x > 200 || sprite.y > 180) continue;
    const at = cellAddress(sprite, 1, 1), number = at >> 5;
    decodeTile(memory.vram, at, 4, tile);
    const shown = [], seen = [];
    for (let n = 0; n < 64; n++) {
      if (tile[n] === 0) continue;
      shown.push(text(game, sprite.x + 8 + (n & 7), sprite.y + 8 + (n >> 3)));
      seen.push(text(view, 8 * (number % 32) + (n & 7), 8 * Math.floor(number / 32) + (n >> 3)));
    }
    if (shown.length > 32) found.push([sprite.palette, shown.join(" ") === seen.join(" ")]);
  }
  return found;
}"""


def test_each_tile_has_the_colours_that_the_game_shows_it_in(still: Page) -> None:
    still.get_by_role("tab", name="VRAM").click()
    still.mouse.move(3, 3)
    expect(still.get_by_label("Palette")).to_have_value("shown")
    still.get_by_label("mark what changes").uncheck()
    found = still.evaluate(COLOURS)
    right = {palette for palette, same in found if same}  # a sprite in front of another one hides pixels
    assert len(right) > 1, found
    still.get_by_label("Palette").select_option("grey")
    assert not any(same for _, same in still.evaluate(COLOURS))


def test_a_tile_of_the_background_is_pointed_at_in_the_game(still: Page) -> None:
    box = still.locator(".game canvas").bounding_box()
    assert box is not None
    still.mouse.move(
        box["x"] + box["width"] * 20 / 256, box["y"] + box["height"] * 200 / 224
    )  # the ground of the title
    still.mouse.down()
    still.mouse.up()
    line = still.locator("footer")
    expect(line).to_contain_text(re.compile(r"^VRAM \$"))
    found = still.locator("footer .found")
    expect(found).to_be_visible()
    assert int(found.inner_text().split()[1], 16) in {block["offset"] for block in truth()["blocks"]}
    still.keyboard.press("n")
    large = still.locator(".large .line").first
    expect(large).to_contain_text("seen since the start")
    counts = re.search(r"(\d+) tiles.*; (\d+) in VRAM now, (\d+) seen", large.inner_text())
    assert counts is not None
    tiles, present, seen = map(int, counts.groups())
    assert 0 < present <= seen <= tiles
    still.get_by_role("button", name="On the screen").click()
    still.mouse.move(3, 3)
    assert soon(lambda: still.evaluate(TINTED) > 64)
    still.get_by_role("button", name="On the screen").click()
    assert soon(lambda: still.evaluate(TINTED) == 0)


CLICKED = """
() => {
  document.querySelector(".figures li button").click();
  document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "n", bubbles: true}));
}"""


def test_the_key_for_the_whole_block_may_come_before_the_answer_to_the_click(still: Page) -> None:
    still.evaluate(CLICKED)
    expect(still.locator(".large .line").first).to_contain_text("seen since the start")


# Pixels of the game's picture that are tinted.
TINTED = """
async () => {
  const { memory } = await import("/memory.js"), { data: shown } = memory.picture.image;
  const canvas = document.querySelector(".game canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let n = 0; n < data.length; n += 4) {
    if (data[n] > shown[n] && data[n + 2] > shown[n + 2] && data[n + 1] < shown[n + 1]) count++;
  }
  return count;
}"""


def origins_at(page: Page, vram: int) -> list[dict[str, Any]]:
    """What the page is told of a tile of 4 bits a pixel."""
    found: list[dict[str, Any]] = ask(page, "origin", vram=vram, bpp=4)
    return found


def test_the_other_places_of_a_tile_are_listed_and_opened_and_each_form_of_its_place_copied(still: Page) -> None:
    still.context.grant_permissions(["clipboard-read", "clipboard-write"])
    vram = next(32 * tile for tile in range(2048) if len(origins_at(still, 32 * tile)) > 1)
    best, *others = origins_at(still, vram)
    still.get_by_role("tab", name="VRAM").click()
    still.locator("canvas.vram").scroll_into_view_if_needed()
    scale = still.evaluate("() => { const c = document.querySelector('canvas.vram'); return c.offsetWidth / c.width; }")
    columns = still.evaluate("() => document.querySelector('canvas.vram').width / 8")
    x, y = (vram // 32 % columns * 8 + 4) * scale, (vram // 32 // columns * 8 + 4) * scale
    still.locator("canvas.vram").click(position={"x": x, "y": y})
    line = still.locator("footer")
    expect(line).to_contain_text(f"VRAM ${vram:04x}")
    snes = f"${best['snes'] >> 16:02X}:{best['snes'] & 0xFFFF:04X}"
    for name, expected in (("offset", f"0x{best['block_offset']:06x}"), ("address", snes)):
        line.get_by_role("button", name=name, exact=True).click()
        expect(line.get_by_role("status")).to_contain_text(name)
        assert still.evaluate("navigator.clipboard.readText()") == expected
    line.get_by_role("button", name="hex", exact=True).click()
    expect(line.get_by_role("status")).to_have_text("copied the tile's bytes")
    assert len(bytes.fromhex(still.evaluate("navigator.clipboard.readText()"))) == 32

    expect(still.locator(".candidates")).to_have_count(0)
    line.get_by_role("button", name=re.compile("^also")).click()
    rows = still.locator(".candidates li")
    expect(rows).to_have_count(len(others))
    for row, other in zip(rows.all(), others, strict=True):
        expect(row).to_contain_text(f"{other['codec']} 0x{other['block_offset']:06x}")
    rows.first.get_by_role("button").click()
    expect(still.get_by_role("tab", name="ROM")).to_have_attribute("aria-selected", "true")
    expect(still.get_by_role("button", name="Raw bytes")).to_have_attribute(
        "aria-pressed", str(others[0]["codec"] == "raw").lower()
    )
