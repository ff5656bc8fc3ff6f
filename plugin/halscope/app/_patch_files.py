"""Patches as files, in the form that the ending asks for."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from halscope_hooks import ExportRequest, Patch, PatchError

from halscope._files import refuse_same, write_atomic
from halscope.app._workspace import Workspace
from halscope.inject import apply_patch

log: Final = logging.getLogger("halscope.export")


def check_output(workspace: Workspace, output: Path) -> None:
    """Refuse an output that has no known form, or that is the ROM.

    Raises:
        UsageError: It is one of these.
    """
    workspace.plugins.exporter(output)
    if workspace.rom.path is not None:
        refuse_same(output, workspace.rom.path, "ROM")


def write_patch(workspace: Workspace, patch: Patch, output: Path) -> None:
    """Write a patch in the form that the output's ending asks for; a copier header of the ROM's file is kept.

    A patch is for the file as it is on disk, since that is what a patcher will be given. It is applied again and
    compared before it is written.

    Raises:
        UsageError: No exporter has this ending.
        PatchError: What the exporter made does not lead to the edited ROM; nothing is written.
    """
    rom = workspace.rom
    exporter = workspace.plugins.exporter(output)
    request = ExportRequest(
        source=rom.copier_header + rom.data.tobytes(),
        target=rom.copier_header + apply_patch(rom, patch),
        copier_header=len(rom.copier_header),
        patch=patch,
    )
    data = exporter.create(request)
    proof = exporter.apply(request.source, data)
    if proof is None:
        log.warning("%s: a %s cannot be read back, so nothing proves it", output, exporter.description)
    elif proof != request.target:
        raise PatchError(
            f"{output}: the {exporter.description} does not make the edited ROM; nothing was written; write a .bps"
        )
    write_atomic(output, data)
