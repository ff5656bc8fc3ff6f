"""A picture that a person drops on a figure: it becomes what the figure's sheet shows, as if an editor had saved it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from halscope_hooks import Changes, ImageError, Update, UsageError

from halscope._files import read_limited
from halscope.app._compare import Moment
from halscope.app._file_changes import edited_files
from halscope.app._judged import judged_frame
from halscope.app._limits import MOST_PICTURE_BYTES
from halscope.app._moments import check_rom
from halscope.app._sprite_sheet import sheet_of_sprite
from halscope.app._workspace import Workspace
from halscope.inject import picture_in_sheet, read_sheet, write_sheet


@dataclass(frozen=True, slots=True)
class Dropped:
    """Where a picture was put.

    Args:
        path: The sheet.
        inexact: What did not fit, if pixels got the nearest colours of the figure's palette; empty otherwise.
    """

    path: Path
    inexact: str


def put_picture_on(
    workspace: Workspace, moment: Moment, folder: Path, picture: Path, sprite: int | None, *, force: bool = False
) -> Dropped:
    """Save a picture as the sheet of a figure that a moment from a file shows. Arguments and errors as for
    `put_picture`, and

    Args:
        moment: The moment.
        picture: The PNG.
        force: Accept a moment of another ROM.

    Raises:
        UsageError: The file cannot be read, or the moment is of another ROM.
    """
    snapshot = moment.snapshot
    check_rom(Path(moment.text), snapshot.rom, workspace.rom, force=force)
    frame = judged_frame(snapshot, workspace.rom)
    update = Update(frame, workspace.index().locate_vram(snapshot.vram), Changes())
    data = read_limited(picture, MOST_PICTURE_BYTES, "picture")
    return put_picture(workspace, update, folder, data, picture.name, sprite)


def put_picture(
    workspace: Workspace, update: Update, folder: Path, data: bytes, name: str, sprite: int | None
) -> Dropped:
    """Save a picture as the sheet of a figure.

    Args:
        workspace: The ROM.
        update: The frame that shows the figure.
        folder: Folder of the sheets.
        data: The PNG.
        name: Its file name, without folders.
        sprite: A sprite of the figure; `None` to take the sheet that has the name.

    Raises:
        UsageError: There is no such figure or sheet.
        ImageError: It is no PNG, is damaged, or has another size than the sheet.
        HalscopeError: The sheet cannot be read or written.
    """
    if sprite is None:
        named = [Path(one) for one in edited_files(folder) if Path(one).name == name and one.endswith(".png")]
        if len(named) != 1:
            many = f"{len(named)} sheets have" if named else "no sheet has"
            raise UsageError(f"{many} the name {name!r}: drop the picture on the figure that it is to be")
        path = named[0]
    else:
        path = sheet_of_sprite(workspace, update, sprite, folder)
    sheet = read_sheet(path, nearest=True).sheet
    inexact = ""
    try:
        pixels = picture_in_sheet(sheet, data, name)
    except ImageError as error:
        pixels = picture_in_sheet(sheet, data, name, nearest=True)  # fails again unless it is for the colours
        inexact = str(error)
    write_sheet(sheet, pixels, path)
    return Dropped(path, inexact)
