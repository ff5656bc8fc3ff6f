"""The pages of `halscope replay` and `halscope inspect`."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from halscope import decode_frame
from halscope.app import open_host
from halscope.demo import rom_path
from halscope.formats.recording import RecordingWriter
from halscope.hosts.libretro import available_cores
from halscope.ppu import cgram, with_raster
from halscope.ppu.compose import compose_screen
from halscope.ppu.obj import cgram_at
from halscope.rom.image import Rom
from halscope.rom.mapping import page_table
from halscope_hooks import RASTER_DTYPE, Snapshot, Sprite, capability
from numpy.typing import NDArray
from playwright.sync_api import BrowserContext, Page, expect
from support import lab_truth
from support.inspector_page import pixels_on, soon
from support.lab_game import LabGame
from support.made_host import eventually
from support.plugin_folder import write_plugin
from support.ppu_states import noise

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a recording of 90 frames, `run.hrec`, and states: after it `run.state`, amid it `early.state`."""
    if not available_cores():
        pytest.skip("no libretro core is installed")
    folder = tmp_path_factory.mktemp("files")
    with rom_path() as rom:
        host = open_host(rom, core="snes9x")
        driven, console = capability(host, "driven"), capability(host, "stateful")
        assert driven is not None
        assert console is not None
        with RecordingWriter(folder / "run.hrec") as writer:
            for number in range(90):
                snapshot = driven.step()
                assert snapshot is not None
                writer.append(snapshot)
                if number == 40:
                    (folder / "early.state").write_bytes(console.save_state())
        (folder / "run.state").write_bytes(console.save_state())
        host.close()
    return folder


@contextmanager
def page_of(context: BrowserContext, folder: Path, *command: object) -> Iterator[Page]:
    with (folder / "errors.txt").open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "halscope", *map(str, command), "--no-browser"],
            stderr=errors,
            stdout=subprocess.DEVNULL,
            cwd=folder,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
    said = folder / "errors.txt"
    try:
        assert eventually(lambda: "in a browser" in said.read_text()), said.read_text()
        found = re.search(r"http://\S+", said.read_text())
        assert found is not None
        page = context.new_page()
        page.goto(found[0])
        yield page
        page.evaluate("() => localStorage.clear()")  # the next page, which has the same address, remembers nothing
        page.close()
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0, said.read_text()


def test_a_recording_is_stepped_on_its_page(context: BrowserContext, files: Path) -> None:
    with rom_path() as rom, page_of(context, files, "replay", "run.hrec", "--rom", rom) as page:
        expect(page.get_by_role("group", name="Timeline")).to_be_visible()  # its number is 0 before it is connected too
        expect(page.locator(".frame")).to_have_text("frame 0")
        page.keyboard.press("]")
        expect(page.locator(".frame")).to_have_text("frame 60")
        page.keyboard.press(",")
        expect(page.locator(".frame")).to_have_text("frame 59")
        page.hover(".sprites li:first-child button")
        expect(page.locator("footer .found")).to_have_text(re.compile(r"hal 0x[0-9a-f]{6} \+ 0x"))

        page.keyboard.press("k")
        expect(page.locator(".timeline-actions [role=status]")).to_have_text("kept as frame-000059")
        page.keyboard.press("[")
        expect(page.locator(".frame")).to_have_text("frame 0")
        page.keyboard.press("c")
        expect(page.locator(".compare .line")).to_contain_text(re.compile(r"[1-9]\d* tiles"))
        assert page.locator(".compare img").count() == 2
        page.keyboard.press(" ")  # it is played
        expect(page.locator(".frame")).to_have_text("frame 89")


def test_a_tile_is_pointed_at_where_hdma_has_put_it_and_a_frame_that_differs_says_so(
    context: BrowserContext, tmp_path: Path
) -> None:
    vram = np.zeros(0x10000, np.uint8)
    vram[32:96] = 0xFF
    vram[0x8000:0x8800].view("<u2").reshape(32, 32)[:, :2] = [1, 2]  # two columns of tiles
    scrolls = [(0, 0x0D, 0), (0, 0x0D, 0), (100, 0x0D, 8), (100, 0x0D, 0)]  # BG1HOFS: 0, and 8 from row 100 on
    state = noise(np.random.default_rng(1), inidisp=0x0F, bgmode=1, bg1sc=0x40, bg1hofs=8, tm=1)
    state.vram = vram
    snapshot = replace(state.snapshot(), raster=np.array(scrolls, RASTER_DTYPE), raster_effects="some")
    with RecordingWriter(tmp_path / "split.hrec") as writer:
        shown = compose_screen(decode_frame(snapshot)).rgb
        for number, picture in enumerate((shown, shown ^ np.uint8(0x80))):
            writer.append(replace(snapshot, frame=number, picture=picture))
    with page_of(context, tmp_path, "replay", "split.hrec") as page:
        expect(page.get_by_role("group", name="Timeline")).to_be_visible()
        box = page.locator(".game canvas").bounding_box()
        assert box is not None
        for row, tile in ((20, 1), (200, 2), (20, 1)):
            page.mouse.move(box["x"] + box["width"] * 4 / 256, box["y"] + box["height"] * row / 224)
            expect(page.locator("footer")).to_contain_text(f"VRAM ${32 * tile:04x}")
        expect(page.locator("header .warning")).to_have_count(0)
        page.keyboard.press(".")
        expect(page.locator("header .warning")).to_have_text("differs from the emulator's picture")
        expect(page.locator("header .warning")).to_have_attribute("title", re.compile("something changed while it was"))


