"""The index on ROMs with known truth: what it finds, where it reports it, and what it must never report."""

from __future__ import annotations

from collections.abc import Buffer
from itertools import product
from typing import Any

import numpy as np
import pytest
from halscope._codec import CancelToken
from halscope.codecs import hal
from halscope.rom.image import Rom
from halscope.rom.index import MOST_PLACES, RomIndex
from halscope.rom.mapping import Mapping
from halscope.rom.vram_tracker import VramTracker
from halscope_hooks import Block, CancelledError, CancelSignal, CodecError, Origin, UsageError
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support import origin_rates
from support.roms import make_rom
from support.truth_rom import TrueBlock, make_truth_rom, shared_index, shared_truth

SEEDS = (1, 2, 3, 4)


def tiles_of(block: TrueBlock) -> NDArray[np.uint8]:
    """The complete tiles of a block, after its leading bytes."""
    count = (len(block.data) - block.lead) // 32
    return np.frombuffer(block.data, np.uint8)[block.lead : block.lead + count * 32].reshape(-1, 32)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "mapping"),
    [*product(SEEDS, [Mapping.LOROM]), *product(SEEDS[:2], [Mapping.HIROM, Mapping.SA1])],  # pointers and banks differ
)
def test_with_a_pointer_table_every_block_and_tile_is_found_at_its_exact_place(seed: int, mapping: Mapping) -> None:
    truth, index = (
        shared_truth(seed, pointers=True, mapping=mapping),
        shared_index(seed, pointers=True, mapping=mapping),
    )
    rates = origin_rates.measure(index, truth)
    print(f"{mapping.value}, seed {seed}, pointers: {rates}")
    assert rates.among == rates.tiles
    assert rates.first_block >= 0.995 * rates.tiles
    assert rates.first_exact >= 0.99 * rates.tiles
    assert rates.exact_blocks == rates.blocks
    assert rates.listed_true >= 0.9 * rates.listed


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_without_pointers_content_alone_finds_nearly_every_start(seed: int) -> None:
    rates = origin_rates.measure(shared_index(seed, pointers=False), shared_truth(seed, pointers=False))
    print(f"seed {seed}, no pointers: {rates}")
    assert rates.among >= 0.995 * rates.tiles
    assert rates.first_block >= 0.98 * rates.tiles
    assert rates.exact_blocks >= 0.92 * rates.blocks
    assert rates.listed_true >= 0.9 * rates.listed


@pytest.mark.slow
@pytest.mark.parametrize("pointers", [True, False])
def test_a_start_calls_itself_pointer_or_adjacent_only_if_it_is_true(pointers: bool) -> None:
    for seed in SEEDS:
        truth, index = shared_truth(seed, pointers=pointers), shared_index(seed, pointers=pointers)
        exact = {(block.offset, block.packed_size) for block in truth.blocks}
        named = index.blocks[index.blocks["start"] != "content"]
        claimed = {(int(row["offset"]), int(row["packed_size"])) for row in named}
        assert claimed <= exact
        assert ("pointer" in named["start"]) == pointers


def test_blocks_are_one_a_family_ascending_and_decode() -> None:
    index = shared_index(1, pointers=True)
    blocks = index.blocks
    ends = blocks["offset"] + blocks["packed_size"]
    assert len(np.unique(ends)) == len(ends)
    assert (np.diff(blocks["offset"].astype(np.int64)) >= 0).all()
    assert ((blocks["score"] >= 0) & (blocks["score"] <= 1)).all()
    for row in blocks[blocks["score"] >= 0.5]:
        block = index.block((str(row["codec"]), int(row["offset"])))
        assert (len(block.data), block.consumed) == (row["size"], row["packed_size"])


