"""The lab ROM on a real core: go to a scene by its name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from halscope.hosts.libretro import LibretroHost
from halscope_hooks import Snapshot, Write
from support import lab_truth
from support.quick_starts import run_to

LONGEST_LOAD = 120  # frames
SETTLED = 4  # frames after which even a core whose picture is late shows the scene


def channels_of(name: str, snapshot: Snapshot) -> list[dict[str, Any]]:
    """A scene's channels with the table that each has in this snapshot, where tables take turns."""
    assert snapshot.cpu is not None
    dma = snapshot.cpu.dma
    return [
        channel | {"table_address": dma[channel["number"]].a1b << 16 | dma[channel["number"]].a1t}
        for channel in lab_truth.scene(name)["channels"]
    ]


class LabGame:
    """Context manager: the lab ROM (or another image with the same labels) on a core."""

    def __init__(self, core: str, rom: Path = lab_truth.IMAGE) -> None:
        self.truth = lab_truth.load_truth()
        self.host = LibretroHost(rom, core)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.host.close()

    @staticmethod
    def variable(snapshot: Snapshot, symbol: str) -> int:
        """One of the program's variables."""
        assert snapshot.wram is not None
        truth = lab_truth.load_truth()
        at, size = truth["symbols"][symbol], truth["symbol_sizes"][symbol]
        return int.from_bytes(snapshot.wram[at : at + size].tobytes(), "little")

    def go_to(self, name: str, frames: int = SETTLED) -> Snapshot:
        """Load a scene (also the one that is shown) and return its snapshot after it was shown for some frames.

        See `run_to`.
        """
        number = lab_truth.scene(name)["id"]

        def request(step: Callable[[], Snapshot]) -> Snapshot:
            snapshot = self._until(lambda now: self.variable(now, "ready") == 1, step)
            loads = self.variable(snapshot, "load_count")
            self.host.write([Write("wram", self.truth["symbols"]["next_scene"], bytes([number]))])
            return self._until(
                lambda now: (
                    self.variable(now, "load_count") > loads
                    and self.variable(now, "scene") == number
                    and self.variable(now, "ready") == 1
                    and self.variable(now, "scene_frame") >= frames
                ),
                step,
            )

        return run_to(self.host, (name, frames), request)

    def _until(self, condition: Callable[[Snapshot], bool], step: Callable[[], Snapshot]) -> Snapshot:
        for _ in range(LONGEST_LOAD):
            snapshot = step()
            if condition(snapshot):
                return snapshot
        raise AssertionError(f"the lab is not there after {LONGEST_LOAD} frames")
