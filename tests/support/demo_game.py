"""The demo ROM running on a real core, driven scene by scene, with the true origin of every tile in VRAM."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import numpy as np
from halscope.demo import rom_path, truth
from halscope.hosts.libretro import LibretroHost
from halscope_hooks import Snapshot, Write
from support.quick_starts import run_to

TILE_BYTES = 32
LONGEST_LOAD = 400  # frames; decoding a scene and fading it in takes far fewer
TILE_KINDS = ("sprites", "tiles", "font")

Place = tuple[str, int, int]  # codec, block offset, byte offset


class DemoGame:
    """The demo ROM (or an edited copy of it) on a core.

    Args:
        core: The core's name.
        rom: The image; by default the shipped one.
    """

    def __init__(self, core: str, rom: bytes | Path | None = None) -> None:
        self.truth = truth()
        self.symbols: dict[str, int] = self.truth["symbols"]
        self.scenes: dict[str, dict[str, Any]] = {scene["name"]: scene for scene in self.truth["scenes"]}
        if rom is None:
            with rom_path() as path:
                rom = path.read_bytes()
        self.host = LibretroHost(rom, core)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.host.close()

    def byte(self, snapshot: Snapshot, symbol: str) -> int:
        """A byte of the game's own variables."""
        assert snapshot.wram is not None
        return int(snapshot.wram[self.symbols[symbol]])

    def word(self, snapshot: Snapshot, symbol: str) -> int:
        """A 16-bit variable."""
        assert snapshot.wram is not None
        at = self.symbols[symbol]
        return int(snapshot.wram[at]) | int(snapshot.wram[at + 1]) << 8

    def ready(self, snapshot: Snapshot) -> bool:
        """Whether the scene is fully on screen."""
        return self.byte(snapshot, "ready") == 1

    def until(
        self, condition: Callable[[Snapshot], bool], what: str, step: Callable[[], Snapshot] | None = None
    ) -> Snapshot:
        """Step until the condition holds."""
        for _ in range(LONGEST_LOAD):
            snapshot = (step or self.host.step)()
            if condition(snapshot):
                return snapshot
        raise AssertionError(f"{what}: not within {LONGEST_LOAD} frames")

    def go_to(self, name: str) -> Snapshot:
        """Request a scene (the current one is loaded again) and wait until it is on screen, see `run_to`."""
        number = self.scenes[name]["id"]

        def request(step: Callable[[], Snapshot]) -> Snapshot:
            first = self.until(self.ready, "the first scene", step)
            loads = self.word(first, "load_count")
            self.host.write([Write("wram", self.symbols["next_scene"], bytes([number]))])
            return self.until(
                lambda snapshot: (
                    self.ready(snapshot)
                    and self.byte(snapshot, "scene") == number
                    and self.word(snapshot, "load_count") > loads
                ),
                name,
                step,
            )

        return run_to(self.host, name, request)

    def frames(self, count: int) -> Iterator[Snapshot]:
        """The next `count` snapshots."""
        for _ in range(count):
            yield self.host.step()

    def known_tiles(self, snapshot: Snapshot) -> dict[int, Place]:
        """The true origin of each tile that is now in VRAM, by tile number, as recorded by the build."""
        assert snapshot.wram is not None
        scene = self.truth["scenes"][self.byte(snapshot, "scene")]
        blocks = {block["name"]: block for block in self.truth["blocks"]}
        raws = {raw["name"]: raw for raw in self.truth["raw"]}
        known: dict[int, Place] = {}

        def add(name: str, vram_byte: int, byte_offset: int, size: int) -> None:
            for at in range(0, size, TILE_BYTES):
                tile, rest = divmod(vram_byte + at, TILE_BYTES)
                assert rest == 0, f"{name} is not at a tile's place in VRAM"
                if name in raws:
                    known[tile] = ("raw", raws[name]["offset"] + byte_offset + at, 0)
                else:
                    known[tile] = ("hal", blocks[name]["offset"], byte_offset + at)

        for piece in scene["vram"]:
            name = piece["block"]
            if name in raws or blocks[name]["kind"] in TILE_KINDS:
                add(name, piece["vram_byte"], piece["byte_offset"], piece["size"])
        for slot in scene["slots"]:
            frame = slot["frames"][int(snapshot.wram[slot["frame_symbol"]])]
            for row in range(slot["rows"]):
                add(
                    frame["block"],
                    slot["vram_byte"] + row * slot["vram_row_stride"],
                    frame["byte_offset"] + row * slot["source_row_stride"],
                    slot["row_bytes"],
                )
        return known


def without_pointers(rom: bytes, truth: dict[str, Any], seed: int = 1) -> bytes:
    """The ROM with noise over its pointer table. It no longer runs and is only searched."""
    table = truth["table"]
    size = table["count"] * table["entry_size"]
    noise = np.random.default_rng(seed).bytes(size)
    return rom[: table["offset"]] + noise + rom[table["offset"] + size :]
