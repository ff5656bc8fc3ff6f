"""Speed of the index on a ROM of 4 MiB: building it, loading it from the cache, and looking up a VRAM.

Run with `pytest --benchmark-only tests/benchmarks/test_locate_speed.py`; figures mean nothing without the machine.
"""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from halscope.codecs import hal
from halscope.rom.index import RomIndex
from halscope.rom.vram_tracker import VramTracker
from halscope_hooks import TRANSFORMS
from numpy.typing import NDArray
from support import plain_packer
from support.truth_rom import TruthRom, make_truth_rom


@cache
def truth() -> TruthRom:
    return make_truth_rom(5, size=0x400000, blocks=384, packers=(("hal", plain_packer.pack),))


@cache
def index() -> RomIndex:
    return RomIndex.build(truth().rom, [hal.HAL])


def vram() -> NDArray[np.uint8]:
    """Graphics of sixty blocks, one after the other."""
    data = np.concatenate([np.frombuffer(block.data, np.uint8)[block.lead :] for block in truth().blocks[:60]])
    return np.resize(data, 0x10000)


BUILD = """
import resource, sys
from halscope.codecs import hal
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
RomIndex.build(Rom.load(sys.argv[1]), [hal.HAL])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_building_the_index_of_4_mib(benchmark: Any, tmp_path: Path) -> None:
    rom = truth().rom
    built = benchmark.pedantic(lambda: RomIndex.build(rom, [hal.HAL]), rounds=3, warmup_rounds=1)
    benchmark.extra_info["starts"] = len(built.families)
    if sys.platform == "linux":  # elsewhere ru_maxrss has another unit, or does not exist
        image = tmp_path / "rom.sfc"
        image.write_bytes(rom.data.tobytes())
        peak = subprocess.run([sys.executable, "-c", BUILD, image], capture_output=True, check=True, text=True).stdout
        benchmark.extra_info["peak MiB of the process"] = int(peak) >> 10


def test_loading_it_from_the_cache(benchmark: Any, tmp_path: Path) -> None:
    RomIndex.load_or_build(truth().rom, [hal.HAL], cache_dir=tmp_path)
    benchmark(lambda: RomIndex.load_or_build(truth().rom, [hal.HAL], cache_dir=tmp_path))
    benchmark.extra_info["file MiB"] = sum(path.stat().st_size for path in tmp_path.iterdir()) >> 20


def test_matching_all_tiles_of_a_vram(benchmark: Any) -> None:
    tiles = vram()
    found = benchmark(lambda: index().matches(tiles))
    assert len(found) > 1000


def test_ranking_all_tiles_of_a_vram(benchmark: Any) -> None:
    tiles = vram()
    found = benchmark(lambda: index().locate_vram(tiles))
    assert sum(map(bool, found.origins)) > 1000


@pytest.mark.parametrize("name", ["3bpp-low", "3bpp-high", "2bpp"])
def test_ranking_all_tiles_of_a_vram_that_the_game_converted(benchmark: Any, name: str) -> None:
    (transform,) = (one for one in TRANSFORMS if one.name == name)
    stored = vram().tobytes()[: transform.stored_bytes * 2048]
    tiles = np.frombuffer(transform.expand(stored), np.uint8)
    found = benchmark(lambda: index().locate_vram(tiles))
    assert sum(bool(origins) and origins[0].transform == name for origins in found.origins) > 1000


def test_making_tuples_of_all_answers(benchmark: Any) -> None:
    origins = index().locate_vram(vram()).origins
    assert sum(map(bool, benchmark(lambda: tuple(origins)))) > 1000


@pytest.mark.parametrize(
    ("changed", "scattered"), [(1, False), (64, False), (64, True)], ids=["one", "64-together", "64-scattered"]
)
def test_following_a_vram_of_which_some_tiles_change(benchmark: Any, changed: int, scattered: bool) -> None:
    tracker, states = VramTracker(index()), [vram(), vram()]
    numbers = np.random.default_rng(1).permutation(2048)[:changed] if scattered else np.arange(changed)
    states[1].reshape(-1, 32)[numbers] = np.roll(states[0], 32 * 100).reshape(-1, 32)[numbers]
    tracker.update(states[0])

    def step() -> None:
        states.reverse()
        tracker.update(states[0])

    benchmark(step)
