"""Turning edited sheets into a patch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from halscope_hooks import InjectError, Patch

from halscope.app._patch_files import PatchFile, check_output, write_patch
from halscope.app._workspace import Workspace
from halscope.inject import EditPlan, plan_changes, read_sheet, sheet_edit, to_patch


@dataclass(frozen=True, slots=True)
class Injection:
    """The result of an injection."""

    plan: EditPlan
    patch: Patch
    file: PatchFile


def inject(
    workspace: Workspace, pngs: Sequence[Path], output: Path, *, force: bool, nearest: bool, headered: bool = False
) -> Injection:
    """Make a patch from edited sheets and write it in the format of the output's extension.

    Args:
        workspace: The ROM.
        pngs: The edited sheets.
        output: The patch or patched copy.
        force: Also edit blocks whose start is not proven.
        nearest: Replace colours that the palette does not have by the nearest one in it.
        headered: Make a patch for the ROM with a copier header.

    Raises:
        UsageError: The extension is unknown, or the output is the ROM itself.
        InjectError: No sheet was edited; nothing is written.
        HalscopeError: An edit cannot be read or placed; nothing is written.
    """
    check_output(workspace, output, headered=headered)
    edits = [sheet_edit(read_sheet(path, nearest=nearest)) for path in pngs]
    if not any(one.changes for one in edits):
        raise InjectError(
            f"{output}: not written: nothing was edited; "
            f"{_as_extracted([edit.name for edit in edits])} still as extracted"
        )
    plan = plan_changes(workspace.rom, workspace.plugins.codecs(), edits, index=workspace.index(), force=force)
    patch = to_patch(plan)
    return Injection(plan, patch, write_patch(workspace, patch, output, headered=headered))


def _as_extracted(names: Sequence[str]) -> str:
    return f"{names[0]} is" if len(names) == 1 else f"all {len(names)} sheets are"
