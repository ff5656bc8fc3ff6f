"""An edit in an LC_LZ1 or LC_LZ2 block of a ROM with three codecs: found, planned, verified, patched, decoded again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from halscope.codecs import hal, lz
from halscope.inject import apply_patch, read_sheet, sheet_from_block, to_patch, write_sheet
from halscope.ppu.tiles import encode_tiles
from halscope.rom.index import RomIndex
from halscope_hooks import Codec
from support import lz_reference
from support.edit_rom import PALETTE
from support.planning import plan_edit
from support.truth_rom import ALL_PACKERS, make_truth_rom


@pytest.mark.slow
@pytest.mark.parametrize("codec", [lz.LZ1, lz.LZ2], ids=lambda codec: codec.name)
def test_from_a_tile_on_the_screen_to_the_block_in_the_rom(codec: Codec, tmp_path: Path) -> None:
    codecs = (hal.HAL, lz.LZ1, lz.LZ2)
    truth = make_truth_rom(3, packers=ALL_PACKERS)
    index = RomIndex.build(truth.rom, codecs)
    # From a packer that leaves more room than one tile needs.
    blocks = [block for block in truth.blocks if block.codec == codec.name and block.kind == "sprites"]
    block = max(blocks, key=lambda block: block.packed_size - len(codec.encode(block.data)))
    shown = np.frombuffer(block.data, np.uint8)[block.lead : block.lead + 32 * 64]
    found = index.locate(shown)
    number = int(np.flatnonzero(found.informative)[9])
    origin = found.origins[number][0]
    assert (origin.codec, origin.block_offset, origin.start) == (codec.name, block.offset, "pointer")
    assert origin.byte_offset == block.lead + 32 * number

    sheet = sheet_from_block(
        truth.rom, codec, origin.block_offset, palette=PALETTE, start=origin.start, lead=block.lead
    )
    pixels = sheet.compose().pixels.copy()
    cell = sheet.cells[number]
    tile = np.full((8, 8), 3, np.uint8)
    pixels[cell.y : cell.y + 8, cell.x : cell.x + 8] = tile
    path, _ = write_sheet(sheet, pixels, tmp_path / "edit.png")
    plan = plan_edit(truth.rom, codecs, read_sheet(path), index=index)
    (edit,) = plan.blocks
    assert (edit.codec, edit.block_offset, len(edit.changes)) == (codec.name, block.offset, 1)

    image = apply_patch(truth.rom.data, to_patch(plan))
    wanted = bytearray(block.data)
    wanted[origin.byte_offset : origin.byte_offset + 32] = encode_tiles(tile[None], 4).tobytes()
    assert lz_reference.decode(image, block.offset, format=codec.name).data == wanted
