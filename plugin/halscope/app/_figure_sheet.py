"""The sheet of a figure on the screen of a game that may contain edits."""

from __future__ import annotations

from halscope_hooks import Frame, VramOrigins

from halscope.app._workspace import Workspace
from halscope.inject import Sheet, on_original, sheet_from_metasprite
from halscope.ppu.grouping import Metasprite


def figure_sheet(workspace: Workspace, frame: Frame, group: Metasprite, origins: VramOrigins) -> Sheet:
    """Return the sheet of a group of sprites, of the original ROM. Tiles that edits of the running game have made are
    shown as edited, and can be edited again.

    Args:
        workspace: The ROM.
        frame: The frame.
        group: The sprites.
        origins: Origins of the tiles in its VRAM.
    """
    codecs = workspace.plugins.codecs()
    contained = workspace.running.rom
    sheet = sheet_from_metasprite(frame, group, origins, workspace.rom if contained is None else contained, codecs)
    return sheet if contained is None else on_original(sheet, workspace.rom, codecs)
