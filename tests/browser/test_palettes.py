"""Colours on the page: where they are stored, tried in the running game, stored for good; registers and OAM."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import halscope.hal as hal
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from halscope.app import Workspace, inject_palettes
from halscope.demo import rom_path, truth
from halscope.formats.palettes import PaletteFormat, palette_bytes
from halscope.hosts.libretro import available_cores
from playwright.sync_api import Page, expect
from support.inspector_page import DROP, go_on, pause, wait_until
from support.shared_page import SLOW

pytestmark = pytest.mark.slow

PALETTES = {block["offset"]: block for block in truth()["blocks"] if block["kind"] == "palettes"}


@pytest.fixture(scope="module")
def game(tmp_path_factory: pytest.TempPathFactory, start_game: Any) -> Iterator[Any]:
    """A slow game: one scene lasts for all tests."""
    if not available_cores():
        pytest.skip("no libretro core is installed")
    folder = tmp_path_factory.mktemp("colours")
    with rom_path() as rom:
        running = start_game(folder, rom, "--watch", folder / "sheets", "--speed", SLOW, scene="title")
        yield running
        assert running.end() == 0, running.errors.read_text()


@pytest.fixture
def page(turn: Page) -> Page:
    """The page of a game that runs slowly, the same for all tests."""
    return turn


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


def game_colours(page: Page) -> list[int]:
    """How often each colour (0xRRGGBB) stands in the game's picture: its keys."""
    found: list[int] = page.eval_on_selector(
        ".game canvas",
        """canvas => { const {width, height} = canvas;
        const data = new Uint32Array(canvas.getContext("2d").getImageData(0, 0, width, height).data.buffer);
        return [...new Set(data)].map(word => ((word & 255) << 16) | (word & 0xff00) | ((word >> 16) & 255)); }""",
    )
    return found


def wait_for_colour(page: Page, rgb: int, there: bool = True) -> None:
    """Wait until the game's picture has a colour, or has it no longer."""
    page.wait_for_function(
        """([rgb, there]) => { const canvas = document.querySelector(".game canvas"), {width, height} = canvas;
        const data = new Uint32Array(canvas.getContext("2d").getImageData(0, 0, width, height).data.buffer);
        const word = (0xff000000 | ((rgb & 255) << 16) | (rgb & 0xff00) | (rgb >> 16)) >>> 0;
        return data.includes(word) === there; }""",
        arg=[rgb, there],
    )


def stored_word(folder: Path, files: str, colour: int, output: Path) -> int:
    """A colour of the palettes block, from a ROM that was patched with the stored files."""
    with rom_path() as rom:
        workspace = Workspace.open(rom)
        done = inject_palettes(workspace, [folder / name for name in files.split(", ")], output)
    (block,) = {one.block_offset for one in done.plan.blocks}
    assert block in PALETTES
    data = hal.decode(output.read_bytes(), block).data
    return int(data[2 * colour]) | int(data[2 * colour + 1]) << 8


def test_a_colour_is_dragged_seen_in_the_game_and_stored_for_good(page: Page, game: Any, tmp_path: Path) -> None:
    """Recolour for good: open the palettes, click the colour, drag. Three actions. One key takes it back."""
    sheets = game.errors.parent / "sheets"
    open_palettes(page)  # 1
    colour = 16 * 3 + 5  # the sky
    page.click(f"[data-colour='{colour}']")  # 2
    expect(page.locator(".places > .place .found")).to_be_visible()
    square = page.locator(".square").bounding_box()
    assert square is not None
    page.mouse.move(square["x"] + 40, square["y"] + 60)
    page.mouse.down()  # 3: the drag
    page.mouse.move(square["x"] + square["width"] + 5, square["y"] - 5, steps=4)
    expect(page.get_by_role("button", name="Take back")).to_be_visible()
    hex_field = page.locator("input.hex")
    tried = int(hex_field.input_value()[1:], 16)
    wait_for_colour(page, tried)  # before it is released
    page.mouse.up()
    expect(page.locator(".scope [role=status]")).to_contain_text("stored at 1 place of the ROM, in palettes/hal-")
    files = page.inner_text(".scope [role=status]").partition(", in ")[2]
    word = stored_word(sheets, files, colour, tmp_path / "out.sfc")
    assert [word & 31, word >> 5 & 31, word >> 10 & 31] == [tried >> 19, tried >> 11 & 31, tried >> 3 & 31]
    expect(page.locator(".places > .place .found")).to_contain_text(f"+ 0x{2 * colour:x}")  # still known
    wait_for_colour(page, tried)
    page.keyboard.press("Control+z")
    wait_for_colour(page, tried, there=False)
    page.keyboard.press("Control+Shift+Z")
    wait_for_colour(page, tried)


