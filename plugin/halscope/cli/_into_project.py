"""Edited files and colours into a project: `inject`, `palette import` and `palette set` with `--project`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from halscope_hooks import RAW_CODEC, UsageError

from halscope.app import (
    ProjectPatch,
    Workspace,
    apply_project,
    block_fill,
    check_output,
    learn_from_project,
    put_colours,
    put_sheets,
)
from halscope.cli._common import everywhere_from, print_json, progress_bar, refuse_unused, rom_offset
from halscope.cli._output import say
from halscope.cli._plugins import plugins_from
from halscope.cli._workspace import workspace_from
from halscope.formats.palettes import PaletteFormat
from halscope.inject import PaletteSheet
from halscope.project import Project


def inject_into_project(
    options: argparse.Namespace,
    at: str | None = None,
    codec: str | None = None,
    palette_format: PaletteFormat | None = None,
) -> int:
    """Add edited files to a project, for `inject --project` and `palette import --project`.

    Args:
        options: The command's.
        at: Place of a file of raw tiles, as typed.
        codec: Codec of the block there.
        palette_format: Format of palettes.
    """
    alone = [name for name in ("dry_run", "no_move", "expand", "rats", "free_old") if hasattr(options, name)]
    refuse_unused(options, alone, "is for a patch by itself, without --project")
    if codec is not None and at is None:
        raise UsageError("inject: --codec is for raw tiles; give --at OFFSET too")

    def put(project: Project, workspace: Workspace) -> ProjectPatch:
        return put_sheets(
            *(project, workspace, options.files),
            nearest=options.nearest,
            force=options.force,
            at=None if at is None else rom_offset(workspace.rom, at),
            codec=codec,
            palette_format=palette_format,
            everywhere=everywhere_from(options),
        )

    return _put_into_project(options, put)


def set_in_project(
    options: argparse.Namespace, sheet_of: Callable[[Workspace], PaletteSheet], colours: dict[int, int]
) -> int:
    """Change single colours in a project, for `palette set --project`.

    Args:
        options: The command's.
        sheet_of: Returns the colours of the ROM.
        colours: BGR555 by index.
    """

    refuse_unused(options, ("everywhere",), "is for `palette import` where a project is given")

    def put(project: Project, workspace: Workspace) -> ProjectPatch:
        return put_colours(project, workspace, sheet_of(workspace), colours, force=options.force)

    return _put_into_project(options, put)


def _put_into_project(options: argparse.Namespace, put: Callable[[Project, Workspace], ProjectPatch]) -> int:
    """Add edits to a project, make the patch that is asked for, and print both."""
    workspace = workspace_from(options, plugins_from(options))
    if options.output is not None:
        check_output(workspace, options.output, headered=options.headered)
    with Project.open(options.project, write=True) as project:
        learn_from_project(project, workspace)
        with progress_bar("indexing", "B") as progress:
            workspace.index(progress)
        before = project.state
        done = put(project, workspace)
        changed = project.state.edits != before.edits
        outputs = [] if options.output is None else [options.output]
        files = (
            apply_project(
                project, workspace, outputs, force=options.force, partial=True, headered=options.headered
            ).files
            if outputs
            else ()
        )
    if options.json:
        print_json(
            {
                "project": str(options.project),
                "changed": changed,
                "edits": [row.describe() for row in done.rows],
                "outputs": [file.describe() for file in files],
                "notes": [*done.plan.notes, *done.room.notes],
            }
        )
        return 0
    say(f"{options.project}: {done.patch.summary if changed else 'has these edits already'}")
    for row in done.rows:
        if row.reason is not None:
            say(f"edit {row.edit.id}, {row.edit.name}: {row.reason}")
    for block in done.plan.blocks:
        if block.codec != RAW_CODEC:
            say(f"{options.project}: {block_fill(block, done.room)}")
    for file in files:
        for line in file.lines():
            say(f"{file.path}: {line}")
    for line in (*done.plan.notes, *done.room.notes):
        say(f"note: {line}")
    return 0
