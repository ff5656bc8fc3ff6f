"""The ranking in C++ equals the plain one in Python, at once or following changes, and creates tuples lazily."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from halscope import _codec, demo
from halscope.codecs import hal
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope.rom.vram_tracker import VramTracker
from halscope_hooks import Origin
from numpy.typing import NDArray
from support.demo_truth import scene_vrams
from support.plain_ranking import Ranking
from support.roms import make_rom
from support.truth_rom import shared_index, shared_truth

Answers = tuple[tuple[Origin, ...], ...]


def plain_index(seed: int, *, pointers: bool) -> RomIndex:
    """An index that knows no transforms."""
    index = shared_index(seed, pointers=pointers)
    return RomIndex(index.rom, index.codecs, index.families, index._arrays(), ())


class Plain:
    """The reference for one index."""

    def __init__(self, index: RomIndex) -> None:
        self._index = index
        self._ranking = Ranking(index.families, tuple(codec.name for codec in index.codecs), len(index.rom.data))

    def together(self, vram: NDArray[np.uint8]) -> Answers:
        arrays = self._index._arrays()

        def support(places: NDArray[Any]) -> NDArray[np.uint32]:
            return _codec.locate_support(arrays["outputs"], arrays["bounds"], self._index.rom.data, places, vram)

        return self._ranking.together(self._index.matches(vram), len(vram) // 32, support)

    def alone(self, vram: NDArray[np.uint8]) -> Answers:
        return self._ranking.alone(self._index.matches(vram), len(vram) // 32)


def drawn_vrams(seed: int, count: int, *, pointers: bool) -> Iterator[NDArray[np.uint8]]:
    """Pieces of a ROM's blocks, cut anywhere, with blank tiles between them."""
    rng = np.random.default_rng(seed)
    blocks = [np.frombuffer(block.data, np.uint8) for block in shared_truth(seed, pointers=pointers).blocks]
    for _ in range(count):
        vram = np.zeros(0x10000, np.uint8)
        at = 0
        while at < len(vram):
            block = blocks[rng.integers(len(blocks))]
            begin = int(rng.integers(0, max(1, len(block) - 32)))
            piece = block[begin : begin + 32 * int(rng.integers(1, 80))][: len(vram) - at]
            vram[at : at + len(piece)] = piece
            at += len(piece) // 32 * 32 + 32 * int(rng.integers(0, 5))
        yield vram


def assert_same(index: RomIndex, vram: NDArray[np.uint8], plain: Plain) -> None:
    assert tuple(index.locate_vram(vram).origins) == plain.together(vram)
    assert tuple(index.lookup(vram)) == plain.alone(vram)


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "pointers"), [(1, True), (2, False), (3, True)])
def test_it_is_the_plain_ranking_on_pieces_of_blocks(seed: int, pointers: bool) -> None:
    index = plain_index(seed, pointers=pointers)
    plain = Plain(index)
    for vram in drawn_vrams(seed, 3, pointers=pointers):
        assert_same(index, vram, plain)
    assert_same(index, index.rom.data[0x8000:0x18000].copy(), plain)


@pytest.mark.slow
def test_it_is_the_plain_ranking_in_the_demos_scenes_followed_or_not() -> None:
    with demo.rom_path() as path:
        rom = Rom.from_bytes(path.read_bytes(), "the demo ROM")
    index = RomIndex.build(rom, [hal.HAL], transforms=())
    plain, tracker = Plain(index), VramTracker(index)
    for scene in list(scene_vrams(rom.data, demo.truth()))[::6]:
        assert tuple(tracker.update(scene.vram).origins) == plain.together(scene.vram)
        assert_same(index, scene.vram, plain)