@pytest.mark.parametrize("mapping", [Mapping.LOROM, Mapping.HIROM])
def test_no_start_crosses_a_bank_edge(mapping: Mapping) -> None:
    families = shared_index(1, pointers=True, mapping=mapping).families
    last = families["offset"] + families["packed_size"] - 1
    assert (families["offset"] // mapping.window == last // mapping.window).all()


@pytest.mark.slow
def test_every_answer_holds_the_bytes_of_its_tile() -> None:
    truth, index = shared_truth(2, pointers=False), shared_index(2, pointers=False)
    for block in truth.blocks[:12]:
        tiles = tiles_of(block)
        for answers in (index.lookup(tiles), index.locate(tiles).origins):
            for tile, origins in zip(tiles, answers, strict=True):
                assert len(set(origins)) == len(origins)
                for origin in origins:
                    assert bytes_at(index, origin, tile.tobytes()) == tile.tobytes()


def bytes_at(index: RomIndex, origin: Origin, tile: bytes) -> bytes:
    """What VRAM holds where this origin is loaded over a tile."""
    if origin.codec == "raw":
        assert origin.byte_offset == 0
        data, at = index.rom.data, origin.block_offset
    else:
        data, at = index.block(origin).data, origin.byte_offset
    for transform in index.transforms:
        if transform.name == origin.transform:
            count = max(1, 32 // transform.vram_bytes)
            stored = data[at : at + count * transform.stored_bytes].tobytes()
            return transform.expand(stored, tile * (count * transform.vram_bytes // 32))[:32]
    return data[at : at + 32].tobytes()


@pytest.mark.slow
def test_an_uncompressed_sheet_at_an_odd_offset_is_found_raw_and_first() -> None:
    truth, index = shared_truth(3, pointers=False), shared_index(3, pointers=False)
    offset, size = truth.raw[0]
    assert offset % 2 == 1
    tiles = truth.rom.data[offset : offset + size].reshape(-1, 32)
    found = index.locate(tiles)
    places = [(origins[0].codec, origins[0].block_offset) for origins in found.origins if origins]
    wanted = [("raw", offset + 32 * int(k)) for k in np.flatnonzero(found.informative)]
    assert places == wanted


def test_a_tile_that_two_blocks_share_names_both_and_neighbours_decide() -> None:
    truth, index = shared_truth(1, pointers=True), shared_index(1, pointers=True)
    first, second = truth.blocks[0], truth.blocks[4]
    tiles = tiles_of(second)
    found = index.locate(tiles)
    shared = [
        number
        for number, origins in enumerate(found.origins)
        if {first.offset, second.offset} <= {origin.block_offset for origin in origins}
    ]
    assert shared
    assert all(found.origins[number][0].block_offset == second.offset for number in shared)


def test_tiles_that_say_nothing_are_marked_and_not_searched() -> None:
    index = shared_index(1, pointers=True)
    blank, flat = np.zeros(32, np.uint8), np.tile(np.array([0xFF, 0x00], np.uint8), 16)
    stripes = np.arange(32, dtype=np.uint8) % 2 + 77
    three = np.arange(32, dtype=np.uint8) % 3
    tiles = np.stack([blank, flat, stripes, three])
    assert index.informative(tiles).tolist() == [False, False, False, True]
    assert index.lookup(tiles)[:3] == ((), (), ())


@given(st.integers(0, 0x80000 - 32))
def test_any_informative_bytes_of_the_rom_are_found_at_their_offset(offset: int) -> None:
    index = shared_index(1, pointers=True)
    tile = index.rom.data[offset : offset + 32]
    origins = index.lookup(tile)[0]
    places = {origin.block_offset for origin in origins if origin.codec == "raw"}
    if index.informative(tile)[0] and len(index.matches(tile)) < MOST_PLACES:
        assert offset in places


@given(st.data())
def test_any_informative_bytes_of_a_block_are_found_at_their_byte_phase(data: st.DataObject) -> None:
    truth, index = shared_truth(1, pointers=True), shared_index(1, pointers=True)
    block = data.draw(st.sampled_from(truth.blocks))
    at = data.draw(st.integers(0, len(block.data) - 32))
    tile = np.frombuffer(block.data, np.uint8)[at : at + 32]
    places = {(origin.block_offset, origin.byte_offset) for origin in index.lookup(tile)[0]}
    assert ((block.offset, at) in places) == bool(index.informative(tile)[0])


@given(st.binary(min_size=32, max_size=32))
def test_bytes_that_are_nowhere_have_no_origin(tile: bytes) -> None:
    index = shared_index(1, pointers=True)
    for origin in index.lookup(tile)[0]:
        assert bytes_at(index, origin, tile) == tile


def test_a_rom_of_noise_has_no_likely_block() -> None:
    index = RomIndex.build(Rom.from_bytes(bytes(make_rom(0x100000, seed=9)), "noise"), [hal.HAL])
    assert (index.blocks["score"] < 0.5).all()
    assert (index.blocks["start"] == "content").all()


@pytest.mark.slow
def test_a_rom_of_one_pattern_is_indexed_and_asked_in_bounded_work() -> None:
    image = make_rom(0x80000)
    image[0x8000:] = bytes(range(16)) * ((0x80000 - 0x8000) // 16)
    index = RomIndex.build(Rom.from_bytes(bytes(image), "pattern"), [hal.HAL])
    tiles = np.tile(np.arange(16, dtype=np.uint8), 2 * 2048)
    found = index.locate_vram(tiles)
    # All units hold the same bytes: looking at every eighth is enough, as each builds up to 256 origins.
    assert all(0 < len(found.origins[unit]) <= 256 for unit in (*range(0, 2048, 8), 2047))


def test_building_twice_gives_the_same() -> None:
    truth, index = shared_truth(1, pointers=True), shared_index(1, pointers=True)
    again = RomIndex.build(truth.rom, [hal.HAL])
    assert np.array_equal(again.families, index.families)
    tiles = tiles_of(truth.blocks[0])
    assert again.locate(tiles).origins == index.locate(tiles).origins


def test_an_index_without_codecs_finds_plain_bytes() -> None:
    truth = shared_truth(1, pointers=True)
    index = RomIndex.build(truth.rom, [])
    assert len(index.blocks) == 0
    offset, size = truth.raw[0]
    tiles = truth.rom.data[offset : offset + size].reshape(-1, 32)
    number = int(np.flatnonzero(index.informative(tiles))[0])
    assert Origin("raw", offset + number * 32, 0, "content") in index.lookup(tiles[number])[0]


class Doubling:
    """A codec in three lines: 'DD', a count, and bytes that each stand for two."""

    name = "doubling"

    def decode(self, data: Buffer, offset: int = 0) -> Block:
        view = np.frombuffer(data, np.uint8)
        if bytes(view[offset : offset + 2]) != b"DD" or offset + 4 > len(view):
            raise CodecError("no such stream", offset)
        count = int(view[offset + 2]) | int(view[offset + 3]) << 8
        body = view[offset + 4 : offset + 4 + count]
        return Block(np.repeat(body, 2), 4 + count, offset)

    def encode(self, data: Buffer, *, cancel: CancelSignal | None = None) -> bytes:
        body = np.frombuffer(data, np.uint8)[::2]
        return b"DD" + len(body).to_bytes(2, "little") + body.tobytes()

    def scan(self, rom: Buffer, *, window: int = 0, cancel: CancelSignal | None = None) -> NDArray[Any]:
        image = bytes(memoryview(rom))
        rows = []
        at = image.find(b"DD")
        while at >= 0:
            count = int.from_bytes(image[at + 2 : at + 4], "little")
            if 0 < count <= len(image) - at - 4:
                rows.append((at, count + 4, 2 * count))
            at = image.find(b"DD", at + 1)
        return np.array(rows, [("offset", "<u4"), ("packed_size", "<u4"), ("size", "<u4")])


class Told(Doubling):
    """Records the signal that it is given, and cancels it in the middle of its scan."""

    def scan(self, rom: Buffer, *, window: int = 0, cancel: CancelSignal | None = None) -> NDArray[Any]:
        assert isinstance(cancel, CancelToken)
        cancel.cancel()
        raise CancelledError("stopped")


def test_a_third_party_codec_is_told_when_the_index_is_not_wanted_any_more() -> None:
    token = CancelToken()
    with pytest.raises(CancelledError, match="stopped"):
        RomIndex.build(shared_truth(1, pointers=True).rom, [Told()], cancel=token)
    assert token.cancelled


def test_a_foreign_codec_works_beside_ours() -> None:
    truth = shared_truth(1, pointers=True)
    image = bytearray(truth.rom.data.tobytes())
    data = np.repeat(np.random.default_rng(5).integers(0, 256, 1024, np.uint8), 2).tobytes()
    packed = Doubling().encode(data)
    image[0x7E001 : 0x7E001 + len(packed)] = packed
    index = RomIndex.build(Rom.from_bytes(bytes(image), "two codecs"), [hal.HAL, Doubling()])
    assert set(index.blocks["codec"]) == {"hal", "doubling"}
    tile = np.frombuffer(data, np.uint8)[51 : 51 + 32]
    assert index.lookup(tile)[0][0] == Origin("doubling", 0x7E001, 51, "content")
    assert index.block(("doubling", 0x7E001)).data.tobytes() == data
    block = truth.blocks[0]
    assert index.lookup(tiles_of(block)[5])[0][0].codec == "hal"


def test_a_tracker_that_sees_only_changes_says_what_a_whole_lookup_says() -> None:
    truth, index = shared_truth(1, pointers=True), shared_index(1, pointers=True)
    rng = np.random.default_rng(3)
    vram = np.zeros(0x10000, np.uint8)
    tracker = VramTracker(index)
    for step in range(8):
        tiles = tiles_of(truth.blocks[step * 3])[:64].reshape(-1)
        at = int(rng.integers(0, 2048 - 64)) * 32
        vram[at : at + len(tiles)] = tiles
        changed = np.arange(at // 32, (at + len(tiles)) // 32) if step % 2 else None
        followed = tracker.update(vram, changed)
        whole = index.locate_vram(vram)
        assert followed.origins == whole.origins
        assert np.array_equal(followed.informative, whole.informative)
    assert tracker.update(vram) is tracker.update(vram)


def test_wrong_requests_are_refused_with_a_reason() -> None:
    index = shared_index(1, pointers=True)
    with pytest.raises(UsageError, match="32 bytes each"):
        index.lookup(b"\0" * 33)
    with pytest.raises(UsageError, match="65536 bytes, not 64"):
        index.locate_vram(np.zeros(64, np.uint8))
    with pytest.raises(UsageError, match='no codec "raw"'):
        index.block(Origin("raw", 0, 0, "content"))
    with pytest.raises(UsageError, match="different names"):
        RomIndex.build(index.rom, [hal.HAL, hal.HAL])
    tracker = VramTracker(index)
    tracker.update(np.zeros(0x10000, np.uint8))
    with pytest.raises(UsageError, match="tiles 0 to 2047"):
        tracker.update(np.zeros(0x10000, np.uint8), np.array([2048]))
    with pytest.raises(CodecError):
        index.block(("hal", len(index.rom.data) + 5))


def test_progress_is_reported_to_its_end() -> None:
    steps: list[tuple[int, int]] = []
    rom = make_truth_rom(6, size=0x20000, blocks=6).rom
    RomIndex.build(rom, [hal.HAL], progress=lambda done, total: steps.append((done, total)))
    assert steps[0][0] == 0
    assert steps[-1][0] == steps[-1][1]
    assert steps == sorted(steps)