def test_a_palette_is_shifted_whole_and_taken_back_by_storing_it_again(page: Page, game: Any, tmp_path: Path) -> None:
    """Recolour a palette for good: open the palettes, click its name, move the hue. Three actions."""
    sheets = game.errors.parent / "sheets"
    open_palettes(page)  # 1
    colour = 16 * 2 + 9
    before = page.get_attribute(f"[data-colour='{colour}']", "aria-label")
    page.get_by_role("button", name=re.compile("^BG 2,")).click()  # 2
    page.get_by_role("slider", name="Hue").fill("120")  # 3
    expect(page.locator(".scope [role=status]")).to_contain_text("stored at 1 place of the ROM")
    files = page.inner_text(".scope [role=status]").partition(", in ")[2]
    after = page.get_attribute(f"[data-colour='{colour}']", "aria-label")
    assert before != after
    assert after is not None
    assert stored_word(sheets, files, colour, tmp_path / "out.sfc") == int(after.partition("$")[2], 16)


def test_a_paused_game_shows_what_is_stored_and_goes_on_with_it(page: Page) -> None:
    """The emulator sends no frame: the page itself knows the colour, until it is taken back."""
    pause(page)
    open_palettes(page)
    cell = page.locator("[data-colour='165']")
    before = cell.get_attribute("aria-label")
    cell.click()
    expect(page.locator(".places > .place .found")).to_be_visible()
    page.fill("input.hex", "#00ff00")
    page.keyboard.press("Enter")
    expect(page.locator(".scope [role=status]")).to_contain_text("stored at 1 place")
    expect(cell).to_have_attribute("aria-label", "colour 165, $03e0")
    go_on(page)
    wait_until(page, CGRAM, [165, 0x03E0])
    pause(page)
    page.focus("[data-colour='165']")  # in a text the keys undo the text
    page.keyboard.press("Control+z")
    expect(page.locator(".news")).to_contain_text("undone")
    go_on(page)
    expect(cell).to_have_attribute("aria-label", before or "")


CGRAM = "async ([colour, word]) => (await import('/memory.js')).memory.cgram[colour] === word"


