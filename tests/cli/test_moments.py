"""What commands say of the moments of a recording: what differs between two, and when a tile came."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from halscope.demo import rom_path
from halscope.formats.recording import RecordingWriter
from support.in_process import halscope
from support.made_host import made_snapshot

TILE = bytes(range(1, 33))


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three frames: in the second, sprite 1 gets a tile, and in the third sprite 0 moves off to the right."""
    path = tmp_path_factory.mktemp("moments") / "run.hrec"
    base = made_snapshot(0)
    oam = np.zeros(544, np.uint8)
    oam[1:512:4] = 240
    oam[0:8] = (10, 10, 0, 0, 40, 10, 2, 0)
    with RecordingWriter(path) as writer:
        vram = base.vram.copy()
        for number in range(3):
            vram, oam = vram.copy(), oam.copy()
            if number == 1:
                vram[64:96] = np.frombuffer(TILE, np.uint8)  # OBSEL ($2101) 0: the tiles of sprites begin at 0
            if number == 2:
                oam[0] = 60
            writer.append(replace(base, frame=number, vram=vram, oam=oam, ppu=replace(base.ppu, obsel=0)))
    return path


def test_compare_says_which_sprites_on_the_screen_differ_and_by_what(recording: Path) -> None:
    found = json.loads(halscope("compare", f"{recording}@0", f"{recording}@2", "--json").stdout)
    entry = {"y": 10, "width": 8, "height": 8, "colours": False}
    moved = [{"sprite": 0, "x": x, "oam": True, "tiles": False, **entry} for x in (10, 60)]
    other = {"sprite": 1, "x": 40, "oam": False, "tiles": True, **entry}
    assert found["marks"] == [[moved[0], other], [moved[1], other]]
    said = halscope("compare", f"{recording}@0", f"{recording}@2").stdout
    assert f"on the screen of {recording}@2: entry of sprites 0, tiles of sprites 1, colours of none" in said


def test_locate_says_in_which_frame_of_a_recording_a_tile_came(recording: Path, tmp_path: Path) -> None:
    (tmp_path / "tiles.bin").write_bytes(TILE + TILE[::-1])
    with rom_path() as rom:
        done = halscope("locate", rom, tmp_path / "tiles.bin", "--recording", recording, "--json")
        assert [tile["frames"] for tile in json.loads(done.stdout)["tiles"]] == [
            {"vram": 1, "shown": 1},
            {"vram": None, "shown": None},
        ]
        refused = halscope(
            *("locate", rom, tmp_path / "tiles.bin", "--transform", "1bpp", "--recording", recording, "--json")
        )
        assert refused.returncode == 2
        assert "tiles of 32 bytes" in refused.stderr
