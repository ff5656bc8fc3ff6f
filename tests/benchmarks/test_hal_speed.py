"""HAL speed: a pool of blocks against the plain decoder of the same run, encoding by size, the scan.

    pytest tests/benchmarks/test_hal_speed.py --benchmark-only --benchmark-columns=min,median

`extra_info` holds bytes per second (MB/s) of the fastest round; the plain decoder needs the shared data and a compiler.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from timeit import timeit
from typing import Literal

import numpy as np
import pytest
from halscope import hal
from pytest_benchmark.fixture import BenchmarkFixture
from support.hal_data import tiles
from support.plain_decoder import PlainDecoder
from support.simd import LEVELS, at_level

KIB = 1024
# A single block in a loop is too fast: the branch predictor learns it.
POOL = 64


def measure(benchmark: BenchmarkFixture, work: Callable[[], object], size: int) -> None:
    """Run the benchmark and record the rate of its fastest round in MB/s."""
    benchmark(work)
    if benchmark.stats is not None:
        benchmark.extra_info["MB/s"] = round(size / benchmark.stats.stats.min / 1e6, 1)


@pytest.fixture(scope="module")
def pool() -> tuple[bytes, list[int], int]:
    """64 blocks of 8 to 64 KiB of tiles in one buffer: (buffer, offsets, size of all when decoded)."""
    rng = random.Random(1)
    sizes = [rng.randrange(8 * KIB, 64 * KIB + 1) for _ in range(POOL)]
    packed, offsets = bytearray(), []
    for size in sizes:
        offsets.append(len(packed))
        packed += hal.encode(tiles(rng, size))
    return bytes(packed), offsets, sum(sizes)


@pytest.fixture(scope="module")
def plain_decoder(tmp_path_factory: pytest.TempPathFactory) -> PlainDecoder:
    """The baseline from the shared data."""
    decoder = PlainDecoder.compiled(tmp_path_factory.mktemp("plain"))
    if decoder is None:
        pytest.skip("the plain decoder needs the shared data and a C++ compiler")
    return decoder


@pytest.mark.benchmark(group="decode, 64 blocks of tiles")
def test_decode_a_pool_plainly(
    benchmark: BenchmarkFixture, pool: tuple[bytes, list[int], int], plain_decoder: PlainDecoder
) -> None:
    packed, offsets, size = pool
    assert plain_decoder.decode_all(packed, offsets) == size
    measure(benchmark, lambda: plain_decoder.decode_all(packed, offsets), size)


@pytest.mark.benchmark(group="decode, 64 blocks of tiles")
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("strict", [True, False], ids=["strict", "compatible"])
def test_decode_a_pool(
    benchmark: BenchmarkFixture, pool: tuple[bytes, list[int], int], strict: bool, level: str
) -> None:
    packed, offsets, size = pool

    with at_level(level):
        measure(benchmark, lambda: [hal.decode(packed, offset, strict=strict) for offset in offsets], size)


@pytest.mark.benchmark(group="decode, 64 different blocks of one size, results kept")
@pytest.mark.parametrize("kib", [1, 8, 32, 64])
def test_decode_different_blocks_and_keep_them(
    benchmark: BenchmarkFixture, plain_decoder: PlainDecoder, kib: int
) -> None:
    """`extra_info` holds how much faster that is than the plain decoder through ctypes, whose results are kept too."""
    blocks = [tiles(random.Random(kib * 1000 + seed), kib * KIB) for seed in range(POOL)]
    streams = [hal.encode(block) for block in blocks]
    assert [plain_decoder.decode(stream) for stream in streams] == blocks
    ours, theirs = [], []
    for _ in range(30):  # in turns, so that both see the same machine
        ours.append(timeit(lambda: [hal.decode(stream) for stream in streams], number=1))
        theirs.append(timeit(lambda: [plain_decoder.decode(stream) for stream in streams], number=1))
    benchmark.extra_info["times plain"] = round(min(theirs) / min(ours), 2)
    measure(benchmark, lambda: [hal.decode(stream) for stream in streams], kib * KIB * POOL)


@pytest.mark.benchmark(group="overhead of a call")
def test_decode_nothing(benchmark: BenchmarkFixture) -> None:
    benchmark(hal.decode, b"\xff")


@pytest.mark.benchmark(group="encode tiles")
@pytest.mark.parametrize("effort", ["optimal", "fast"])
@pytest.mark.parametrize("size", [8 * KIB, 32 * KIB, 64 * KIB])
def test_encode_tiles(benchmark: BenchmarkFixture, size: int, effort: Literal["optimal", "fast"]) -> None:
    data = tiles(random.Random(size), size)
    benchmark.extra_info["packed"] = len(hal.encode(data, effort=effort))
    measure(benchmark, lambda: hal.encode(data, effort=effort), size)


SHAPES: dict[str, Callable[[], bytes]] = {
    "zeros": lambda: bytes(64 * KIB),
    "ramp": lambda: bytes(range(256)) * 256,
    "noise": lambda: random.Random(2).randbytes(63 * KIB),
    "period of 1000": lambda: (random.Random(3).randbytes(1000) * 66)[: 64 * KIB],
    "two letters": lambda: bytes(random.Random(4).choices(b"\x00\x80", k=64 * KIB)),
}


@pytest.mark.benchmark(group="encode minimally, 64 KiB of any shape")
@pytest.mark.parametrize("shape", SHAPES)
def test_encode_a_hard_shape(benchmark: BenchmarkFixture, shape: str) -> None:
    data = SHAPES[shape]()
    measure(benchmark, lambda: hal.encode(data), len(data))


@pytest.mark.benchmark(group="scan, 4 MiB")
@pytest.mark.parametrize("window", [0, 0x8000], ids=["linear", "banks of 32 KiB"])
@pytest.mark.parametrize("strict", [True, False], ids=["strict", "compatible"])
def test_scan(benchmark: BenchmarkFixture, pool: tuple[bytes, list[int], int], window: int, strict: bool) -> None:
    rng = random.Random(5)
    rom = bytearray()
    while len(rom) < 4096 * KIB:
        rom += pool[0] + rng.randbytes(64 * KIB) + bytes(rng.choices(range(48), k=64 * KIB))
    image = np.frombuffer(rom, np.uint8)[: 4096 * KIB]
    benchmark.extra_info["found"] = len(hal.scan(image, window=window, strict=strict))
    measure(benchmark, lambda: hal.scan(image, window=window, strict=strict), len(image))
