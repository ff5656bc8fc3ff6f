"""VRAM on the page: each tile in the palette that the game shows it in."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

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


def test_each_tile_has_the_colours_that_the_game_shows_it_in(page: Page) -> None:
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    page.get_by_role("tab", name="VRAM").click()
    page.mouse.move(3, 3)
    expect(page.get_by_label("Palette")).to_have_value("shown")
    page.get_by_label("mark what changes").uncheck()
    found = page.evaluate(COLOURS)
    right = {palette for palette, same in found if same}  # a sprite in front of another one hides pixels
    assert len(right) > 1, found
    page.get_by_label("Palette").select_option("grey")
    assert not any(same for _, same in page.evaluate(COLOURS))
