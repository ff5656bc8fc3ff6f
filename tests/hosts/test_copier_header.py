"""A core runs the very image that is searched: hosts and the ROM judge copier headers alike."""

from __future__ import annotations

from pathlib import Path

import pytest
from halscope.demo import rom_path
from halscope.hosts.libretro import LibretroHost
from halscope.rom.image import Rom
from support.cores import most_on_the_first, two_cores


@pytest.mark.parametrize(
    ("core", "around"),
    most_on_the_first(two_cores(), [(0, 0), (0, 512), (512, 0), (512, 100), (512, 512)], [(512, 100)]),
)
def test_the_core_runs_the_image_that_is_searched(core: str, tmp_path: Path, around: tuple[int, int]) -> None:
    before, after = around
    with rom_path() as demo:
        image = demo.read_bytes()
    path = tmp_path / "game.smc"
    path.write_bytes(bytes(before) + image + bytes(after))
    with LibretroHost(path, core) as host:
        for _ in range(30):
            snapshot = host.step()
        assert host.info.rom.sha256 == Rom.load(path).sha256
    with LibretroHost(image, core) as plain:
        for _ in range(30):
            expected = plain.step()
    assert (snapshot.vram == expected.vram).all()
    assert expected.vram.any()
