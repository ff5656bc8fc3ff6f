"""What the index finds does not depend on the habits of the program that packed the ROM."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import pytest
from halscope.codecs import hal
from halscope.rom.index import RomIndex
from support import free_packer, origin_rates, plain_packer
from support.truth_rom import drawn_block, make_truth_rom

Packer = Callable[[bytes], bytes]


def free(ends: free_packer.Ends, *, slack: int = 0) -> Packer:
    rng = np.random.default_rng(7)
    return lambda data: free_packer.pack(data, rng, ends=ends, slack=slack)


PACKERS: Final[dict[str, Callable[[], Packer]]] = {
    "ours": lambda: hal.encode,
    "greedy": lambda: lambda data: plain_packer.pack(data, lazy=False),
    "any minimal": lambda: free("any"),
    "early ends": lambda: free("early"),
    "careless": lambda: free("any", slack=2),
}


@pytest.mark.slow
@pytest.mark.parametrize("packer", list(PACKERS))
def test_tiles_are_found_first_whoever_packed_them(packer: str) -> None:
    truth = make_truth_rom(1, size=0x40000, blocks=16, pointers=False, packers=(("hal", PACKERS[packer]()),))
    rates = origin_rates.measure(RomIndex.build(truth.rom, [hal.HAL]), truth)
    print(f"{packer}: {rates}")
    assert rates.among >= 0.995 * rates.tiles
    assert rates.first_exact >= 0.95 * rates.tiles
    assert rates.exact_blocks >= 0.75 * rates.blocks
    assert rates.listed_true >= 0.75 * rates.listed


@pytest.mark.parametrize("ends", ["any", "early", "late"])
def test_the_free_packer_is_as_small_as_ours_and_decodes(ends: free_packer.Ends) -> None:
    rng = np.random.default_rng(5)
    data = drawn_block(rng, "map", 0)[:1500]
    packed = free_packer.pack(data, rng, ends=ends)
    assert len(packed) == len(hal.encode(data))
    assert hal.decode(packed).data.tobytes() == data
