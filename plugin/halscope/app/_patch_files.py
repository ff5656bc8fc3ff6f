"""Writing patches to files, in the format of the file extension."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from halscope_hooks import ExportRequest, Patch, PatchError

from halscope._files import refuse_same, write_atomic
from halscope.app._workspace import Workspace
from halscope.inject import BlockEdit, apply_patch

log: Final = logging.getLogger("halscope.export")


def check_output(workspace: Workspace, output: Path) -> None:
    """Refuse an output with an unknown extension, or one that is the ROM itself.

    Raises:
        UsageError: The output is one of these.
    """
    workspace.plugins.exporter(output)
    if workspace.rom.path is not None:
        refuse_same(output, workspace.rom.path, "ROM")


def write_patch(workspace: Workspace, patch: Patch, output: Path) -> None:
    """Write a patch in the format of the output's extension; a copier header of the ROM file is kept.

    The patch is against the file on disk, because that is what the user gives to a patcher. It is applied and the
    result compared before anything is written.

    Raises:
        UsageError: No exporter has this extension.
        PatchError: Applying the exporter's output does not give the edited ROM; nothing is written.
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
        log.warning("%s: a %s cannot be read back, so it was not verified", output, exporter.description)
    elif proof != request.target:
        raise PatchError(
            f"{output}: the {exporter.description} does not produce the edited ROM; nothing was written; write a .bps"
        )
    write_atomic(output, data)


def block_fill(block: BlockEdit) -> str:
    """Say how full the place of an edited block is: `hal block at 0x35d23: 2401 of 2625 bytes, 224 free`."""
    size = len(block.new_packed)
    return f"{block.name}: {size} of {block.old_packed_size} bytes, {block.old_packed_size - size} free"
