"""The examples of a codec, a game profile and a host work exactly as printed on the page, through the whole command."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from halscope import hal
from halscope.app import Plugins
from halscope.cli import main
from halscope.demo import rom_path
from halscope.formats.recording import RecordingReader
from halscope_hooks import CodecError
from hypothesis import given
from hypothesis import strategies as st
from support.drawn_art import animation, planar
from support.plugin_folder import manifest
from support.roms import make_rom

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/contribute-parts.md").read_text("utf-8")


def write_example(parent: Path, name: str) -> Path:
    """Write the plugin whose module the page prints behind this name, and return its folder."""
    found = re.search(rf"^`{name}/{name}\.py`:\n\n```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert found, name
    folder = parent / name
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps(manifest(name, entry_point=f"{name}:plugin")), "utf-8")
    (folder / f"{name}.py").write_text(found[1], "utf-8")
    return folder


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> list[Any]:
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    assert code == 0, captured.err
    return [json.loads(line) for line in captured.out.splitlines()]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return Plugins(folders=[write_example(tmp_path_factory.mktemp("codec"), "runs")]).codec("runs")


@given(data=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 600)), min_size=1, max_size=20))
def test_the_codec_returns_what_it_packed(runs: Any, data: Sequence[tuple[int, int]]) -> None:
    source = b"".join(bytes([byte]) * count for byte, count in data)
    packed = runs.encode(source)
    block = runs.decode(b"?" + packed + b"?", 1)
    assert (bytes(block.data), block.consumed, block.offset) == (source, len(packed), 1)
    for cut in range(len(packed)):
        with pytest.raises(CodecError):
            runs.decode(packed[:cut])


def test_the_codecs_blocks_are_scanned_and_located_like_our_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], runs: Any
) -> None:
    plugin = ["--plugin", write_example(tmp_path, "runs")]
    # Shapes of one colour with horizontal edges, which runs pack well.
    rows = np.random.default_rng(1).integers(0, 256, 512).astype(np.uint8)
    tiles = rows.repeat(8).tobytes()
    packed = runs.encode(tiles)
    image = make_rom(size=0x20000, seed=4)
    image[0x8000 : 0x8000 + len(packed)] = packed
    rom = tmp_path / "game.sfc"
    rom.write_bytes(image)
    (document,) = run(capsys, "scan", rom, "--json", "--min-score", 0, *plugin)
    found = {(block["offset"], block["codec"], block["packed_size"], block["size"]) for block in document["blocks"]}
    assert (0x8000, "runs", len(packed), len(tiles)) in found
    (tmp_path / "tiles").write_bytes(tiles[64:128])
    (document,) = run(capsys, "locate", rom, tmp_path / "tiles", "--json", *plugin)
    assert {(o["codec"], o["block_offset"]) for tile in document["tiles"] for o in tile["origins"]} >= {
        ("runs", 0x8000)
    }


def test_the_game_profile_proves_a_start_that_nothing_else_proves(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = 0x12345
    frames = animation(np.random.default_rng(1), 32, 4)
    packed = hal.encode(b"".join(planar(frame, 4) for frame in frames))
    image = make_rom(0x80000, title=b"MY GAME", seed=3)
    image[at : at + len(packed)] = packed
    image[0x100:0x103] = bytes([at & 0xFF, at >> 8 & 0x7F | 0x80, at >> 15])  # LoROM
    image[0x1000:0x1018] = bytes.fromhex("c230a90080851285148516a9ff0785182220908060ea08e2")
    rom = tmp_path / "game.sfc"
    rom.write_bytes(image)

    def start(*options: object) -> tuple[Any, Any]:
        (document,) = run(capsys, "scan", rom, "--json", "--min-score", 0, *options)
        starts = [block["start"] for block in document["blocks"] if block["offset"] == at]
        return document["rom"]["game"], starts

    game, starts = start("--plugin", write_example(tmp_path, "mygame"))
    assert (game["name"], starts) == ("My game", ["pointer"])
    assert start()[1] != ["pointer"]


def test_the_host_shows_what_was_saved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plugin = ["--host", "slides", "--plugin", write_example(tmp_path, "slides")]
    rom = tmp_path / "game.sfc"
    with rom_path() as demo:
        rom.write_bytes(demo.read_bytes())
    with RecordingReader(ROOT / "docs/examples/palette-watch/tests/demo.hrec") as reader:
        seen = reader[len(reader) - 1]
    np.savez(tmp_path / "game.npz", vram=seen.vram, cgram=seen.cgram, oam=seen.oam, obsel=np.array(seen.ppu.obsel))
    lines = run(capsys, "play", rom, "--frames", 3, "--json", *plugin)
    assert [line["frame"] for line in lines] == [1, 2, 3]
    assert lines[-1]["located_tiles"] > 100
    (tmp_path / "game.npz").unlink()
    assert main([str(part) for part in ("play", rom, "--frames", 1, *plugin)]) == 1
    assert "game.npz: cannot be shown" in capsys.readouterr().err
