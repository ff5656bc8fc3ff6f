"""The demo game on every core: snapshots agree with what the build knows, and live writes show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest
from halscope.codecs.hal import HAL
from halscope.demo import rom_path, truth
from halscope.hosts.libretro import LibretroHost
from halscope_hooks import Snapshot, Write
from support.colours import count_colours
from support.cores import need_rom, two_cores
from support.demo_game import DemoGame
from support.quick_starts import run_to

pytestmark = pytest.mark.parametrize("core", two_cores())

_TRUTH = truth()
_SYMBOLS: dict[str, int] = _TRUTH["symbols"]
_UNUSED = 0x1FFF0  # where the game has nothing
_BLOCKS: dict[str, dict[str, Any]] = {block["name"]: block for block in _TRUTH["blocks"]}


def variable(snapshot: Snapshot, name: str) -> int:
    assert snapshot.wram is not None
    at = _SYMBOLS[name]
    return int.from_bytes(snapshot.wram[at : at + _TRUTH["symbol_sizes"][name]].tobytes(), "little")


def until_ready(host: LibretroHost, scene: int, step: Callable[[], Snapshot] | None = None) -> Snapshot:
    for _ in range(400):
        snapshot = (step or host.step)()
        if variable(snapshot, "ready") == 1 and variable(snapshot, "scene") == scene:
            return snapshot
    pytest.fail(f"scene {scene} was not ready after 400 frames")


def go_to(host: LibretroHost, scene: int) -> Snapshot:
    def request(step: Callable[[], Snapshot]) -> Snapshot:
        until_ready(host, 0, step)
        if scene:
            host.write([Write("wram", _SYMBOLS["next_scene"], bytes([scene]))])
        return until_ready(host, scene, step)

    return run_to(host, scene, request)


@pytest.fixture
def host(core: str) -> Iterator[LibretroHost]:
    with rom_path() as path, LibretroHost(path, core) as running:
        yield running


@cache
def decoded(name: str) -> bytes:
    with rom_path() as path:
        rom = path.read_bytes()
    return HAL.decode(rom, _BLOCKS[name]["offset"]).data.tobytes()


@pytest.mark.slow
def test_video_memory_is_what_the_build_put_there(host: LibretroHost) -> None:
    until_ready(host, 0)
    for known in (*_TRUTH["scenes"][1:], _TRUTH["scenes"][0]):
        host.write([Write("wram", _SYMBOLS["next_scene"], bytes([known["id"]]))])
        snapshot = until_ready(host, known["id"])
        assert snapshot.ppu.obsel == known["obsel"]
        assert known["vram"]
        for _ in range(5):
            for piece in known["vram"]:
                source = decoded(piece["block"])[piece["byte_offset"] :][: piece["size"]]
                at = piece["vram_byte"]
                assert snapshot.vram[at : at + piece["size"]].tobytes() == source
            assert snapshot.picture is not None
            assert count_colours(snapshot.picture) > 8
            snapshot = host.step()


def largest_piece(scene: int) -> dict[str, Any]:
    """The largest piece of background tiles in a scene."""
    pieces = [piece for piece in _TRUTH["scenes"][scene]["vram"] if _BLOCKS[piece["block"]]["kind"] == "tiles"]
    return max(pieces, key=lambda piece: int(piece["size"]))


def test_a_live_edit_of_tiles_shows_at_once_and_stays(host: LibretroHost) -> None:
    before = go_to(host, 0)
    piece = largest_piece(0)
    edited = bytes(byte ^ 0xFF for byte in decoded(piece["block"])[piece["byte_offset"] :][: piece["size"]])
    host.write([Write("vram", piece["vram_byte"], edited)])
    for _ in range(60):
        after = host.step()
        assert after.vram[piece["vram_byte"] :][: piece["size"]].tobytes() == edited
        assert before.picture is not None
        assert after.picture is not None
        assert (before.picture != after.picture).any(axis=2).sum() > 2000


def test_an_edit_of_the_rom_shows_after_the_scene_is_loaded_again(host: LibretroHost, core: str) -> None:
    need_rom(host, core)
    before = go_to(host, 0)
    piece = largest_piece(0)
    block = _BLOCKS[piece["block"]]
    original = decoded(piece["block"])
    edited = bytes(len(original))  # all tiles empty: packs small, so it fits where the block stands
    with rom_path() as path:
        packed = path.read_bytes()[block["offset"] :][: block["packed_size"]]
    smaller = HAL.encode(edited)
    assert len(smaller) <= len(packed)
    host.write([Write("rom", block["offset"], smaller, expected=packed[: len(smaller)])])
    assert host.step().vram[piece["vram_byte"] :][: piece["size"]].any()
    loads = variable(before, "load_count")
    host.press({"select"})
    for _ in range(20):
        host.step()
    host.press(())
    after = until_ready(host, 0)
    assert variable(after, "load_count") == loads + 1
    assert not after.vram[piece["vram_byte"] :][: piece["size"]].any()
    assert before.picture is not None
    assert after.picture is not None
    assert (before.picture != after.picture).any(axis=2).sum() > 2000


def test_streamed_frames_are_seen_whole(host: LibretroHost) -> None:
    scene = next(scene for scene in _TRUTH["scenes"] if scene["slots"])
    snapshot = go_to(host, scene["id"])
    blocks = {name: decoded(name) for slot in scene["slots"] for name in _names(slot) if name in _BLOCKS}
    compared = 0
    for _ in range(120):
        assert snapshot.wram is not None
        for slot in scene["slots"]:
            frame = slot["frames"][int(snapshot.wram[slot["frame_symbol"]])]
            if frame["block"] not in blocks:
                continue  # the raw sheet is no compressed block
            for row in range(slot["rows"]):
                at = slot["vram_byte"] + row * slot["vram_row_stride"]
                source = frame["byte_offset"] + row * slot["source_row_stride"]
                expected = blocks[frame["block"]][source : source + slot["row_bytes"]]
                assert snapshot.vram[at : at + slot["row_bytes"]].tobytes() == expected
                compared += 1
        snapshot = host.step()
    assert compared >= 900


def _names(slot: dict[str, Any]) -> set[str]:
    return {frame["block"] for frame in slot["frames"]}


@pytest.mark.slow
def test_a_game_that_begins_a_moment_before_a_scene_shows_it_as_one_that_was_run_to_it(core: str) -> None:
    """Which the tests rely on that use `DemoGame.go_to` and `LabGame.go_to`."""
    shown = []
    for _ in range(2):  # the first one may have been run in another test of this process
        with DemoGame(core) as game:
            shown.append([game.go_to("meadow"), *game.frames(4)])
    with DemoGame(core) as game:
        game.host.write([Write("wram", _UNUSED, b"run")])  # it is not as it was powered on
        shown.append([game.go_to("meadow"), *game.frames(4)])
    for begun, again, run in zip(*shown, strict=True):
        for snapshot in (begun, again):
            for name in ("vram", "cgram", "oam", "picture"):
                assert np.array_equal(getattr(snapshot, name), getattr(run, name)), name
            assert snapshot.frame == run.frame
            assert (snapshot.ppu, snapshot.cpu, snapshot.field, snapshot.ages) == (
                run.ppu,
                run.cpu,
                run.field,
                run.ages,
            )
        assert begun.wram is not None
        assert again.wram is not None
        assert run.wram is not None
        assert np.array_equal(begun.wram, again.wram)
        assert np.array_equal(begun.wram[:_UNUSED], run.wram[:_UNUSED])