def pixels_of(sprite: Sprite, palettes: NDArray[np.uint8], row: int | None = None) -> NDArray[np.uint8]:
    """The opaque pixels of a sprite, RGB, with the palette of their own row of the picture or of another one."""
    rows, columns = np.nonzero(sprite.pixels)
    colours = 128 + 16 * sprite.palette + sprite.pixels[rows, columns]
    found: NDArray[np.uint8] = palettes[sprite.y + rows if row is None else row, colours]
    return found


def tiles_of(sprites: Sequence[Sprite], palettes: NDArray[np.uint8]) -> dict[int, NDArray[np.uint8]]:
    """The pixels of the tiles of sprites on the screen, RGB, by address, with the palette of their rows."""
    found = {}
    for one in sprites:
        if not (-one.width < one.x < 256 and one.y < 224):
            continue
        for (down, across), vram in np.ndenumerate(one.cells):
            values = one.pixels[8 * down : 8 * down + 8, 8 * across : 8 * across + 8].reshape(-1)
            found[int(vram)] = palettes[min(223, one.y + 8 * down + 4), 128 + 16 * one.palette + values]
    return found


def is_map_drawn(page: Page, split: Snapshot, first: int) -> bool:
    """Whether the map is the one that BG1 shows on the 112 rows from `first` on: HDMA changes BG1SC ($2107)."""
    (shown,) = pixels_on(page, ".tilemap")
    layer = decode_frame(split, layers=True).layers[0]
    assert split.ppu.bg1hofs is not None
    assert split.ppu.bg1vofs is not None
    rows, columns = np.nonzero(layer.opaque[first : first + 112])
    here = (rows + first + split.ppu.bg1vofs + 1) % 256, (columns + split.ppu.bg1hofs) % 256
    return np.array_equal(shown[here][:, :3], cgram.to_rgb(split.cgram)[layer.colours[rows + first, columns]])


