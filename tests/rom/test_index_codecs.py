"""HAL, LC_LZ1 and LC_LZ2 in one index: each block has its own codec, and codecs that the ROM lacks are rejected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Buffer
from functools import cache
from typing import Any, Final

import numpy as np
import pytest
from halscope.codecs import hal, lz
from halscope.codecs.simcity import SIMCITY
from halscope.rom.index import RomIndex
from halscope_hooks import Block, CancelSignal, Codec
from numpy.typing import NDArray
from support import origin_rates
from support.truth_rom import ALL_PACKERS, PACKERS, SIMCITY_PACKERS, TruthRom, lz_packers, make_truth_rom

CODECS: Final[tuple[Codec, ...]] = (hal.HAL, lz.LZ1, lz.LZ2)
USES: Final = {
    "hal": PACKERS,
    "lz1": lz_packers("lz1"),
    "lz2": lz_packers("lz2"),
    "all": ALL_PACKERS,
    "simcity": SIMCITY_PACKERS,
}


@cache
def truth_of(uses: str, *, pointers: bool) -> TruthRom:
    return make_truth_rom(3, pointers=pointers, packers=USES[uses])


@cache
def index_of(uses: str, *, pointers: bool) -> RomIndex:
    return RomIndex.build(truth_of(uses, pointers=pointers).rom, CODECS)


@pytest.mark.slow
@pytest.mark.parametrize("pointers", [True, False])
@pytest.mark.parametrize("uses", ["hal", "lz1", "lz2"])
def test_a_rom_of_one_codec_lists_no_block_of_another(uses: str, pointers: bool) -> None:
    truth, index = truth_of(uses, pointers=pointers), index_of(uses, pointers=pointers)
    listed = index.blocks[index.blocks["score"] >= 0.5]
    assert set(listed["codec"].tolist()) == {uses}
    rates = origin_rates.measure(index, truth)
    print(f"{uses}, {'pointers' if pointers else 'no pointers'}: {rates}")
    assert rates.among == rates.tiles
    assert rates.first_exact >= 0.99 * rates.tiles
    assert rates.exact_blocks >= (1 if pointers else 0.9) * rates.blocks
    assert rates.listed_true >= 0.9 * rates.listed


@pytest.mark.slow
@pytest.mark.parametrize("pointers", [True, False])
def test_in_a_rom_of_three_codecs_each_tile_is_found_under_its_own(pointers: bool) -> None:
    truth, index = truth_of("all", pointers=pointers), index_of("all", pointers=pointers)
    counted: Counter[str] = Counter()
    wrong = set()
    for block in truth.blocks:
        if block.kind not in ("sprites", "tiles", "font"):
            continue
        count = (len(block.data) - block.lead) // 32
        found = index.locate(np.frombuffer(block.data, np.uint8)[block.lead : block.lead + count * 32])
        for number in np.flatnonzero(found.informative).tolist():
            places = [(one.codec, one.block_offset, one.byte_offset) for one in found.origins[number]]
            if places[:1] == [(block.codec, block.offset, block.lead + 32 * number)]:
                counted[block.codec] += 1
            else:
                wrong.add(block.packed_size)
    # Without pointers, most of a block of 164 bytes reads as well in another codec.
    assert wrong <= (set() if pointers else {164})
    assert min(counted["hal"], counted["lz1"], counted["lz2"]) > 300
    offset, size = truth.raw[0]
    sheet = index.locate(truth.rom.data[offset : offset + size])
    assert {origins[0].codec for origins in sheet.origins if origins} == {"raw"}


@pytest.mark.slow
def test_what_three_codecs_list_of_a_hal_rom_is_what_hal_alone_lists() -> None:
    truth = truth_of("hal", pointers=False)
    alone = RomIndex.build(truth.rom, [hal.HAL]).blocks
    listed, together = alone[alone["score"] >= 0.5], index_of("hal", pointers=False).blocks
    together = together[together["score"] >= 0.5]
    assert together[["offset", "packed_size", "codec"]].tolist() == listed[["offset", "packed_size", "codec"]].tolist()


def test_streams_of_several_codecs_that_share_an_end_are_one_family() -> None:
    blocks = index_of("all", pointers=True).blocks
    ends = blocks["offset"] + blocks["packed_size"]
    assert len(np.unique(ends)) == len(ends)
    families = index_of("all", pointers=True).families
    codecs = [
        len(np.unique(rows)) for rows in np.split(families["codec"], np.flatnonzero(np.diff(families["family"])) + 1)
    ]
    assert max(codecs) >= 2


def test_a_pointer_proves_no_start_where_two_codecs_read_the_same() -> None:
    # Palettes are noise and pack to raw commands alone, which all three codecs read the same way.
    index = index_of("all", pointers=True)
    starts = {int(row["offset"]): str(row["start"]) for row in index.blocks}
    palettes = [block for block in truth_of("all", pointers=True).blocks if block.packed_size > len(block.data)]
    assert palettes
    assert {starts[block.offset] for block in palettes} <= {"content", "adjacent"}


def test_a_known_start_tells_the_codec() -> None:
    truth = truth_of("all", pointers=True)
    for block in truth.blocks:
        if block.packed_size <= len(block.data):
            continue
        known = {block.codec: np.array([block.offset], np.uint32)}
        index = RomIndex.build(truth.rom, CODECS, known_starts=known)
        row = index.blocks[index.blocks["offset"] == block.offset][0]
        assert (row["codec"], row["start"]) == (block.codec, "pointer")
        break


def test_the_blocks_of_each_codec_decode_to_what_was_packed() -> None:
    truth, index = truth_of("all", pointers=True), index_of("all", pointers=True)
    for block in truth.blocks:
        assert index.block((block.codec, block.offset)).data.tobytes() == block.data


@pytest.mark.slow
@pytest.mark.parametrize("pointers", [True, False])
@pytest.mark.parametrize("codecs", [(SIMCITY,), (*CODECS, SIMCITY)], ids=["alone", "beside the others"])
def test_a_rom_of_simcitys_format_is_searched_as_well(codecs: tuple[Codec, ...], pointers: bool) -> None:
    truth = truth_of("simcity", pointers=pointers)
    index = RomIndex.build(truth.rom, codecs)
    listed = index.blocks[index.blocks["score"] >= 0.5]
    assert set(listed["codec"].tolist()) == {"simcity"}
    rates = origin_rates.measure(index, truth)
    print(f"{len(codecs)} codecs, {'pointers' if pointers else 'no pointers'}: {rates}")
    assert rates.first_exact >= 0.99 * rates.tiles
    assert rates.exact_blocks >= (1 if pointers else 0.9) * rates.blocks
    assert rates.listed_true >= 0.9 * rates.listed


@pytest.mark.slow
@pytest.mark.parametrize("uses", ["hal", "lz1", "lz2"])
def test_to_look_for_simcitys_format_too_changes_nothing_in_a_rom_without_it(uses: str) -> None:
    three, truth = index_of(uses, pointers=False).blocks, truth_of(uses, pointers=False)
    four = RomIndex.build(truth.rom, (*CODECS, SIMCITY)).blocks
    columns = ["offset", "packed_size", "codec"]
    assert four[four["score"] >= 0.5][columns].tolist() == three[three["score"] >= 0.5][columns].tolist()


class NamedLikeOurs:
    """A third-party codec that has a native codec's name but cannot read its streams: all bytes are inverted."""

    name = "hal"

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()

    def decode(self, data: Buffer, offset: int = 0) -> Block:
        self.asked["decode"] += 1
        return hal.decode(~np.frombuffer(data, np.uint8), offset)

    def encode(self, data: Buffer, *, cancel: CancelSignal | None = None) -> bytes:
        return bytes(~np.frombuffer(hal.encode(data), np.uint8))

    def scan(self, rom: Buffer, *, window: int = 0, cancel: CancelSignal | None = None) -> NDArray[Any]:
        self.asked["scan"] += 1
        return hal.scan(~np.frombuffer(rom, np.uint8), window=window)


def test_a_codec_that_is_named_like_a_native_one_is_asked_itself() -> None:
    codec = NamedLikeOurs()
    truth = make_truth_rom(3, size=0x40000, blocks=16, packers=(("hal", codec.encode),))
    index = RomIndex.build(truth.rom, [codec])
    assert codec.asked["scan"] == 1
    assert codec.asked["decode"] >= len(truth.blocks)
    starts = {(int(row["offset"]), int(row["packed_size"])) for row in index.families}
    assert {(block.offset, block.packed_size) for block in truth.blocks} <= starts
    for block in truth.blocks:
        assert index.block(("hal", block.offset)).data.tobytes() == block.data
