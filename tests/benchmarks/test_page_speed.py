"""What an update of the page costs in the server: processor time of the server's thread alone.

Run with `pytest --benchmark-only tests/benchmarks/test_page_speed.py`. The updates are those of the demo game on a real
core, played back; the client is no browser.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import cycle
from typing import Any

import pytest
from halscope.app import Controls
from halscope.demo import rom_path
from halscope.hosts.embedded import EmbeddedHost
from halscope.hosts.libretro import available_cores
from halscope.inspector import Inspector
from halscope.session import Session
from halscope_hooks import HostError, HostInfo, Snapshot, Write, WriteReceipt
from support.threads import processor_time, resident
from websockets import Origin
from websockets.sync.client import connect

FRAMES_A_SECOND = 60.0988
TARGET = 0.10  # of one processor, at 60 updates a second
SKIPPED, FRAMES = 240, 240
SERVER = "halscope inspector"


@cache
def snapshots() -> list[Snapshot]:
    """Four seconds of the demo game: the hero walks, the layers scroll."""
    with rom_path() as rom, EmbeddedHost(rom, "snes9x") as game:
        for _ in range(SKIPPED):
            game.step()
        return [game.step() for _ in range(FRAMES)]


class Replay:
    """A host that shows the same snapshots again and again, with or without their pictures."""

    info = HostInfo(name="replay", emulator="snapshots of the demo game", capabilities=frozenset({"driven"}))

    def __init__(self, shown: Sequence[Snapshot]) -> None:
        self._shown = cycle(shown)

    def step(self) -> Snapshot:
        return next(self._shown)

    def write(self, writes: Sequence[Write]) -> WriteReceipt:
        raise HostError("replay: nothing can be written")

    def close(self) -> None:
        pass


@pytest.fixture(params=["VRAM, sprites, palettes", "and the picture"])
def update(request: pytest.FixtureRequest) -> Iterator[Callable[[], None]]:
    """What brings the next update to a page."""
    if not available_cores():
        pytest.skip("no libretro core is installed")
    shown = snapshots()
    if request.param != "and the picture":
        shown = [replace(one, picture=None) for one in shown]
    with (
        Session(Replay(shown), threads=True, owns_host=True) as session,
        Inspector(Controls(), lambda: None) as inspector,
    ):
        inspector.follow(session)
        origin, token = inspector.address.split("/#")
        address = f"{origin.replace('http', 'ws')}/live?token={token}"
        with connect(address, origin=Origin(origin), compression=None, max_size=None) as page:

            def bring() -> None:
                session.tick()
                while isinstance(page.recv(timeout=60), str):
                    pass
                page.send('{"type": "seen"}')

            yield bring


@pytest.mark.benchmark(timer=partial(processor_time, SERVER))
def test_an_update(benchmark: Any, update: Callable[[], None]) -> None:
    """Target: 60 a second take at most 10 % of a processor in the server."""
    benchmark.pedantic(update, rounds=600, warmup_rounds=60)
    benchmark.extra_info["of a processor at 60 a second"] = f"{benchmark.stats.stats.mean * FRAMES_A_SECOND:.1%}"
    benchmark.extra_info["target"] = f"{TARGET:.0%}"


def test_the_memory_that_a_minute_of_updates_leaves(benchmark: Any, update: Callable[[], None]) -> None:
    """Target: at most 5 MB in ten minutes. As fast as they are taken, so as many as come in a minute of play."""
    for _ in range(600):  # what is loaded and kept once is there
        update()
    before = resident()

    def minute() -> None:
        for _ in range(round(60 * FRAMES_A_SECOND)):
            update()

    benchmark.pedantic(minute, rounds=1)
    grown = (resident() - before) / 1e6
    benchmark.extra_info["MB grown"] = round(grown, 2)
