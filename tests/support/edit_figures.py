"""The second save of a session, from the edited picture to the writes: what a benchmark and a table measure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from halscope.codecs.hal import HAL
from halscope.inject import live_writes, read_sheet, rom_writes, sheet_from_block, to_patch, write_sheet
from halscope.inject.metadata import forget
from halscope.ppu.tiles import encode_tiles
from halscope.rom.image import Rom
from halscope.rom.mapping import Mapping
from halscope_hooks import Snapshot
from support.checksums import fix
from support.edit_rom import LEAD, draw_tiles
from support.planning import plan_edit
from support.roms import make_rom

CELLS = 455
BLOCK = 0x108123


class SecondSave:
    """A sheet of 455 cells, of a ROM of 4 MiB, that was saved once and is saved again with another change.

    Args:
        folder: Where the pictures are saved.
    """

    def __init__(self, folder: Path) -> None:
        block = bytes(range(100, 100 + LEAD)) + encode_tiles(draw_tiles(CELLS, 1), 4).tobytes()
        packed = HAL.encode(block)
        image = make_rom(4 << 20, seed=7)
        image[BLOCK : BLOCK + len(packed)] = packed
        self._rom = Rom.from_bytes(fix(image, Mapping.LOROM.header_offset), "edit.sfc")
        sheet = sheet_from_block(self._rom, HAL, BLOCK, lead=LEAD, start="pointer")
        self.cells = len(sheet.cells)
        paths = []
        for last in (1, 2):
            pixels = sheet.compose().pixels
            pixels[:8, : 8 * last] = 0
            paths.append(write_sheet(sheet, pixels, folder / f"save-{last}.png")[0])
        self._path = paths[1]
        wram = np.zeros(0x20000, np.uint8)
        wram[0x2003 : 0x2003 + len(block)] = np.frombuffer(block, np.uint8)
        self._snapshot = Snapshot(
            vram=np.zeros(0x10000, np.uint8), wram=wram, cgram=np.zeros(256, np.uint16), oam=np.zeros(544, np.uint8)
        )
        self._before = plan_edit(self._rom, [HAL], read_sheet(paths[0]))
        self._before_patch = to_patch(self._before)

    def writes(self, *, forgotten: bool = False) -> int:
        """Read the picture and make the writes that lead from the first edit to this one; return their number.

        Args:
            forgotten: Read the sheet's JSON as if it had never been read before.
        """
        if forgotten:
            forget()
        plan = plan_edit(self._rom, [HAL], read_sheet(self._path))
        writes = rom_writes(self._rom, to_patch(plan), self._before_patch)
        return len(writes) + len(live_writes(plan, self._snapshot, previous=self._before))
