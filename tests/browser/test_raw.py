"""Uncompressed graphics on the page: the frames of a figure are beside each other in the ROM."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from halscope.demo import rom_path
from halscope.hosts.libretro import available_cores
from playwright.sync_api import Page, expect
from support.inspector_page import pause
from support.made_host import eventually

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def game(tmp_path_factory: pytest.TempPathFactory, start_game: Any) -> Iterator[Any]:
    """A game of this module's own, which ends in another scene."""
    if not available_cores():
        pytest.skip("no libretro core is installed")
    with rom_path() as rom:
        running = start_game(tmp_path_factory.mktemp("raw"), rom, scene="keep")
        yield running
        assert running.end() == 0, running.errors.read_text()


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
    page.click("h1")  # a button that has the focus takes Enter for itself
    for obsel in (96, 57, 106):  # Start leads to the next scene; the boss of the last one is not packed
        page.keyboard.down("Enter")
        assert eventually(lambda: page.evaluate(OBSEL) == obsel)  # noqa: B023 # asked at once
        page.keyboard.up("Enter")
    assert eventually(lambda: page.evaluate(RAW) is not None)
    pause(page)
    card = page.locator(".figures li button", has_text="raw 0x", has_not_text="hal 0x").first
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
