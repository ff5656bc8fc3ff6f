"""What the tests of editing share: a ROM with known graphics, and a sheet of one of its blocks."""

from __future__ import annotations

import pytest
from halscope.codecs.hal import HAL
from halscope.inject import Sheet, sheet_from_block
from support.edit_rom import FIRST, LEAD, PALETTE, EditRom, make_edit_rom


@pytest.fixture(scope="session")
def edit_rom() -> EditRom:
    return make_edit_rom()


@pytest.fixture(scope="session")
def sheet(edit_rom: EditRom) -> Sheet:
    return sheet_from_block(edit_rom.rom, HAL, FIRST, palette=PALETTE, start="pointer", lead=LEAD, title="walk")
