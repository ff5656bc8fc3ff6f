"""Projects: their edits on a ROM, what becomes of each, and the patches of all."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from halscope_hooks import RAW_CODEC, HalscopeError, InjectError, Patch, UsageError

from halscope.app._patch_files import PatchFile, check_output, write_patches
from halscope.app._room import room_options
from halscope.app._workspace import Workspace
from halscope.inject import (
    COLOURS,
    EditPlan,
    RoomPlan,
    TileChange,
    make_room,
    to_patch,
)
from halscope.project import CarriedProject, Edit, HeldKnowledge, Knowledge, Project, carry_over, merge

log: Final = logging.getLogger("halscope.app")

EditState = Literal["ok", "moved", "there", "lost", "unchecked"]
"""What becomes of an edit in a ROM. `ok`: its tiles are at their place. `moved`: the same tiles are elsewhere in this
ROM. `there`: this ROM has the edited tiles already. `lost`: this ROM has no place for it. `unchecked`: no ROM was
given, and this machine does not know where the project's ROM is."""


@dataclass(frozen=True, slots=True)
class EditRow:
    """An edit in one block, for a list. All of its uncompressed tiles count as one block.

    Args:
        edit: The edit.
        codec: Codec of the block, "raw" for uncompressed tiles.
        block_offset: File offset of the block in the headerless image; of uncompressed tiles that of the first.
        tiles: Number of tiles that change.
        state: What becomes of the edit.
        reason: Why the ROM has no place for it, or `None`.
        colours: Number of colours that change.
    """

    edit: Edit
    codec: str
    block_offset: int
    tiles: int
    state: EditState
    reason: str | None = None
    colours: int = 0

    @property
    def changed(self) -> str:
        """What changes, in words."""
        counts = [(self.tiles, "tile"), (self.colours, "colour")]
        return " and ".join(f"{count} {what}{'s' * (count != 1)}" for count, what in counts if count) or "no tiles"

    def describe(self) -> dict[str, Any]:
        """The JSON form."""
        row: dict[str, Any] = {
            "id": self.edit.id,
            "kind": "colours" if self.colours and not self.tiles else "tiles",
            "sheet": self.edit.name,
            "codec": self.codec,
            "block_offset": self.block_offset,
            "tiles": self.tiles,
            "state": self.state,
        }
        if self.colours:
            row["colours"] = self.colours
        if self.edit.sheet.everywhere:
            row["everywhere"] = True
        return row if self.reason is None else {**row, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class ProjectPatch:
    """All edits of a project as a patch.

    Args:
        plan: The plan of the edits.
        room: Where blocks go that have outgrown their places.
        patch: The patch.
        files: The files that hold it.
        rows: What became of each edit.
    """

    plan: EditPlan
    room: RoomPlan
    patch: Patch
    files: tuple[PatchFile, ...]
    rows: tuple[EditRow, ...]


def carried_project(project: Project, workspace: Workspace, *, force: bool = False) -> CarriedProject:
    """Return the project with this ROM as its base; nothing is written. The ROM is indexed only if it is another one.

    Args:
        project: The project.
        workspace: The ROM.
        force: Also carry edits into blocks whose start is not proven.

    Raises:
        UsageError: None of the edits can be carried over: it is another game's ROM.
    """
    state, rom = project.state, workspace.rom
    if rom.sha256 == state.base.sha256:
        return CarriedProject(state, {})
    carried = carry_over(state, project.sheet, rom, workspace.plugins.codecs(), workspace.index(), force=force)
    tried = len(state.edits.edits) + len(state.left)
    lost = not carried.state.edits.edits and all(one.state == "lost" for one in carried.state.left)
    if tried and lost and not state.knows(rom.sha256) and rom.title != state.base.title:
        raise UsageError(
            f"{rom.name}: is not the ROM of {project.folder} ({state.base.title or 'without a title'}, CRC32 "
            f"{state.base.crc32}), and no edit ({tried} in all) has its tiles in it; give a build of that game"
        )
    return carried


def edit_rows(carried: CarriedProject, *, checked: bool = True) -> list[EditRow]:
    """Return what becomes of each edit, those that the ROM has no place for last.

    Args:
        carried: The project in the ROM.
        checked: Whether the ROM was there to look.
    """
    rows: list[EditRow] = []
    for edit in carried.state.edits.edits:
        state: EditState = "moved" if edit.id in carried.moved else "ok"
        rows += _rows(edit, state if checked else "unchecked")
    for left in carried.state.left:
        rows += _rows(left.edit, left.state, left.reason)
    return rows


def _rows(edit: Edit, state: EditState, reason: str | None = None) -> Iterator[EditRow]:
    raw = [block for block in edit.blocks if block[0] == RAW_CODEC]
    for (codec, offset), changes in edit.blocks.items():
        if codec != RAW_CODEC:
            yield EditRow(edit, codec, offset, _tiles(changes), state, reason, _colours(changes))
    if raw:
        changes = tuple(change for block in raw for change in edit.blocks[block])
        first = min(offset for _, offset in raw)
        yield EditRow(edit, RAW_CODEC, first, _tiles(changes), state, reason, _colours(changes))


def _tiles(changes: Sequence[TileChange]) -> int:
    return sum(change.origin.transform != COLOURS for change in changes)


def _colours(changes: Sequence[TileChange]) -> int:
    return sum(
        change.old[at : at + 2] != change.new[at : at + 2]
        for change in changes
        if change.origin.transform == COLOURS
        for at in range(0, len(change.old), 2)
    )


def refuse_lost(project: Project, carried: CarriedProject, rom: str) -> None:
    """Refuse a ROM that has no place for some edits, unless their sheets have other edits in it. Raises InjectError,
    which names each of them."""
    names = {edit.name for edit in carried.state.edits.edits}
    lost = [left for left in carried.state.left if left.state == "lost" and left.edit.name not in names]
    if lost:
        each = "; ".join(f"edit {left.edit.id} ({left.edit.name}): {left.reason}" for left in lost)
        raise InjectError(
            f"{project.folder}: {len(lost)} edit{'s' * (len(lost) != 1)} cannot be carried over to {rom}: {each}; "
            "--partial leaves out what cannot be carried over"
        )


def apply_project(
    project: Project,
    workspace: Workspace,
    outputs: Sequence[Path],
    *,
    force: bool = False,
    partial: bool = False,
    headered: bool = False,
) -> ProjectPatch:
    """Make a patch of all edits, and write it in the formats of the outputs' extensions. The project is not changed.

    The same project and ROM give the same bytes, if `use_project_knowledge` came first.

    Args:
        project: The project.
        workspace: Its ROM, or another build of it.
        outputs: The patches and patched copies.
        force: Also edit blocks whose start is not proven.
        partial: Leave out the edits that this ROM has no place for.
        headered: Make patches for the ROM with a copier header.

    Raises:
        UsageError: An extension is unknown, or an output is the ROM itself.
        InjectError: An edit cannot be carried over or placed; nothing is written.
        HalscopeError: A file cannot be written.
    """
    for output in outputs:
        check_output(workspace, output, headered=headered and output.suffix.lower() != ".sfc")
    carried = carried_project(project, workspace, force=force)
    if not partial:
        refuse_lost(project, carried, workspace.rom.name)
    edits = carried.state.edits
    plan = edits.plan(workspace.rom, workspace.plugins.codecs(), index=workspace.index(), force=force)
    room = make_room(plan, workspace.index(), room_options(workspace, moved=carried.state.moved))
    patch = to_patch(plan, room)
    files = write_patches(workspace, patch, outputs, headered=headered)
    return ProjectPatch(plan, room, patch, tuple(files), tuple(edit_rows(carried)))


def rebase_project(project: Project, workspace: Workspace, *, force: bool = False) -> CarriedProject:
    """Make this ROM the base of a project that is open for changes, and carry its edits over. Nothing is written if it
    is the base already.

    Raises:
        UsageError: It is another game's ROM.
        HalscopeError: The project cannot be written.
    """
    carried = carried_project(project, workspace, force=force)
    if carried.state != project.state:
        project.save(carried.state, carried.sheets)
    project.remember_rom(workspace.rom)
    keep_knowledge(project, workspace)
    return carried


def rebase_lines(project: Project, carried: CarriedProject, workspace: Workspace) -> list[str]:
    """Return what became of a project's edits in another build of its ROM, a line for each that needs one."""
    edits, left = carried.state.edits.edits, carried.state.left
    lost = [one for one in left if one.state == "lost"]
    lines = [
        f"{project.folder}: starts from {workspace.rom.name} now (CRC32 {workspace.rom.crc32}): {len(edits)} "
        f"edit{'s' * (len(edits) != 1)} carried over, {len(carried.moved)} of them moved; {len(lost)} without a place"
    ]
    lines += [f"edit {edit.id}, {edit.name}: is back" for edit in edits if edit.id in carried.returned]
    return lines + [f"edit {one.edit.id}, {one.edit.name}: {one.reason}" for one in left]


def learn_from_project(project: Project, workspace: Workspace) -> None:
    """Use what a project's copy of the knowledge has of this ROM. A file that cannot be used is logged."""
    known = project.knowledge(workspace.rom.sha256)
    if known is None:
        return
    try:
        workspace.knowledge.update(lambda before: merge(before, known))
    except HalscopeError as error:
        log.warning("what the project knows of this ROM is not used: %s", error)


def use_project_knowledge(project: Project, workspace: Workspace) -> None:
    """Use what a project's copy of the knowledge has of this ROM, and nothing else: a patch is then the same on every
    machine. What this machine knows is neither read nor changed.

    The copy is of the project's own ROM, and of those before. For another build nothing changes: what this machine
    knows of it is used.

    Args:
        project: The project.
        workspace: The ROM, which was not indexed yet.
    """
    known = project.knowledge(workspace.rom.sha256)
    if known is None and workspace.rom.sha256 == project.state.base.sha256:
        known = Knowledge(workspace.rom.sha256)
    if known is not None:
        workspace.knowledge = HeldKnowledge(known)


def keep_knowledge(project: Project, workspace: Workspace) -> None:
    """Copy what is known of the project's ROM into its folder. Raises HalscopeError if that cannot be written."""
    known = workspace.known_before()
    if known is not None and known.rom_sha256 == project.state.base.sha256:
        project.keep_knowledge(known)
