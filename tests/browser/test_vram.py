"""Tiles on the page: in their palettes, pointed at in the background, and with their neighbours in the ROM."""

from __future__ import annotations

import re

import numpy as np
import pytest
from halscope.demo import rom_path, truth
from playwright.sync_api import Page, expect
from support.made_host import eventually

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


def test_a_tile_of_the_background_is_pointed_at_in_the_game(page: Page) -> None:
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    box = page.locator(".game canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 20 / 256, box["y"] + box["height"] * 200 / 224)  # the ground of the title
    page.mouse.down()
    page.mouse.up()
    line = page.locator("footer")
    expect(line).to_contain_text(re.compile(r"^VRAM \$"))
    found = page.locator("footer .found")
    expect(found).to_be_visible()
    assert int(found.inner_text().split()[1], 16) in {block["offset"] for block in truth()["blocks"]}
    page.keyboard.press("n")
    large = page.locator(".large .line").first
    expect(large).to_contain_text("seen since the start")
    counts = re.search(r"(\d+) tiles.*; (\d+) in VRAM now, (\d+) seen", large.inner_text())
    assert counts is not None
    tiles, present, seen = map(int, counts.groups())
    assert 0 < present <= seen <= tiles
    page.get_by_role("button", name="On the screen").click()
    page.mouse.move(3, 3)
    assert eventually(lambda: page.evaluate(TINTED) > 64)
    page.get_by_role("button", name="On the screen").click()
    assert eventually(lambda: page.evaluate(TINTED) == 0)


# Pixels of the game's picture that are tinted.
TINTED = """
async () => {
  const { memory } = await import("/memory.js"), { rgb } = memory.picture;
  const canvas = document.querySelector(".game canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let n = 0; n < rgb.length / 3; n++) {
    const [r, g, b] = data.slice(4 * n, 4 * n + 3);
    if (r > rgb[3 * n] && b > rgb[3 * n + 2] && g < rgb[3 * n + 1]) count++;
  }
  return count;
}"""
OBSEL = "async () => (await import('/memory.js')).memory.ppu.obsel"
RAW = """
async () => {
  const { figures } = await import("/figures.js");
  const one = figures.value?.find((figure) => figure.origins.some(({ codec }) => codec === "raw"));
  return one?.sprites[0] ?? null;
}"""
SHOWN = """
async () => {
  const { memory } = await import("/memory.js"), { current } = await import("/selection.js");
  const canvas = document.querySelector(".raw"), { width, height } = canvas;
  return { data: [...canvas.getContext("2d").getImageData(0, 0, width, height).data], width,
    tile: [...memory.vram.slice(current().vram, current().vram + 32)], cgram: [...memory.cgram] };
}"""


def test_where_the_frames_of_an_uncompressed_figure_are_takes_two_actions(page: Page) -> None:
    for obsel in (96, 57, 106):  # Start leads to the next scene; the boss of the last one is not packed
        page.keyboard.down("Enter")
        assert eventually(lambda: page.evaluate(OBSEL) == obsel)  # noqa: B023 # asked at once
        page.keyboard.up("Enter")
    assert eventually(lambda: page.evaluate(RAW) is not None)
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    card = page.locator(".figures li button", has_text=re.compile("raw 0x")).first
    card.click()  # 1
    found = page.locator("footer .found")
    expect(found).to_contain_text("raw 0x")
    offset = int(found.inner_text().split()[1], 16)
    page.keyboard.press("n")  # 2
    expect(page.locator(".line").first).to_contain_text("tiles that are in VRAM now are framed")
    first = int(page.get_by_label("Offset").input_value().removeprefix("$"), 16)
    with rom_path() as rom:
        assert rom.read_bytes()[offset : offset + 32] == bytes(page.evaluate(SHOWN)["tile"])
    number = (offset - first) // 32
    row, column = divmod(number, 16)
    assert (row, column) == (2, 0)

    def is_framed() -> bool:
        shown = page.evaluate(SHOWN)
        picture = np.array(shown["data"], np.uint8).reshape(-1, shown["width"], 4)
        return bool((picture[8 * row : 8 * row + 8, 0, :3] == (0xFF, 0xD5, 0x4A)).all(axis=1).sum() >= 6)

    assert eventually(is_framed)
