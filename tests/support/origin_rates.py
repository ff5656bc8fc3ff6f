"""How often an index answers correctly, counted over the tiles of a ROM with known truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from halscope.rom.index import RomIndex
from halscope_hooks import TILE_BYTES
from support.truth_rom import TruthRom


@dataclass(frozen=True, slots=True)
class Rates:
    """Counts over the informative tiles of all blocks of graphics, and over the blocks.

    Args:
        tiles: Informative tiles.
        among: Tiles whose exact block and byte offset is among the answers.
        first_block: Tiles whose first answer names the exact block (and, if it holds the tile twice, either place).
        first_exact: Tiles whose first answer is the exact block and byte offset.
        blocks: True blocks, all kinds.
        exact_blocks: Blocks listed with their exact start as their family's best.
        listed: Blocks listed with a score of at least one half.
        listed_true: Those of them that are true.
    """

    tiles: int
    among: int
    first_block: int
    first_exact: int
    blocks: int
    exact_blocks: int
    listed: int
    listed_true: int

    def __str__(self) -> str:
        return (
            f"{self.tiles} tiles: {self.among / self.tiles:.2%} among the answers, {self.first_block / self.tiles:.2%}"
            f" first by block, {self.first_exact / self.tiles:.2%} first by byte; {self.exact_blocks} of {self.blocks}"
            f" blocks at their exact start; {self.listed_true} of {self.listed} listed are true"
        )


def measure(index: RomIndex, truth: TruthRom) -> Rates:
    """Look up every block's tiles, in their order in the block."""
    tiles = among = first_block = first_exact = 0
    for block in truth.blocks:
        if block.kind not in ("sprites", "tiles", "font"):
            continue
        count = (len(block.data) - block.lead) // TILE_BYTES
        data = np.frombuffer(block.data, np.uint8)[block.lead : block.lead + count * TILE_BYTES]
        found = index.locate(data)
        for number in np.flatnonzero(found.informative).tolist():
            answers = [(origin.block_offset, origin.byte_offset) for origin in found.origins[number]]
            place = (block.offset, block.lead + number * TILE_BYTES)
            tiles += 1
            among += place in answers
            first_block += bool(answers) and answers[0][0] == block.offset
            first_exact += bool(answers) and answers[0] == place
    exact = {(block.offset, block.packed_size) for block in truth.blocks}
    found_blocks = [(int(row["offset"]), int(row["packed_size"]), float(row["score"])) for row in index.blocks]
    listed = [(offset, size) for offset, size, score in found_blocks if score >= 0.5]
    return Rates(
        tiles=tiles,
        among=among,
        first_block=first_block,
        first_exact=first_exact,
        blocks=len(exact),
        exact_blocks=len(exact & {(offset, size) for offset, size, _ in found_blocks}),
        listed=len(listed),
        listed_true=len(exact & set(listed)),
    )