def test_sprites_and_maps_have_the_palette_and_the_registers_of_their_lines(
    context: BrowserContext, tmp_path: Path
) -> None:
    rom = Rom.load(lab_truth.IMAGE)
    with LabGame("snes9x") as game, RecordingWriter(tmp_path / "lab.hrec") as writer:
        pages = page_table(rom.mapping, rom.data.size)
        scenes = [with_raster(game.go_to(name), rom.data, pages) for name in ("lake", "split")]
        for scene in scenes:
            writer.append(scene)
    lake = scenes[0]
    with page_of(context, tmp_path, "replay", "lab.hrec", "--rom", lab_truth.IMAGE) as page:
        page.get_by_role("button", name="sprites", exact=True).click()
        page.get_by_label("hidden and blank ones too").check()
        for scene in scenes:
            expect(page.locator(".frame")).to_have_text(f"frame {scene.frame}")
            palettes = np.array([cgram.to_rgb(cgram_at(scene, row)) for row in range(224)])
            whole = [one for one in decode_frame(scene).sprites if one.y + one.height <= 224]
            expected = [(one.index, pixels_of(one, palettes)) for one in whole]

            def is_shown(expected: list[tuple[int, NDArray[np.uint8]]] = expected) -> bool:
                shown = pixels_on(page, ".sprites li canvas")
                opaque = [(shown[index][shown[index][:, :, 3] > 0][:, :3], right) for index, right in expected]
                return all(np.array_equal(pixels, right) for pixels, right in opaque)

            assert soon(is_shown)
            if scene is lake:
                assert any(not np.array_equal(pixels_of(one, palettes), pixels_of(one, palettes, 223)) for one in whole)
                page.keyboard.press(".")
        page.keyboard.press(",")
        expect(page.locator(".frame")).to_have_text(f"frame {lake.frame}")
        page.get_by_role("tab", name="Tilemaps").click()
        page.get_by_label("mark the screen").uncheck()
        (map_shown,) = pixels_on(page, ".tilemap")
        page.get_by_role("tab", name="VRAM").click()
        page.get_by_label("mark what changes").uncheck()
        (vram_shown,) = pixels_on(page, "canvas.vram")
        page.keyboard.press(".")
        expect(page.locator(".frame")).to_have_text(f"frame {scenes[1].frame}")
        page.get_by_role("tab", name="Tilemaps").click()
        maps = page.get_by_role("group", name="Rows of the screen").get_by_role("button")
        expect(maps).to_have_text(["rows 0 to 111", "rows 112 to 223"])
        for first, button in zip((0, 112), maps.all(), strict=True):
            button.click()
            assert soon(partial(is_map_drawn, page, scenes[1], first))
            assert not is_map_drawn(page, scenes[1], 112 - first)
    palettes = np.array([cgram.to_rgb(cgram_at(lake, row)) for row in range(224)])
    expected_tiles = tiles_of(decode_frame(lake).sprites, palettes)
    per_row = vram_shown.shape[1] // 8
    for vram, pixels in expected_tiles.items():
        x, y = 8 * (vram // 32 % per_row), 8 * (vram // 32 // per_row)
        assert sorted(vram_shown[y : y + 8, x : x + 8, :3].reshape(-1, 3).tolist()) == sorted(pixels.tolist())
    layer = decode_frame(lake, layers=True).layers[0]
    assert lake.ppu.bg1hofs is not None
    assert lake.ppu.bg1vofs is not None
    rows, columns = np.nonzero(layer.opaque)
    here = (rows + lake.ppu.bg1vofs + 1) % map_shown.shape[0], (columns + lake.ppu.bg1hofs) % map_shown.shape[1]
    colours = layer.colours[rows, columns]
    assert np.array_equal(map_shown[here][:, :3], palettes[rows, colours])
    assert not np.array_equal(map_shown[here][:, :3], palettes[223, colours])


def test_two_savestates_are_shown_and_compared_on_their_page(context: BrowserContext, files: Path) -> None:
    with page_of(context, files, "inspect", "early.state", "run.state") as page:
        expect(page.locator(".rom")).to_contain_text("snes9x", ignore_case=True)
        figures = page.locator(".sprites.figures")
        expect(figures.locator("li").first).to_be_visible()
        expect(page.get_by_text("sends no picture")).to_have_count(0)  # it is composed
        early = figures.inner_text()
        page.keyboard.press("k")
        page.keyboard.press(".")
        expect(page.locator(".frame")).to_have_text("frame 1")
        expect(figures).not_to_have_text(early, use_inner_text=True)
        page.keyboard.press("c")
        expect(page.locator(".compare .line")).to_contain_text(re.compile(r"[1-9]\d* sprites"))


SLOW_CODEC = """
import time
from pathlib import Path
class Slow:
    name = "slow"
    def decode(self, data, offset=0):
        raise CodecError("no such stream", offset)
    def encode(self, data, *, cancel=None):
        raise CodecError("cannot be written", 0)
    def scan(self, rom, *, window=0, cancel=None):
        while not Path("go on").exists() and not (cancel is not None and cancel.cancelled):
            time.sleep(0.02)
        return np.empty(0, [("offset", "<u4"), ("packed_size", "<u4"), ("size", "<u4")])
class Plugin:
    @hookimpl
    def halscope_codecs(self):
        return [Slow()]
plugin = Plugin()
"""


@pytest.fixture
def slow(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plugin whose codec searches a ROM until there is a file `go on`; no index is in the cache."""
    monkeypatch.setenv("HALSCOPE_CACHE_DIR", str(tmp_path / "cache"))
    (files / "go on").unlink(missing_ok=True)
    return write_plugin(tmp_path, SLOW_CODEC)


@pytest.mark.parametrize("kind", ["replay", "inspect"])
def test_frames_are_shown_while_their_rom_is_indexed_and_have_origins_afterwards(
    context: BrowserContext, files: Path, slow: Path, kind: str
) -> None:
    shown = ["run.hrec"] if kind == "replay" else ["early.state", "run.state"]
    later = 60 if kind == "replay" else 1
    with rom_path() as rom, page_of(context, files, kind, *shown, "--rom", rom, "--plugin", slow) as page:
        expect(page.locator("footer")).to_have_text("indexing the ROM: 0 %")
        page.keyboard.press("]" if kind == "replay" else ".")
        expect(page.locator(".frame")).to_have_text(f"frame {later}")
        page.hover(".sprites li:first-child button")
        expect(page.locator("footer strong")).to_have_text("indexing the ROM: 0 %")
        (files / "go on").touch()
        expect(page.locator("footer .found")).to_have_text(re.compile(r"hal 0x[0-9a-f]{6} \+ 0x"))
        expect(page.locator(".frame")).to_have_text(f"frame {later}")


def test_the_page_of_a_recording_ends_while_its_rom_is_indexed(
    context: BrowserContext, files: Path, slow: Path
) -> None:
    with rom_path() as rom, page_of(context, files, "replay", "run.hrec", "--rom", rom, "--plugin", slow) as page:
        expect(page.locator("footer")).to_have_text("indexing the ROM: 0 %")
