"""The patch of the edits of a running game, and which saved sheets are not in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from halscope_hooks import HalscopeError

from halscope.app._edited_files import read_edit
from halscope.app._patch_files import write_patch
from halscope.app._rom_edits import EditsByRom
from halscope.app._room import room_options
from halscope.app._sheet_folder import SheetFolder

NOT_APPLIED: Final = "the game ended before it was applied; add it with `halscope inject` or --edit"


PatchSuffix = Literal[".bps", ".ips"]
PATCH_SUFFIXES: Final[tuple[PatchSuffix, ...]] = (".bps", ".ips")


@dataclass(frozen=True, slots=True)
class ExportedPatch:
    """A patch that was written for a person to give away.

    Args:
        path: The file.
        data: Its bytes.
        lines: What it is for, and what is not in it.
    """

    path: Path
    data: bytes = field(repr=False)
    lines: tuple[str, ...]


def file_stem(name: str) -> str:
    """Return the stem of a file for what belongs to a ROM of this name."""
    return re.sub(r"[^\w.-]+", "-", Path(name).stem).strip("-.") or "patch"


def left_out(folder: SheetFolder, refused: Set[str], *, nearest: bool) -> list[tuple[str, str]]:
    """Return the name of each saved sheet whose edit is not in the game, and why.

    Args:
        folder: The sheets.
        refused: Names of sheets that were refused when they were saved.
        nearest: Replace colours that the palette does not have.
    """
    late = {folder.name(path): path for path in folder.unread()}
    missing = [(name, "it was refused, as reported above") for name in sorted(refused - late.keys())]
    for name, path in late.items():
        try:
            changed = bool(read_edit(path, nearest=nearest).changes)
        except HalscopeError as error:
            missing.append((name, str(error)))
        else:
            missing += [(name, NOT_APPLIED)] * changed
    return missing


def write_edits(
    roms: EditsByRom, missing: list[tuple[str, str]], output: Path, *, headered: bool, force: bool
) -> Iterator[str]:
    """Write the edits of the first ROM as one patch, and yield lines of text for the user.

    Args:
        roms: The edits.
        missing: Names of sheets whose edits are not among them, and why.
        output: The patch or patched copy.
        headered: Make a patch for the ROM with a copier header.
        force: Also edit blocks whose start is not proven.

    Raises:
        HalscopeError: The edits cannot be placed, or the file cannot be written.
    """
    first = roms.first
    workspace = first.workspace
    for other in roms.unwritten():
        name = other.workspace.rom.name
        yield f"{name}: its edits are not in {output}, which is for {workspace.rom.name}; play {name} with -o"
    for name, why in missing:
        yield f"{name}: its edit is not in {output}: {why}"
    if not first.kept.edits:
        yield f"{output}: not written, {'no edit was applied' if missing else 'nothing was edited'}"
        return
    patch = first.patch if first.missing is None else None
    if patch is None:  # the game was reloaded, and the edits are not written again yet
        patch = first.kept.patch(
            workspace.rom,
            workspace.plugins.codecs(),
            index=workspace.index(),
            force=force,
            room=room_options(workspace, moved=first.moved),
        )
    written = write_patch(workspace, patch, output, headered=headered)
    yield f"{output}: {patch.summary}"
    for line in written.lines():
        yield f"{output}: {line}"