@pytest.mark.slow
def test_it_is_the_plain_ranking_where_one_pattern_stands_everywhere() -> None:
    image = make_rom(0x80000)
    image[0x8000:] = bytes(range(16)) * ((0x80000 - 0x8000) // 16)
    index = RomIndex.build(Rom.from_bytes(bytes(image), "pattern"), [hal.HAL], transforms=())
    vram = np.tile(np.arange(16, dtype=np.uint8), 4096)
    vram[:0xE000] = 0
    assert_same(index, vram, Plain(index))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_following_small_changes_of_every_kind_says_what_the_plain_ranking_says(seed: int) -> None:
    index = plain_index(seed, pointers=False)
    plain, tracker = Plain(index), VramTracker(index)
    rng = np.random.default_rng(seed)
    vram, other = (state.reshape(-1, 32) for state in drawn_vrams(seed, 2, pointers=False))
    tracker.update(vram.reshape(-1))
    for step in range(24):
        at, source, count = int(rng.integers(0, 2000)), int(rng.integers(0, 2000)), int(rng.integers(1, 48))
        match step % 6:
            case 0:  # other graphics
                vram[at : at + count] = other[source : source + count]
            case 1:  # runs end at, and continue across, tiles that are not informative
                vram[at : at + count : 3] = rng.integers(0, 2)
            case 2:
                vram[at : at + count] = vram[source : source + count][: len(vram[at : at + count])].copy()
            case 3:  # a tile without a known place
                vram[at] = rng.integers(0, 256, 32)
            case 4:  # scattered
                numbers = rng.integers(0, 2048, count)
                vram[numbers] = other[numbers]
            case _:  # an uninformative tile becomes another one
                silent = np.flatnonzero(~index.informative(vram))
                vram[rng.choice(silent, min(4, len(silent)))] = 7
        changed = None if step % 2 else np.arange(2048)
        followed = tracker.update(vram.reshape(-1), changed)
        assert tuple(followed.origins) == plain.together(vram.reshape(-1)), step
        assert np.array_equal(followed.informative, index.informative(vram))


def test_what_was_answered_stays_as_it_was_when_the_vram_changes() -> None:
    index = shared_index(1, pointers=True)
    first, second = drawn_vrams(1, 2, pointers=True)
    tracker = VramTracker(index)
    before = tracker.update(first)
    held = tuple(before.origins)
    after = tracker.update(second)
    assert tuple(before.origins) == held
    assert before.origins != after.origins


def test_origins_are_a_sequence_of_tuples() -> None:
    index = shared_index(1, pointers=True)
    origins = index.locate_vram(next(drawn_vrams(1, 1, pointers=True))).origins
    whole = tuple(origins)
    assert len(origins) == len(whole) == 2048
    assert all(isinstance(places, tuple) for places in whole)
    assert origins[-1] == whole[-1]
    assert origins[5:9] == whole[5:9]
    assert origins == whole
    assert hash(origins) == hash(whole)
    assert repr(origins) == repr(whole)
    assert origins != whole[:-1]
    with pytest.raises(IndexError):
        origins[2048]


@pytest.mark.slow
def test_one_tracker_asked_from_two_threads_stays_whole() -> None:
    index = shared_index(1, pointers=True)
    states = list(drawn_vrams(1, 2, pointers=True))
    wanted = [tuple(index.locate_vram(state).origins) for state in states]
    follower = index.follower()
    wrong: list[int] = []

    def ask() -> None:
        for k in range(40):
            found = follower.update(states[k % 2])
            if found is not None and tuple(index.origins(*found[:2])) != wanted[k % 2]:
                wrong.append(k)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_arrays_that_do_not_belong_together_are_refused() -> None:
    one, none = np.zeros(1, np.uint32), np.empty(0, np.uint32)
    flags = np.zeros(64, np.bool_)
    rom = np.zeros(64, np.uint8)
    empty = np.empty(0, np.uint8)
    evidence = np.empty(0, np.float32)
    plain = (empty, empty, empty, none)  # no transforms
    _codec.LocateAtlas(empty, one, rom, none, none, none, none, none, evidence, empty, empty, flags, *plain, 1, 1)
    with pytest.raises(ValueError, match="arrays of the index do not match"):
        _codec.LocateAtlas(empty, one, rom, none, none, one, none, none, evidence, empty, empty, flags, *plain, 1, 1)
    with pytest.raises(ValueError, match="arrays of the index do not match"):
        _codec.LocateAtlas(
            empty, one, rom, none, none, none, none, none, evidence, empty, empty, flags[1:], *plain, 1, 1
        )
    whole = (empty, one, rom, none, none, none, none, none, evidence, empty, empty, flags, empty)
    with pytest.raises(ValueError, match="arrays of the transforms do not match"):
        _codec.LocateAtlas(*whole, empty, empty, np.zeros(4, np.uint32), 1, 1)
    columns = np.array([24, 1, 1, 2048], np.uint32)
    with pytest.raises(ValueError, match="loses stored bytes"):
        _codec.LocateAtlas(*whole, np.full(96, 32, np.uint8), np.ones(32, np.uint8), columns, 1, 1)
    follower = shared_index(1, pointers=True).follower()
    with pytest.raises(ValueError, match="out of range"):
        follower.update(rom, np.array([2], np.uint32))
