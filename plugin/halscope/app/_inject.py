"""Turning edited sheets into a patch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from halscope_hooks import Patch

from halscope.app._patch_files import PatchFile, check_output, write_patch
from halscope.app._workspace import Workspace
from halscope.inject import EditPlan, plan_edits, read_sheet, to_patch


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
        HalscopeError: An edit cannot be read or placed; nothing is written.
    """
    check_output(workspace, output, headered=headered)
    edited = [read_sheet(path, nearest=nearest) for path in pngs]
    plan = plan_edits(workspace.rom, workspace.plugins.codecs(), edited, index=workspace.index(), force=force)
    patch = to_patch(plan)
    return Injection(plan, patch, write_patch(workspace, patch, output, headered=headered))
