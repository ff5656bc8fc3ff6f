"""The sheets of a figure on the screen, and of a tile in VRAM, of a game that may contain edits."""

from __future__ import annotations

from halscope_hooks import Frame, VramOrigins

from halscope.app._workspace import Workspace
from halscope.inject import Sheet, on_original, sheet_from_metasprite, sheet_from_region
from halscope.ppu.grouping import Metasprite
from halscope.ppu.tiles import TileDepth


def figure_sheet(workspace: Workspace, frame: Frame, group: Metasprite, origins: VramOrigins) -> Sheet:
    """Return the sheet of a group of sprites, of the original ROM. Tiles that edits of the running game have made are
    shown as edited, also where VRAM has the old ones still, and can be edited again.

    Args:
        workspace: The ROM.
        frame: The frame.
        group: The sprites.
        origins: Origins of the tiles in its VRAM.
    """
    codecs = workspace.plugins.codecs()
    contained = workspace.running.rom
    sheet = sheet_from_metasprite(frame, group, origins, workspace.rom if contained is None else contained, codecs)
    return sheet if contained is None else on_original(sheet, workspace.rom, codecs, contained)


def region_sheet(
    workspace: Workspace,
    frame: Frame,
    vram_byte: int,
    origins: VramOrigins,
    bpp: TileDepth,
    size: tuple[int, int] = (1, 1),
) -> Sheet:
    """Return the sheet of a rectangle of VRAM, of the original ROM, likewise.

    Args:
        workspace: The ROM.
        frame: The frame.
        vram_byte: Byte address of the upper left tile.
        origins: Origins of the tiles in its VRAM.
        bpp: Bits per pixel.
        size: Columns and rows of tiles.

    Raises:
        ImageError: The rectangle is not inside VRAM, or its address is not that of a tile.
    """
    codecs = workspace.plugins.codecs()
    contained = workspace.running.rom
    rom = workspace.rom if contained is None else contained
    columns, rows = size
    sheet = sheet_from_region(frame, vram_byte, origins, rom, codecs, columns=columns, rows=rows, bpp=bpp)
    return sheet if contained is None else on_original(sheet, workspace.rom, codecs, contained)
