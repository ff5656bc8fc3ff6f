"""The palettes that a game shows while it runs, written as files to edit."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from halscope_hooks import RAW_CODEC, CgramOrigins, ColourRun, Snapshot
from numpy.typing import NDArray

from halscope.app._palettes import PALETTE, palette_name
from halscope.app._rom_edits import RomEdits
from halscope.app._sheet_folder import SheetFolder
from halscope.app._workspace import Workspace
from halscope.inject import PaletteColour, PaletteSheet

MOST_PALETTES: Final = 200
FOLDER: Final = "palettes"
_LEAST: Final = 3
"""Colours of a palette that one place holds, for a file to be written."""


class _Place(NamedTuple):
    """Where a palette is stored: its colour 1, or where that would be.

    Args:
        codec: As in `Origin`.
        block_offset: As in `Origin`; of plain colours, that of colour 1.
        byte_offset: As in `Origin`.
    """

    codec: str
    block_offset: int
    byte_offset: int

    @property
    def name(self) -> str:
        """The file's name without a suffix."""
        if self.codec == RAW_CODEC:
            return f"raw-{self.block_offset:06x}"
        return f"{self.codec}-{self.block_offset:06x}-{self.byte_offset:03x}"


class NewPalettes:
    """Writes a palette file for each place of the ROM whose colours appear in CGRAM.

    Args:
        folder: Where they are written.
    """

    def __init__(self, folder: SheetFolder) -> None:
        self._folder = folder
        self._last: CgramOrigins | None = None

    def write(self, running: RomEdits, snapshot: Snapshot) -> None:
        """Write the palettes that were not seen before in this ROM. Raises HalscopeError."""
        workspace = running.workspace
        origins = workspace.palettes.origins(snapshot.cgram)
        if origins is self._last:
            return
        for number in range(len(snapshot.cgram) // PALETTE):
            first = number * PALETTE
            run = _best_run(origins, first)
            name = None if run is None else palette_file(run, first)
            if run is None or name is None or len(running.palettes) >= MOST_PALETTES:
                continue
            if name not in running.palettes:
                self._folder.add_palette(name, _sheet(workspace, snapshot.cgram, run, number))
                running.palettes.add(name)
        self._last = origins  # not before all are written: a full disk may get room


def palette_file(run: ColourRun, first: int) -> str | None:
    """Return the name, in the watched folder, of the palette file of a run's place in the ROM.

    Args:
        run: The run.
        first: Number in CGRAM of colour 0 of the palette.

    Returns:
        The name; `None` if the palette would begin before the ROM or before the block.
    """
    place = _place(run, first + 1)
    return None if place is None else f"{FOLDER}/{place.name}.gpl"


def _best_run(origins: CgramOrigins, first: int) -> ColourRun | None:
    """Return the best run that holds at least three of a palette's colours besides colour 0."""
    for run in origins.runs:
        held = min(first + PALETTE, run.first + run.count) - max(first + 1, run.first)
        if held >= _LEAST and not run.fade:
            return run
    return None


def _place(run: ColourRun, colour: int) -> _Place | None:
    origin = run.origin
    by = 2 * (colour - run.first)
    if origin.codec == RAW_CODEC:
        return _Place(RAW_CODEC, origin.block_offset + by, 0) if origin.block_offset + by >= 0 else None
    at = origin.byte_offset + by
    return _Place(origin.codec, origin.block_offset, at) if at >= 0 else None


def _sheet(workspace: Workspace, cgram: NDArray[np.uint16], run: ColourRun, number: int) -> PaletteSheet:
    """Return a palette of CGRAM, with the places of the colours that a run holds."""
    first = number * PALETTE
    colours = []
    for colour in range(first, first + PALETTE):
        origin, word = None, int(cgram[colour])
        if run.first <= colour < run.first + run.count:
            stored = workspace.colours().colours_at(run.origin_of(colour), 1)
            if len(stored) and (int(stored[0]) ^ word) & 0x7FFF == 0:
                origin, word = run.origin_of(colour), int(stored[0])
        colours.append(PaletteColour(word, origin, colour))
    title = f"{workspace.rom.title or workspace.rom.name}: {palette_name(number)}"
    return PaletteSheet(title, workspace.rom.sha256, tuple(colours))
