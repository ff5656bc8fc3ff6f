"""The edit sheet of one sprite that a person points at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from halscope_hooks import Update, UsageError

from halscope.app._doubts import doubts
from halscope.app._extract import write
from halscope.app._figure_names import figure_name
from halscope.app._figure_sheet import figure_sheet
from halscope.app._workspace import Workspace
from halscope.inject import Sheet


def sheet_of_sprite(workspace: Workspace, update: Update, sprite: int, folder: Path) -> Path:
    """Return the sheet of the figure that a sprite belongs to, written first if it is not there.

    Args:
        workspace: The ROM.
        update: The frame that shows the sprite.
        sprite: Its OAM entry.
        folder: Folder of the sheets, named as in `halscope play --watch`.

    Raises:
        UsageError: The sprite shows nothing, its tiles are not in the ROM, or the ROM is not indexed yet.
        HalscopeError: The sheet cannot be written.
    """
    sheet = figure_of_sprite(workspace, update, sprite)
    path = folder / f"{figure_name(sheet)}.png"
    if not path.exists():
        write(sheet, path, overwrite=False)
    return path


def figure_of_sprite(workspace: Workspace, update: Update, sprite: int) -> Sheet:
    """Return the sheet of the figure that a sprite belongs to, as it is now.

    Args:
        workspace: The ROM.
        update: The frame that shows the sprite.
        sprite: Its OAM entry.

    Raises:
        UsageError: The sprite shows nothing, its tiles are not in the ROM, or the ROM is not indexed yet.
    """
    if update.origins is None:
        raise UsageError("the ROM is not indexed yet, so it is not known what the sprite could be edited as")
    frame = update.frame
    groups = workspace.plugins.group_sprites(frame)
    group = next((one for one in groups if sprite in one.indices and one.pixels.any()), None)
    if group is None:
        raise UsageError(f"sprite {sprite} shows nothing on the screen in frame {update.snapshot.frame}")
    sheet = figure_sheet(workspace, frame, group, update.origins)
    if all(cell.origin is None for cell in sheet.cells):
        raise UsageError(f"none of the tiles of sprite {sprite} is in the ROM, so an edit of it could not last")
    return replace(sheet, doubts=doubts(frame))
