"""Uncompressed graphics on the page: the frames of a figure are beside each other in the ROM."""

from __future__ import annotations

import pytest
from halscope.demo import rom_path
from playwright.sync_api import Page, expect
from support.inspector_page import pixels_on, soon
from support.shared_page import SharedPage

pytestmark = pytest.mark.slow

TILE = """
async () => {
  const { memory } = await import("/memory.js"), { current } = await import("/selection.js");
  return [...memory.vram.slice(current().vram, current().vram + 32)];
}"""


def test_where_the_frames_of_an_uncompressed_figure_are_takes_two_actions(still: Page, shared: SharedPage) -> None:
    shared.enter("keep")  # its boss is not packed
    card = still.locator(".figures li button", has_text="raw 0x", has_not_text="hal 0x").first
    card.click()  # 1
    found = still.locator("footer .found")
    expect(found).to_contain_text("raw 0x")
    offset = int(found.inner_text().split()[1], 16)
    still.keyboard.press("n")  # 2
    expect(still.locator(".line").first).to_contain_text("tiles that are in VRAM now are framed")
    first = int(still.get_by_label("Offset").input_value().removeprefix("$"), 16)
    with rom_path() as rom:
        assert rom.read_bytes()[offset : offset + 32] == bytes(still.evaluate(TILE))
    number = (offset - first) // 32
    row, column = divmod(number, 16)
    assert (row, column) == (2, 0)

    def is_framed() -> bool:
        (picture,) = pixels_on(still, ".raw")
        return bool((picture[8 * row : 8 * row + 8, 0, :3] == (0xFF, 0xD5, 0x4A)).all(axis=1).sum() >= 6)

    assert soon(is_framed)
