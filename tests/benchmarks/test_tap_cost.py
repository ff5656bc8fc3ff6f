"""What the tap adds to a frame of each core, with Halscope attached and without.

Run with `pytest --benchmark-only tests/benchmarks/test_tap_cost.py -rP`. The native program `bench_tap_cost` runs the
bare core and the tap around the same core in turns, and counts the process's own time.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from halscope.demo import rom_path
from halscope.hosts._ring import find_rings
from halscope.hosts.libretro import available_cores
from halscope.hosts.retroarch import RetroArchHost, tap_library
from halscope_hooks import HostGoneError
from support import taps

rings = taps.rings
ROOT = Path(__file__).parents[2]
FRAMES = 600
MOST_ATTACHED = 0.5  # ms, 3 % of a frame
MOST_ALONE = 0.15  # ms


@pytest.fixture(scope="module")
def program() -> Path:
    build = ROOT / "build" / "native"
    options = ["-DCMAKE_BUILD_TYPE=Release", "-DHALSCOPE_PYTHON=OFF", "-DHALSCOPE_NATIVE_TESTS=ON"]
    subprocess.run(["cmake", "-S", ROOT / "cpp", "-B", build, "-G", "Ninja", *options], check=True)
    subprocess.run(["cmake", "--build", build, "--target", "bench_tap_cost"], check=True)
    return build / "tests" / "bench_tap_cost"


def follow(stop: threading.Event) -> None:
    """Attach as soon as the game runs, and read every frame."""
    while not stop.is_set() and not find_rings():
        stop.wait(0.01)
    try:
        with RetroArchHost(find_rings()[0].path) as host:
            while not stop.is_set():
                host.poll(0.1)
            assert host.missed == 0
    except HostGoneError:
        pass


@pytest.mark.parametrize("attached", [True, False], ids=["attached", "alone"])
@pytest.mark.parametrize("core", [core.name for core in available_cores()])
def test_the_time_that_the_tap_adds_to_a_frame(
    benchmark: Any, program: Path, rings: Path, tmp_path: Path, core: str, attached: bool
) -> None:
    path = next(str(one.path) for one in available_cores() if one.name == core)
    stop = threading.Event()
    reader = threading.Thread(target=follow, args=(stop,))
    if attached:
        reader.start()
    with rom_path() as rom:
        command = [str(one) for one in (program, path, tap_library(), rom, tmp_path, FRAMES, 60)]
        environment = os.environ | {"HALSCOPE_TAP_INNER": path}
        done = benchmark.pedantic(
            lambda: subprocess.run(command, env=environment, check=True, capture_output=True), rounds=1
        )
    stop.set()
    if attached:
        reader.join()
    found = json.loads(done.stdout.splitlines()[-1])
    benchmark.extra_info.update(found)
    print(f"{core}: {found['bare'] / 1000:.2f} ms bare, {found['added'] / 1000:+.3f} ms by the tap")
    assert found["added"] / 1000 <= (MOST_ATTACHED if attached else MOST_ALONE)
