"""The edit sheet of one sprite that a person points at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from halscope_hooks import Update, UsageError

from halscope.app._current_sheet import write_current
from halscope.app._doubts import doubts
from halscope.app._known_figures import figure_with, known_figures
from halscope.app._regroup import Figure
from halscope.app._workspace import Workspace


def sheet_of_sprite(workspace: Workspace, update: Update, sprite: int, folder: Path) -> Path:
    """Return the sheet of the figure that a sprite belongs to, written first if it is not there.

    One that is there is written again if the game has edits that it does not show, unless it has some that the game
    does not have.

    Args:
        workspace: The ROM.
        update: The frame that shows the sprite.
        sprite: Its OAM entry.
        folder: Folder of the sheets, named as in `halscope play --watch`.

    Raises:
        UsageError: The sprite shows nothing, its tiles are not in the ROM, or the ROM is not indexed yet.
        HalscopeError: The sheet cannot be written.
    """
    figure = figure_of_sprite(workspace, update, sprite)
    path = folder / f"{kept_name(figure, folder)}.png"
    write_current(figure.sheet, path)
    return path


def kept_name(figure: Figure, folder: Path) -> str:
    """Return the name of a figure's sheet in a folder, without ".png".

    A sheet that was written before the figure had a name keeps its own: an edit in it is not taken from anybody.
    """
    is_older = not (folder / f"{figure.name}.png").exists() and (folder / f"{figure.key}.png").exists()
    return figure.key if is_older else figure.name


def figure_of_sprite(workspace: Workspace, update: Update, sprite: int) -> Figure:
    """Return the figure that a sprite belongs to, with its sheet as it is now.

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
    figure = figure_with(known_figures(workspace, frame, update.origins).figures, sprite)
    if figure is None:
        raise UsageError(f"sprite {sprite} shows nothing on the screen in frame {update.snapshot.frame}")
    sheet = figure.sheet
    if all(cell.origin is None for cell in sheet.cells):
        raise UsageError(f"none of the tiles of sprite {sprite} is in the ROM, so an edit of it could not last")
    return figure._replace(sheet=replace(sheet, doubts=doubts(frame)))
