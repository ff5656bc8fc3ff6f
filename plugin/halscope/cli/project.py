"""`halscope project`: keeps edits in a folder, with their history, and makes patches of it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from halscope_hooks import RAW_CODEC, UsageError

from halscope.app import (
    EditRow,
    Workspace,
    apply_project,
    block_fill,
    carried_project,
    edit_rows,
    learn_from_project,
    rebase_lines,
    rebase_project,
    step_changes,
    stepped,
    use_project_knowledge,
)
from halscope.cli._common import print_json, progress_bar
from halscope.cli._output import note, say
from halscope.cli._plugins import plugins_from
from halscope.cli._table import Column, print_table
from halscope.cli._workspace import workspace_from
from halscope.inject import COLOURS, TileChange
from halscope.ppu.tiles import decode_tiles
from halscope.project import CarriedProject, Project
from halscope.rom.image import Rom


def run(options: argparse.Namespace) -> int:
    """Run the action."""
    match options.action:
        case "new":
            return _new(options)
        case "status" | "diff":
            return _list(options)
        case "log":
            return _log(options)
        case "apply":
            return _apply(options)
        case "rebase":
            return _rebase(options)
        case _:
            return _step(options)


def _new(options: argparse.Namespace) -> int:
    workspace = workspace_from(options, plugins_from(options))
    with Project.create(options.dir, workspace.rom) as project:
        base = project.state.base
    if options.json:
        print_json({"project": str(options.dir), "rom": asdict(base)})
    else:
        say(f"{options.dir}: a project for {base.title or workspace.rom.name}, {_rom_line(base.crc32, base.sha256)}")
        say(f"{options.dir}: add edits with `halscope inject ROM PNG... --project DIR`, or `play ROM --project DIR`")
    return 0


def _list(options: argparse.Namespace) -> int:
    """Print the edits, for `diff` with the tiles that they change."""
    with Project.open(options.dir) as project:
        workspace = _workspace(options, project, needed=False)
        carried = (
            CarriedProject(project.state, {})
            if workspace is None
            else carried_project(project, workspace, force=options.force)
        )
        rows = edit_rows(carried, checked=workspace is not None)
        if options.json:
            tiles = options.action == "diff"
            print_json(
                {
                    **_describe(project, None if workspace is None else workspace.rom),
                    "edits": [row.describe() | ({"changes": _changes(row)} if tiles else {}) for row in rows],
                }
            )
            return 0
        if options.action == "status":
            _say_project(project, workspace)
            _say_rows(rows)
        else:
            for row in rows:
                _say_diff(row)
        for png in project.painted():
            note(
                f"{png}: was edited, and the project does not have this edit; bring it in with `halscope inject ROM "
                f"{png} --project {options.dir}`"
            )
    return 0


def _say_project(project: Project, workspace: Workspace | None) -> None:
    base = project.state.base
    past = len(project.state.lineage)
    builds = f", the {past + 1}th build" if past > 2 else ("", ", the second build", ", the third build")[past]
    say(f"{project.folder}: {base.title or 'a ROM without a title'}, {_rom_line(base.crc32, base.sha256)}{builds}")
    if workspace is None:
        say("the ROM is not there to look: give it with --rom")
    elif workspace.rom.sha256 != base.sha256:
        say(f"in {workspace.rom.name}, another build, {_rom_line(workspace.rom.crc32, workspace.rom.sha256)}:")


def _say_rows(rows: Sequence[EditRow]) -> None:
    columns = [
        Column("id", right=True),
        Column("sheet"),
        Column("block"),
        Column("changes", right=True),
        Column("state"),
    ]
    print_table(columns, [[str(r.edit.id), r.edit.name, _block(r), r.changed, _state(r)] for r in rows])
    for row in rows:
        if row.reason is not None:
            say(f"edit {row.edit.id}, {row.edit.name}: {row.reason}")
    if not rows:
        say("no edits")


def _say_diff(row: EditRow) -> None:
    changes = _changes(row)
    parts = {"tile": [one for one in changes if "pixels" in one], "run": [one for one in changes if "colours" in one]}
    counts = [f"{len(ones)} {what}{'s' * (len(ones) != 1)}" for what, ones in parts.items() if ones]
    counts[-1] += " of colours" * bool(parts["run"])
    say(f"edit {row.edit.id}, {row.edit.name}: {' and '.join(counts)} of {_block_name(row)}, {_state(row)}")
    for change in changes:
        where = f"at {change['block_offset']:#x}" if row.codec == RAW_CODEC else f"at byte {change['byte_offset']:#x}"
        what, count = ("pixel", change["pixels"]) if "pixels" in change else ("colour", change["colours"])
        tile = "tile " * (what == "pixel")
        say(f"  {tile}{where}: {count} {what}{'s' * (count != 1)}")


def _changes(row: EditRow) -> list[dict[str, Any]]:
    """Return the tiles that an edit changes in a block."""
    found = []
    for change in row.edit.sheet.changes:
        origin = change.origin
        if origin.codec == row.codec and (row.codec == RAW_CODEC or origin.block_offset == row.block_offset):
            what, count = ("colours", _colours) if origin.transform == COLOURS else ("pixels", _pixels)
            found.append(
                {
                    "block_offset": origin.block_offset,
                    "byte_offset": origin.byte_offset,
                    "old": change.old.hex(),
                    "new": change.new.hex(),
                    what: count(change),
                }
            )
    return found


def _pixels(change: TileChange) -> int:
    bpp = len(change.old) // 8
    old, new = (decode_tiles(tile, bpp) for tile in (change.old, change.new))  # type: ignore[arg-type]
    return int((old != new).sum())


def _colours(change: TileChange) -> int:
    old, new = (np.frombuffer(words, "<u2") for words in (change.old, change.new))
    return int((old != new).sum())


def _log(options: argparse.Namespace) -> int:
    """Print the steps, oldest first."""
    with Project.open(options.dir) as project:
        edits = project.state.edits
        steps: list[list[dict[str, Any]]] = [[] for _ in edits.states[1:]]
        for done in step_changes(edits):
            edit, path = done.edit, project.picture(done.edit)
            steps[done.step - 1].append(
                {
                    "what": done.what,
                    "id": edit.id,
                    "sheet": edit.name,
                    "made": edit.made.isoformat(timespec="seconds"),
                    "picture": None if path is None else str(path),
                    **({"everywhere": True} if edit.sheet.everywhere else {}),
                }
            )
    if options.json:
        print_json({"position": edits.position, "steps": steps})
        return 0
    for number, changes in enumerate(steps, 1):
        undone = "  (undone)" if number > edits.position else ""
        for change in changes:
            picture = "" if change["picture"] is None else f"; {change['picture']}"
            what = f"{change['what']} edit {change['id']}, {change['sheet']}{', everywhere' * ('everywhere' in change)}"
            when, saved = change["made"], ""
            if change["what"] == "reverted":  # the time of that is not kept
                when, saved = " " * len(when), f", which was saved {when}"
            say(f"{number:4}  {when}  {what}{saved}{picture}{undone}")
    if not steps:
        say("no edits")
    return 0


def _step(options: argparse.Namespace) -> int:
    """Undo, redo or revert."""
    with Project.open(options.dir, write=True) as project:
        old = project.state.edits
        new = stepped(old, options.action, options.id if options.action == "revert" else 0)
        project.save(project.state.with_edits(new))
        rows = edit_rows(CarriedProject(project.state, {}), checked=False)
        described = _describe(project, None)
    if options.json:
        print_json({**described, "edits": [row.describe() for row in rows]})
        return 0
    gone, came = ([edit for edit in one.edits if edit not in other.edits] for one, other in ((old, new), (new, old)))
    for edit in came:
        say(f"edit {edit.id}, {edit.name}: is in the project, as of {edit.made.isoformat(timespec='seconds')}")
    for edit in gone:
        if edit.id not in {one.id for one in came}:
            sheet = "; its sheet shows the original" * edit.name.lower().endswith(".png")
            say(f"edit {edit.id}, {edit.name}: is no longer in the project{sheet}")
    return 0


def _apply(options: argparse.Namespace) -> int:
    with Project.open(options.dir) as project:
        workspace = _workspace(options, project)
        assert workspace is not None
        use_project_knowledge(project, workspace)
        with progress_bar("indexing", "B") as progress:
            workspace.index(progress)
        done = apply_project(
            *(project, workspace, options.output),
            force=options.force,
            partial=options.partial,
            headered=options.headered,
        )
    if options.json:
        print_json(
            {
                "outputs": [file.describe() for file in done.files],
                "edits": [row.describe() for row in done.rows],
                "notes": [
                    *done.plan.notes,
                    *done.room.notes,
                    *dict.fromkeys(line for file in done.files for line in file.notes),
                ],
            }
        )
        return 0
    for file in done.files:
        say(f"{file.path}: {done.patch.summary}")
        for line in file.lines():
            say(f"{file.path}: {line}")
    for block in done.plan.blocks:
        if block.codec != RAW_CODEC:
            say(block_fill(block, done.room))
    for row in done.rows:
        if row.state == "moved":
            say(f"edit {row.edit.id}, {row.edit.name}: its tiles are in {_block_name(row)} of this ROM")
        elif row.reason is not None:
            say(f"edit {row.edit.id}, {row.edit.name}: is left out: {row.reason}")
    for line in (*done.plan.notes, *done.room.notes):
        say(f"note: {line}")
    return 0


def _rebase(options: argparse.Namespace) -> int:
    with Project.open(options.dir, write=True) as project:
        workspace = _workspace(options, project)
        assert workspace is not None
        before = project.state.base
        learn_from_project(project, workspace)
        carried = rebase_project(project, workspace, force=options.force)
        rows = edit_rows(carried)
        described = _describe(project, None)
    if options.json:
        print_json({**described, "edits": [row.describe() for row in rows]})
    elif before.sha256 == workspace.rom.sha256:
        say(f"{options.dir}: starts from {workspace.rom.name} already")
    else:
        for line in rebase_lines(project, carried, workspace):
            say(line)
    return 0


def _workspace(options: argparse.Namespace, project: Project, *, needed: bool = True) -> Workspace | None:
    """Open the ROM that the options name, or else the one that this machine used last; `None` if there is none."""
    if options.rom is None:
        options.rom = project.rom_path()
        if options.rom is None or not (needed or options.rom.is_file()):
            if needed:
                raise UsageError(f"{options.dir}: this machine does not know where its ROM is; give --rom ROM")
            return None
    return workspace_from(options, plugins_from(options))


def _describe(project: Project, rom: Rom | None) -> dict[str, Any]:
    """Return what is said of a project, as JSON."""
    state, edits = project.state, project.state.edits
    looked = {} if rom is None else {"looked_in": {"path": rom.name, "sha256": rom.sha256, "crc32": rom.crc32}}
    return {
        "rom": asdict(state.base),
        "lineage": [asdict(one) for one in state.lineage],
        **looked,
        "undo": edits.position,
        "redo": len(edits.states) - 1 - edits.position,
    }


def _state(row: EditRow) -> str:
    return f"{row.state}{', everywhere' * row.edit.sheet.everywhere}"


def _block(row: EditRow) -> str:
    return f"{'uncompressed' if row.codec == RAW_CODEC else row.codec} {row.block_offset:#x}"


def _block_name(row: EditRow) -> str:
    where = "uncompressed data" if row.codec == RAW_CODEC else f"the {row.codec} block"
    return f"{where} at {row.block_offset:#x}"


def _rom_line(crc32: str, sha256: str) -> str:
    return f"CRC32 {crc32}, SHA-256 {sha256}"