def test_copied_colours_are_pasted_into_a_palette(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_palettes(page)
    page.click("[data-colour='150']")
    copies = page.locator(".copies")
    copies.get_by_role("button", name="PNG").click()
    expect(copies.get_by_role("status")).to_contain_text("as PNG")
    size = page.evaluate("""async () => {
        const [item] = await navigator.clipboard.read();
        const { width, height } = await createImageBitmap(await item.getType("image/png"));
        return [width, height]; }""")
    assert size == [16, 1]
    for form in ("GPL", "hex"):
        copies.get_by_role("button", name=form).click()
        expect(copies.get_by_role("status")).to_contain_text(f"as {form}")
        text = page.evaluate("navigator.clipboard.readText()")
        assert text.startswith("GIMP Palette" if form == "GPL" else "#")
    colours = text.split()
    assert len(colours) == 16
    page.click(f"[data-colour='{11 * 16}'] >> xpath=../.. >> button.row")
    page.keyboard.press("Control+v")
    for n in range(1, 16):
        red, green, blue = (int(colours[n][at : at + 2], 16) >> 3 for at in (1, 3, 5))
        label = f"colour {11 * 16 + n}, ${red | green << 5 | blue << 10:04x}"
        expect(page.locator(f"[data-colour='{11 * 16 + n}']")).to_have_attribute("aria-label", label)
    expect(page.locator(".scope [role=status]")).to_contain_text("stored at 1 place")


def expect_palette(page: Page, row: int, words: list[int]) -> None:
    """Wait until a palette is shown with these colours, but for its first."""
    for n in range(1, 16):
        label = f"colour {16 * row + n}, ${words[n]:04x}"
        expect(page.locator(f"[data-colour='{16 * row + n}']")).to_have_attribute("aria-label", label)
    expect(page.locator(".scope [role=status]")).to_contain_text("stored at 1 place")


def test_a_palette_is_pasted_as_a_picture_and_dropped_as_a_file(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_palettes(page)
    page.click("[data-colour='150']")
    page.locator(".copies").get_by_role("button", name="PNG").click()
    expect(page.locator(".copies").get_by_role("status")).to_contain_text("as PNG")
    labels = [page.get_attribute(f"[data-colour='{144 + n}']", "aria-label") or "" for n in range(16)]
    page.locator(f"[data-colour='{12 * 16}'] >> xpath=../.. >> button.row").click()
    page.keyboard.press("Control+v")
    expect_palette(page, 12, [int(label.rpartition("$")[2], 16) for label in labels])

    words = np.arange(16, dtype=np.uint16) * 0x111
    kinds: tuple[PaletteFormat, ...] = ("tpl", "png")
    for kind in kinds:
        name = f"OBJ.{kind}"
        words[1:] ^= 1
        data = base64.b64encode(palette_bytes(words, kind)).decode()
        page.locator("[data-colour='212']").evaluate(DROP, [name, data])  # of another palette than the chosen one
        expect_palette(page, 13, words.tolist())
        expect(page.locator(".scope small")).to_have_text(f"{name}: 16 colours")
    page.locator("[data-colour='212']").evaluate(DROP, ["OBJ.act", base64.b64encode(bytes(1000)).decode()])
    expect(page.locator(".scope [role=status]")).to_contain_text("OBJ.act: 1000 bytes")


def test_pointing_at_a_palette_outlines_its_sprites(page: Page) -> None:
    open_palettes(page)
    row = page.locator(".cgram button.row.used[aria-label*=sprite]").first
    expect(row).to_be_visible()
    pause(page)
    assert 0xFFD54A not in game_colours(page)
    row.hover()
    wait_for_colour(page, 0xFFD54A)


def test_the_picker_is_accessible(page: Page) -> None:
    open_palettes(page)
    page.click("[data-colour='163']")
    expect(page.locator(".picker")).to_be_visible()
    page.focus("[data-colour='163']")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("[data-colour='164']")).to_have_class(re.compile("chosen"))
    found = Axe().run(page)
    serious = [one for one in found.response["violations"] if one["impact"] in ("serious", "critical")]
    assert not serious, "\n".join(f"{one['id']}: {one['help']} {one['nodes'][0]['html'][:200]}" for one in serious)


def test_registers_are_named_and_say_what_their_bits_mean(page: Page) -> None:
    page.get_by_role("tab", name="Registers").click()
    mode = page.locator(".registers tr", has_text="BGMODE")
    expect(mode).to_contain_text("$2105")
    expect(mode).to_contain_text(re.compile(r"mode [0-7]: BG1"))
    expect(page.locator(".registers tbody tr")).to_have_count(46)
    page.get_by_label("Search").fill("obsel")
    expect(page.locator(".registers tbody tr")).to_have_count(1)
    expect(page.locator(".registers tbody tr")).to_contain_text("sizes 16×16 and 32×32")


def test_oam_is_sorted_and_a_click_pins_the_sprite(page: Page) -> None:
    pause(page)  # else the order changes while it is read
    page.get_by_role("tab", name="OAM").click()
    rows = page.locator(".oam tbody tr")
    expect(rows).to_have_count(128)
    page.locator(".oam thead").get_by_title("palette").click()
    page.locator(".oam thead").get_by_title("palette").click()
    expect(page.locator(".oam th[aria-sort=descending]")).to_have_text(re.compile("pal"))
    palettes = [int(text) for text in page.locator(".oam tbody td:nth-child(7)").all_inner_texts()]
    assert palettes == sorted(palettes, reverse=True)
    assert page.locator(".oam tr.away small").first.inner_text() == "off"
    rows.first.get_by_role("button").click()
    page.mouse.move(5, 5)
    expect(page.locator("footer")).to_contain_text(f"sprite {rows.first.get_by_role('button').inner_text()}, VRAM")
    assert page.locator(".oam canvas").first.evaluate("canvas => canvas.width") >= 8
    box = page.locator(".scroll:has(.oam)")
    assert box.evaluate("element => element.scrollWidth <= element.clientWidth"), "it fits"
