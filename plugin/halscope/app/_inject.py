"""Turning edited sheets and palettes into a patch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from halscope_hooks import InjectError, Patch, UsageError

from halscope.app._colour_copies import with_colour_copies
from halscope.app._edited_files import read_edit
from halscope.app._patch_files import PatchFile, check_output, write_patch
from halscope.app._raw_edit import is_raw, raw_edit, refuse_project_file
from halscope.app._room import room_options
from halscope.app._workspace import Workspace
from halscope.inject import (
    EditPlan,
    RoomOptions,
    RoomPlan,
    SheetEdit,
    describe_room,
    each_with_edited_before,
    make_room,
    plan_changes,
    to_patch,
)


@dataclass(frozen=True, slots=True)
class Injection:
    """The result of an injection; `file` is `None` if nothing was written."""

    plan: EditPlan
    room: RoomPlan
    patch: Patch
    file: PatchFile | None

    def describe(self) -> dict[str, Any]:
        """Return the JSON form of what is written to the ROM, and what cannot be known."""
        return describe_room(self.plan, self.room, self.patch)


def inject(
    workspace: Workspace,
    files: Sequence[Path],
    output: Path | None,
    *,
    force: bool,
    nearest: bool,
    headered: bool = False,
    everywhere: bool = False,
    move: bool = True,
    expand: bool = False,
    rats: bool = False,
    free_old: bool = False,
    at: int | None = None,
    codec: str | None = None,
) -> Injection:
    """Make a patch from edited sheets and palettes and write it in the format of the output's extension.

    Args:
        workspace: The ROM.
        files: The edited sheets and palettes; with `at` one file of raw tiles.
        output: The patch or patched copy; `None` to write nothing.
        force: Also edit blocks whose start is not proven.
        nearest: Replace colours that the palette does not have by the nearest one in it.
        headered: Make a patch for the ROM with a copier header.
        everywhere: Also edit the other places of the ROM that hold an edited tile.
        move: Move blocks that have outgrown their places into free space.
        expand: Make the image larger if there is none.
        rats: Put a RATS tag in front of each moved block.
        free_old: Fill the old places of moved blocks with FF.
        at: File offset of the block or the uncompressed bytes that raw tiles replace.
        codec: Codec of that block, or "raw"; `None` for that which the index names.

    Raises:
        UsageError: The extension is unknown, or the output is the ROM itself.
        InjectError: No sheet was edited; nothing is written.
        HalscopeError: An edit cannot be read or placed; nothing is written.
    """
    if output is not None:
        check_output(workspace, output, headered=headered)
    if output is not None:
        check_output(workspace, output, headered=headered)
    edits = read_edits(workspace, files, at, codec, nearest=nearest)
    options = room_options(workspace, move=move, expand=expand, rats=rats, free_old=free_old)
    return inject_edits(
        workspace, edits, output, force=force, headered=headered, everywhere=everywhere, options=options
    )


def inject_edits(
    workspace: Workspace,
    edits: Sequence[SheetEdit],
    output: Path | None,
    *,
    force: bool,
    headered: bool = False,
    everywhere: bool = False,
    options: RoomOptions | None = None,
) -> Injection:
    """Make a patch from edits of tiles and colours. Arguments and errors as for `inject`; `options` say how blocks
    move."""
    if output is not None:
        check_output(workspace, output, headered=headered)
    if not any(one.changes for one in edits):
        raise InjectError(
            f"{'nothing to do' if output is None else f'{output}: not written'}: nothing was edited; "
            f"{_as_extracted([edit.name for edit in edits])} still as extracted"
        )
    codecs, index = workspace.plugins.codecs(), workspace.index()
    edits, notes = with_colour_copies(workspace, edits, everywhere=everywhere)
    edits = [replace(edit, everywhere=everywhere) for edit in edits]
    plan = plan_changes(workspace.rom, codecs, edits, index=index, force=force)
    plan = replace(plan, notes=(*plan.notes, *notes))
    room = make_room(plan, workspace.index(), room_options(workspace) if options is None else options)
    patch = to_patch(plan, room)
    file = None if output is None else write_patch(workspace, patch, output, headered=headered)
    return Injection(plan, room, patch, file)


def read_edits(
    workspace: Workspace, files: Sequence[Path], at: int | None, codec: str | None, *, nearest: bool
) -> list[SheetEdit]:
    """Read edited files, all that they are to change together; arguments and errors as for `inject`."""
    for path in files:
        refuse_project_file(path)
    if at is not None:
        if len(files) != 1:
            raise UsageError(f"--at is the place of one file of raw tiles, but {len(files)} files are given")
        return [raw_edit(workspace, files[0], at, codec)]
    for path in files:
        if is_raw(path):
            raise UsageError(f"{path}: raw tiles do not say where they belong; give --at OFFSET")
    return each_with_edited_before([read_edit(path, nearest=nearest) for path in files])


def _as_extracted(names: Sequence[str]) -> str:
    return f"{names[0]} is" if len(names) == 1 else f"all {len(names)} sheets are"
