"""Bringing edited files into a project: sheets as PNG or APNG, palettes, and raw tiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from halscope_hooks import RAW_CODEC, Origin, UsageError

from halscope.app._colour_copies import with_colour_copies
from halscope.app._edited_files import is_palette
from halscope.app._project import ProjectPatch, carried_project, edit_rows, keep_knowledge
from halscope.app._raw_edit import is_raw, raw_edit, refuse_project_file
from halscope.app._room import room_options
from halscope.app._workspace import Workspace
from halscope.formats.palettes import PaletteFormat
from halscope.inject import (
    Sheet,
    SheetEdit,
    make_room,
    palette_of_edit,
    read_edited_palette,
    read_palette_sheet,
    read_sheet,
    sheet_edit,
    to_patch,
)
from halscope.project import CarriedProject, Project, carry_edit

_Place = tuple[str, int, int]
_MOST_CHANGES: Final = 1 << 14
"""Pieces of 64 bytes that a file of raw tiles changes in a project, whose file lists them: 1 MiB."""


def put_sheets(
    project: Project,
    workspace: Workspace,
    files: Sequence[Path],
    *,
    nearest: bool = False,
    force: bool = False,
    at: int | None = None,
    codec: str | None = None,
    palette_format: PaletteFormat | None = None,
    everywhere: bool | None = None,
) -> ProjectPatch:
    """Add edited files to a project that is open for changes. All edits of the project must fit together.

    Args:
        project: The project. If the ROM is another build than its base, it becomes the base.
        workspace: The ROM.
        files: The edited sheets and palettes, those of earlier builds are carried over; with `at` one file of raw
            tiles.
        nearest: Replace colours that the palette does not have by the nearest one in it.
        force: Also edit blocks whose start is not proven.
        at: File offset of the block or the uncompressed bytes that raw tiles replace.
        codec: Codec of that block, or "raw"; `None` for that which the index names.
        palette_format: Format of the palettes; `None`: by their suffix and content.
        everywhere: Change all places in the ROM that hold the edited tiles and colours. `None`: as the project has it
            of a sheet, and only here if that is new.

    Raises:
        UsageError: A file cannot be an edit of the project, or two have the same name.
        InjectError: An edit cannot be placed, or not together with the others; nothing is written.
        HalscopeError: A file cannot be read, or the project cannot be written.
    """
    for path in files:
        refuse_project_file(path)
    if at is not None and len(files) != 1:
        raise UsageError(f"--at is the place of one file of raw tiles, but {len(files)} files are given")
    carried = carried_project(project, workspace, force=force)
    rom, codecs, index = workspace.rom, workspace.plugins.codecs(), workspace.index()
    fresh: list[SheetEdit] = []
    painted: dict[str, Sheet] = {}
    for path in files:
        sheet: Sheet | None = None
        if at is not None:
            edit = raw_edit(workspace, path, at, codec)
            if len(edit.changes) > _MOST_CHANGES:
                raise UsageError(f"{path}: changes more than a project holds in one edit, 1 MiB; bring it in in parts")
        elif is_raw(path):
            raise UsageError(f"{path}: raw tiles do not say where they belong; give --at OFFSET")
        elif is_palette(path):
            edit = read_edited_palette(path, palette_format, nearest=nearest)
        else:
            read = read_sheet(path, nearest=nearest)
            edit, sheet = sheet_edit(read), read.sheet
        if edit.rom_sha256 != rom.sha256 and project.state.knows(edit.rom_sha256):
            edit, sheet = carry_edit(edit, sheet, rom, codecs, index, force=force)
        name = project.name_of(path)
        refuse_other_figure(project, name, path, edit)
        fresh.append(replace(edit, name=name))
        if sheet is not None:
            painted[name] = sheet
    if len({edit.name for edit in fresh}) != len(fresh):
        raise UsageError(f"two files have the same name in {project.folder}; rename one, or bring them in one by one")
    return put_edits(project, workspace, carried, fresh, painted, force=force, everywhere=everywhere)


def put_edits(
    project: Project,
    workspace: Workspace,
    carried: CarriedProject,
    fresh: Sequence[SheetEdit],
    painted: Mapping[str, Sheet],
    *,
    force: bool = False,
    everywhere: bool | None = None,
) -> ProjectPatch:
    """Add edits to a project that is open for changes, as one step. All edits of the project must fit together.

    Args:
        project: The project.
        workspace: The ROM.
        carried: The project in that ROM.
        fresh: The edits, under their names in the project.
        painted: Their sheets, by these names.
        force: Also edit blocks whose start is not proven.
        everywhere: Change all places that hold the same tiles and colours, or only these and name the others in the
            plan's notes. `None`: as the project has it of tiles, and only these of colours.

    Raises:
        InjectError: An edit cannot be placed, or not together with the others; nothing is written.
        HalscopeError: The project cannot be written.
    """
    rom, index = workspace.rom, workspace.index()
    fresh, notes = with_colour_copies(workspace, fresh, everywhere=bool(everywhere))
    edits = carried.state.edits.put(fresh, datetime.now(UTC), everywhere=everywhere)
    plan = edits.plan(rom, workspace.plugins.codecs(), index=index, force=force)
    plan = replace(plan, notes=(*plan.notes, *notes))
    room = make_room(plan, index, room_options(workspace, moved=carried.state.moved))
    patch = to_patch(plan, room)
    state = carried.state.with_edits(edits, room.remembered(carried.state.moved))
    if state != project.state:
        kept = {name: sheet for name, sheet in painted.items() if edits.find(name) is not None}
        project.save(state, {**carried.sheets, **kept})
    project.remember_rom(rom)
    keep_knowledge(project, workspace)
    done = CarriedProject(state, {}, carried.moved, carried.returned)
    return ProjectPatch(plan, room, patch, (), tuple(edit_rows(done)))


def refuse_other_figure(project: Project, name: str, path: Path, edit: SheetEdit | None = None) -> None:
    """Raise UsageError if a project has a file of this name that shows none of the same places of the ROM.

    Args:
        project: The project.
        name: The name that the file gets in it.
        path: The file.
        edit: What it changes, which says its places if it is a file of raw tiles.
    """
    rom = project.state.base.sha256
    there = [one.sheet for one in project.state.versions() if one.name == name]
    known: set[_Place | None]
    its: set[_Place | None]
    if is_palette(path):
        mine = read_palette_sheet(path)
        of_rom = [one for one in there if one.rom_sha256 == rom]
        known = {_place(one.origin) for one_edit in of_rom for one in palette_of_edit(one_edit)[0].colours}
        its = {_place(one.origin) for one in mine.colours} if mine.rom_sha256 == rom else set()
        what = "palette"
    elif is_raw(path):
        known, its = (_packed(some) for some in (there, () if edit is None else (edit,)))
        what = "file"
    else:
        sheet = project.sheet(name) if there else None
        read = None if sheet is None else read_sheet(path, nearest=True).sheet
        if sheet is None or read is None or read.rom_sha256 != sheet.rom_sha256:
            return
        known, its = ({_place(cell.origin) for cell in one.cells} for one in (sheet, read))
        what = "sheet"
    known.discard(None)
    its.discard(None)
    if known and its and not known & its:
        raise UsageError(
            f"{path}: {project.folder} has another {what} of the name {name}, from other places of the ROM; rename "
            "the file"
        )


def _packed(edits: Sequence[SheetEdit]) -> set[_Place | None]:
    """Return the packed blocks that edits change. Of uncompressed bytes an edit has only those that differ."""
    origins = [change.origin for edit in edits for change in edit.changes]
    return {(origin.codec, origin.block_offset, 0) for origin in origins if origin.codec != RAW_CODEC}


def _place(origin: Origin | None) -> _Place | None:
    return None if origin is None else (origin.codec, origin.block_offset, origin.byte_offset)
