"""`extract OFFSET` alone: the codec and the place of the first tile are found; what the user says wins."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from halscope.app._judged_layout import judged_layout
from halscope.app._shown_blocks import ShownBlocks
from halscope.cli import main
from halscope.codecs.hal import HAL
from halscope.codecs.lz import LZ2
from halscope.demo import rom_path, truth
from halscope.hosts.libretro import available_cores
from halscope.ppu import decode_frame
from halscope.ppu.placements import Placement, layer_placements, stacked_tiles
from halscope.ppu.tiles import decode_tiles, encode_tiles
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope_hooks import RASTER_DTYPE, PpuRegisters, Snapshot
from numpy.typing import NDArray
from support import lab_truth
from support.roms import make_rom
from support.stored_art import stored_art

BLOCKS = {block["name"]: block for block in truth()["blocks"]}
TILED = [block for block in BLOCKS.values() if block["kind"] in ("sprites", "tiles")]


@pytest.fixture(scope="module")
def rom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rom") / "game.sfc"
    with rom_path() as demo:
        path.write_bytes(demo.read_bytes())
    return path


def extract(capsys: pytest.CaptureFixture[str], rom: Path, *arguments: object) -> list[Any]:
    assert main(["extract", str(rom), *map(str, arguments), "--json"]) == 0
    sheets: list[Any] = json.loads(capsys.readouterr().out)["sheets"]
    return sheets


def first_byte(sheet: Any) -> int:
    document = json.loads(Path(sheet["json"]).read_text("utf-8"))
    return min(int(cell["origin"]["byte_offset"]) for cell in document["cells"])


def test_the_first_tile_is_found_by_the_blocks_pixels(
    rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    offsets = [hex(block["offset"]) for block in TILED]
    sheets = extract(capsys, rom, *offsets, "--out", tmp_path)
    found = {block["name"]: sheet["lead"] for block, sheet in zip(TILED, sheets, strict=True)}
    wrong = {name: lead for name, lead in found.items() if lead != BLOCKS[name]["lead"]}
    assert wrong == {"star": 0}, "one byte too many, and no place is clearly smoother"
    assert [first_byte(sheet) for sheet in sheets] == [sheet["lead"] for sheet in sheets]


def test_what_the_user_says_wins(rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frog = hex(BLOCKS["frog"]["offset"])
    (sheet,) = extract(capsys, rom, frog, "--lead", 0, "--columns", 4, "--bpp", 2, "--out", tmp_path)
    assert (sheet["lead"], sheet["columns"], sheet["bpp"], sheet["transform"]) == (0, 4, 2, "none")
    assert first_byte(sheet) == 0


def test_the_codec_is_the_one_that_reads_the_block(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image, packed = make_rom(0x40000), LZ2.encode(stored_art(64, 32, 8))
    image[0x10001 : 0x10001 + len(packed)] = packed
    rom = tmp_path / "lz2.sfc"
    rom.write_bytes(bytes(image))
    (sheet,) = extract(capsys, rom, "0x10001", "--out", tmp_path / "found")
    assert {origin["codec"] for origin in sheet["origins"]} == {"lz2"}
    assert sheet["tiles"] == 64


def test_the_text_says_where_the_tiles_begin(rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["extract", str(rom), hex(BLOCKS["frog"]["offset"]), "--out", str(tmp_path)]) == 0
    assert "; lead 3" in capsys.readouterr().out


@pytest.fixture(scope="module")
def recording(request: pytest.FixtureRequest) -> Path:
    if not available_cores():
        pytest.skip("no libretro core is installed")
    recorded: Path = request.getfixturevalue("recorded_demo")
    return recorded / "run.hrec"


@pytest.fixture
def meadow(recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], rom: Path) -> dict[str, Any]:
    """Every block with tiles, as laid out by a frame of the meadow."""
    capsys.readouterr()
    tiled = [*TILED, BLOCKS["font"]]
    moment = ("--recording", recording, "--frame", 290)
    sheets = extract(capsys, rom, *(hex(block["offset"]) for block in tiled), *moment, "--out", tmp_path / "meadow")
    return {block["name"]: sheet for block, sheet in zip(tiled, sheets, strict=True)}


@pytest.mark.slow
def test_a_moment_shows_where_tiles_begin_how_deep_they_are_and_how_wide(meadow: dict[str, Any]) -> None:
    shown = {name: sheet for name, sheet in meadow.items() if sheet["shown"]}
    assert {"frog", "owl", "coin", "star", "pip_walk", "meadow_front_tiles", "font"} <= set(shown)
    assert "explosion" not in shown, "one tile of a map is by chance one of its tiles"
    assert {name: sheet["lead"] for name, sheet in shown.items()} == {name: BLOCKS[name]["lead"] for name in shown}
    assert {name: sheet["bpp"] for name, sheet in shown.items()} == dict.fromkeys(shown, 4) | {"font": 2}
    for name, sheet in shown.items():
        block = BLOCKS[name]
        if block.get("layout") == "frames":
            assert sheet["columns"] == block["frame_width"] // 8, name
    assert shown["frog"]["columns"] == 16


@pytest.mark.slow
def test_a_recording_is_searched_for_a_frame_that_shows_a_block(
    rom: Path, recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = (hex(BLOCKS["frog"]["offset"]), "--recording", recording)
    (first,) = extract(capsys, rom, *arguments, "--frame", 0, "--out", tmp_path / "first")
    assert not first["shown"]
    (found,) = extract(capsys, rom, *arguments, "--out", tmp_path / "found")
    assert found["frame"] > 0
    (there,) = extract(capsys, rom, *arguments, "--frame", found["frame"], "--out", tmp_path / "there")
    assert [there[name] for name in ("shown", "depth_from", "colours_from")] == [True, "moment", "moment"]
    for name in ("lead", "columns", "bpp", "palettes", "shown", "depth_from", "colours_from"):
        assert found[name] == there[name], name
    assert main(["extract", str(rom), *map(str, arguments), "--out", str(tmp_path / "text")]) == 0
    assert f"; as in frame {found['frame']}" in capsys.readouterr().out


@pytest.mark.slow
def test_a_moment_gives_blocks_the_colours_that_it_shows_them_in(
    meadow: dict[str, Any], recording: Path, rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = extract(capsys, rom, "--recording", recording, "--frame", 290, "--out", tmp_path / "figures")
    for name in ("frog", "owl", "mushroom"):
        offset = BLOCKS[name]["offset"]
        (palettes, *_) = (
            sheet["palettes"]
            for sheet in figures
            if {origin["block_offset"] for origin in sheet["origins"]} == {offset}
        )
        assert meadow[name]["palettes"] == palettes
    greys = [f"#{level:02x}{level:02x}{level:02x}" for level in range(256)]
    assert all(colour in greys for colour in meadow["ghost"]["palettes"][0]), "not on this screen"
    assert not meadow["ghost"]["shown"]


def test_options_win_over_a_moment(
    recording: Path, rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    options = ("--recording", recording, "--frame", 290, "--lead", 0, "--columns", 5, "--palette", "0x100")
    (sheet,) = extract(capsys, rom, hex(BLOCKS["frog"]["offset"]), *options, "--out", tmp_path)
    assert (sheet["lead"], sheet["columns"]) == (0, 5)
    colours = json.loads(Path(sheet["json"]).read_text("utf-8"))["palettes"][0]["bgr555"]
    assert colours == [
        int.from_bytes(rom.read_bytes()[at : at + 2], "little") & 0x7FFF for at in range(0x100, 0x120, 2)
    ]


def test_maps_name_tiles_by_their_depth_and_palette() -> None:
    vram = np.zeros(0x10000, np.uint8)
    words = vram.view("<u2")
    words[0x400:0x800] = 0x0C05  # palette 3, tile 5
    words[0x401] = 0xD407  # flips and priority aside: palette 5, tile 7
    ppu = PpuRegisters(bgmode=0, tm=2, ts=0, bg2sc=0x04, bg12nba=0x10)
    snapshot = Snapshot(vram=vram, cgram=np.zeros(256, np.uint16), oam=np.zeros(544, np.uint8), ppu=ppu)
    assert sorted(layer_placements(snapshot)) == [
        (0x2000 + 5 * 16, 2, 32 + 3 * 4, 0x3FF),
        (0x2000 + 7 * 16, 2, 32 + 5 * 4, 1),
    ]
    assert sorted(stacked_tiles(snapshot)) == [(0x2000 + 5 * 16, 0x2000 + 5 * 16, 2, 31 * 32 - 1)], (
        "the pair with a flipped tile is left out"
    )
    large = dataclasses.replace(snapshot, ppu=dataclasses.replace(ppu, bgmode=0x21))
    assert {one.vram_byte for one in layer_placements(large) if one.first_colour == 48} == {
        0x2000 + number * 32 for number in (5, 6, 21, 22)
    }
    assert (0x2000 + 5 * 32, 0x2000 + 21 * 32, 4, 0x3FF) in list(stacked_tiles(large))
    hidden = dataclasses.replace(snapshot, ppu=dataclasses.replace(ppu, tm=0))
    assert not list(layer_placements(hidden))
    assert not list(stacked_tiles(hidden))


def map_of(numbers: NDArray[np.int64], tiles: bytes) -> Snapshot:
    """A moment of mode 1 that shows these tile numbers at the top left of BG1, with its tiles at byte 0x4000."""
    vram = np.zeros(0x10000, np.uint8)
    vram[0x4000 : 0x4000 + len(tiles)] = np.frombuffer(tiles, np.uint8)
    screen = vram[:0x800].view("<u2").reshape(32, 32)
    screen[:] = 0x3FF
    screen[: numbers.shape[0], : numbers.shape[1]] = numbers
    ppu = PpuRegisters(bgmode=1, tm=1, ts=0, bg1sc=0, bg12nba=2)
    return Snapshot(vram=vram, cgram=np.zeros(256, np.uint16), oam=np.zeros(544, np.uint8), ppu=ppu)


@pytest.mark.parametrize("width", [4, 12, 30])
def test_a_map_shows_how_far_the_rows_of_a_block_are_apart(width: int) -> None:
    stored = stored_art(120, 32, 8)
    image, packed = make_rom(0x40000), LZ2.encode(stored)
    image[0x10001 : 0x10001 + len(packed)] = packed
    index = RomIndex.build(Rom.from_bytes(bytes(image)), [LZ2])
    in_rows = np.arange(width * 4).reshape(4, width)
    shuffled = np.random.default_rng(1).permutation(in_rows.reshape(-1)).reshape(in_rows.shape)
    for numbers, columns in ((in_rows, width), (shuffled, None)):
        snapshot = map_of(numbers, stored)
        shown = ShownBlocks(decode_frame(snapshot), (), index.locate_vram(snapshot.vram)).find("lz2", 0x10001)
        assert shown is not None
        assert shown.columns == columns


def test_the_depth_of_a_block_is_judged_by_its_bytes() -> None:
    """Every block of tiles of the demo and the lab; some maps look like 4bpp tiles."""
    lab = lab_truth.load_truth()
    demo = [block | {"codec": "hal", "bpp": 2 if block["kind"] == "font" else 4} for block in truth()["blocks"]]
    wrong, other = [], []
    with rom_path() as path:
        demo_image = np.fromfile(path, np.uint8)
    for image, blocks in ((demo_image, demo), (np.fromfile(lab_truth.IMAGE, np.uint8), lab["blocks"])):
        for block in blocks:
            codec = {"hal": HAL, "lz2": LZ2}[block["codec"]]
            found = judged_layout(codec.decode(image, block["offset"]).data.tobytes())
            if block["kind"] not in ("sprites", "tiles", "font"):
                other.append(found)
            elif found is None or found.layout.stored_bpp != block["bpp"]:
                wrong.append((block["name"], found))
    assert wrong == []
    assert sum(found is not None for found in other) <= 3 < 20 < len(other)


def test_no_other_block_is_taken_for_8bpp_tiles_and_few_of_those_for_4bpp_ones() -> None:
    """8bpp tiles made of the demo's, with drawn colours; nothing else of demo and lab, and no drawn art."""
    rng = np.random.default_rng(1)
    drawn: list[bytes] = []
    with rom_path() as path:
        image = np.fromfile(path, np.uint8)
    for block in TILED:
        data = HAL.decode(image, block["offset"]).data[block["lead"] :]
        assert (said := judged_layout(data.tobytes())) is None or said.layout.bpp == 4, block["name"]
        pixels = decode_tiles(data[: len(data) // 32 * 32], 4)
        if len(pixels) >= 32:
            colours = rng.permutation(256)[:16].astype(np.uint8)
            drawn.append(encode_tiles(colours[pixels], 8).tobytes())
    found = [judged_layout(data) for data in drawn]
    eight = sum(one is not None and one.layout.stored_bpp == 8 and one.layout.row is None for one in found)
    assert eight >= len(drawn) // 2 > 10
    for size in (8, 16, 24, 32, 64):
        for seed in range(4):
            said = judged_layout(stored_art(64, size, seed))
            assert said is None or said.layout.stored_bpp == size // 8
            assert said is None or said.layout.stored_bpp < 8 or said.layout.transform == "mode7"


@pytest.mark.parametrize("size", [0, 1, 31, 255, 256, 4096, 70000])
def test_bytes_that_are_no_tiles_have_no_depth(size: int) -> None:
    noise = np.random.default_rng(size).integers(0, 256, size, np.uint8).tobytes()
    for data in (noise, bytes(size), b"\xff" * size):
        assert judged_layout(data) is None


def test_a_font_is_extracted_with_two_bits(rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (sheet,) = extract(capsys, rom, hex(BLOCKS["font"]["offset"]), "--out", tmp_path)
    assert (sheet["bpp"], sheet["transform"], sheet["tiles"]) == (2, "none", 96)


def test_maps_that_hdma_puts_in_place_are_followed() -> None:
    vram = np.zeros(0x10000, np.uint8)
    words = vram.view("<u2")
    words[0x400:0x800], words[0x800:0xC00] = 5, 9
    ppu = PpuRegisters(bgmode=1, tm=1, ts=0, bg1sc=0x08, bg12nba=1, setini=0)
    snapshot = Snapshot(vram=vram, cgram=np.zeros(256, np.uint16), oam=np.zeros(544, np.uint8), ppu=ppu)
    first, second = (0x2000 + 5 * 32, 4, 0, 0x400), (0x2000 + 9 * 32, 4, 0, 0x400)

    def with_writes(*writes: tuple[int, int, int]) -> list[Placement]:
        return list(layer_placements(dataclasses.replace(snapshot, raster=np.array(list(writes), RASTER_DTYPE))))

    assert with_writes() == [second]
    assert with_writes((0, 0x07, 4), (100, 0x07, 8), (150, 0x07, 4)) == [first, second]
    assert with_writes((0, 0x07, 4), (224, 0x07, 8)) == [first]  # after the last row
    assert with_writes((0, 0x2C, 0), (0, 0x07, 4)) == []
    in_mode_3 = [one for one in with_writes((0, 0x05, 1), (9, 0x05, 3)) if one.depth == 8]
    assert in_mode_3 == [(0x2000 + 9 * 64, 8, 0, 0x400)]
