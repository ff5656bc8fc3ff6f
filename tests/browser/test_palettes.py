"""Colours on the page: where they are stored, tried in the running game, stored for good; registers and OAM."""

from __future__ import annotations

import re

import pytest
from halscope.demo import truth
from playwright.sync_api import Page, expect

expect.set_options(timeout=30_000)

pytestmark = pytest.mark.slow

PALETTES = {block["offset"]: block for block in truth()["blocks"] if block["kind"] == "palettes"}


def open_palettes(page: Page) -> None:
    page.get_by_role("tab", name="Palettes").click()
    page.wait_for_selector(".cgram [data-colour='255']")


def test_a_clicked_colour_says_where_the_build_has_put_it(page: Page) -> None:
    open_palettes(page)
    for colour in (17, 150, 163):
        page.click(f"[data-colour='{colour}']")
        place = page.locator(".places > .place .found")
        expect(place).to_have_text(
            re.compile(rf"hal 0x[0-9a-f]{{6}} \+ 0x{2 * colour:x}$")
        )  # the block is all of CGRAM
        assert int(place.inner_text().split()[1], 16) in PALETTES
        assert re.search(r"\$[0-9A-F]{2}:[0-9A-F]{4}", page.inner_text(".places > .place"))
