"""The codec with other threads running: the GIL is released, and a buffer that changes meanwhile does no harm."""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pytest
from halscope import hal
from support.hal_data import header, tiles
from support.simd import LEVELS, at_level

NOISE = np.frombuffer(random.Random(1).randbytes(1 << 20), np.uint8)
SLOW_STREAM = header(1, 1) + b"\xa5" + (header(5, 1024) + b"\x00\x00") * 63 + b"\xff"  # overlaps: byte by byte

CALLS: dict[str, Callable[[], object]] = {
    "decode": lambda: hal.decode(SLOW_STREAM),
    "decode, compatible": lambda: hal.decode(SLOW_STREAM, strict=False),
    "encode": lambda: hal.encode(NOISE[:60000]),
    "encode, fast": lambda: hal.encode(NOISE[:60000], effort="fast"),
    "scan": lambda: hal.scan(NOISE),
}


@pytest.fixture
def patient_interpreter() -> Iterator[None]:
    """A thread that does not release the GIL explicitly keeps it."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(100)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("patient_interpreter")
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_another_thread_runs_during_a_call(call: Callable[[], object]) -> None:
    # `gate` opens right before the call; only if the call releases the GIL can this thread see it unfinished.
    seen = False
    for _ in range(2000):
        gate = threading.Lock()
        gate.acquire()
        finished: list[bool] = []

        def work(gate: threading.Lock = gate, finished: list[bool] = finished) -> None:
            gate.release()
            call()
            finished.append(True)

        worker = threading.Thread(target=work)
        worker.start()
        gate.acquire()
        seen = not finished
        worker.join()
        if seen:
            break
    assert seen


def test_threads_that_share_nothing_get_their_own_results() -> None:
    rng = random.Random(2)
    data = [tiles(rng, rng.randrange(100, 9000)) for _ in range(40)]

    def there_and_back(raw: bytes) -> bool:
        return all(bytes(hal.decode(hal.encode(raw, effort=effort)).data) == raw for effort in ("optimal", "fast"))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(there_and_back, data))


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS)
def test_a_buffer_that_changes_meanwhile_does_no_harm(level: str) -> None:
    packed = np.frombuffer(hal.encode(tiles(random.Random(3), 0x8000)), np.uint8)
    shared = packed.copy()
    raw = np.frombuffer(tiles(random.Random(4), 0x2000), np.uint8).copy()
    done = threading.Event()

    def scribble() -> None:
        rng = np.random.default_rng(5)
        while not done.is_set():
            places = rng.integers(0, len(shared), 64)
            shared[places] = rng.integers(0, 256, 64)
            raw[rng.integers(0, len(raw), 64)] = rng.integers(0, 256, 64)
            shared[places] = packed[places]

    writer = threading.Thread(target=scribble)
    writer.start()
    decoded = 0
    try:
        for _ in range(300):
            for strict in (True, False):
                with at_level(level), suppress(hal.HalError):
                    decoded += len(hal.decode(shared, strict=strict).data) > 0
            for candidate in hal.scan(shared):
                assert candidate["offset"] + candidate["packed_size"] <= len(shared)
        for _ in range(40):
            hal.decode(hal.encode(raw))
            hal.decode(hal.encode(raw, effort="fast"))
    finally:
        done.set()
        writer.join()
    assert decoded > 0
