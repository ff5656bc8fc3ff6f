"""Writing patches to files, in the format of the file extension."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Buffer, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from halscope_hooks import ExportRequest, Patch, PatchError, UsageError

from halscope._files import refuse_same, write_all_atomic
from halscope._rom_file import COPIER_BYTES
from halscope.app._workspace import Workspace
from halscope.inject import BlockEdit, PointerChange, RoomPlan, apply_patch
from halscope.rom.mapping import snes_text

log: Final = logging.getLogger("halscope.export")

_ALWAYS_BARE: Final = ".sfc"
_ALWAYS_HEADERED: Final = ".smc"
"""Patched copies: assemblers and emulators take `.sfc` as an image without copier header and `.smc` as one with it."""
_UNNAMED: Final = ".ips"


@dataclass(frozen=True, slots=True)
class PatchFile:
    """A written patch or patched copy, and what it is for.

    Args:
        path: The file.
        headered: Whether it is for (or is) an image behind a copier header.
        is_copy: Whether it is the patched ROM itself.
        source_crc32: CRC32 of the file that it is applied to, 8 lower-case hex digits.
        target_crc32: CRC32 of the result.
        source_bytes: Size of the file that it is applied to.
        notes: What the user should know about the base, a line each.
    """

    path: Path
    headered: bool
    is_copy: bool
    source_crc32: str
    target_crc32: str
    source_bytes: int
    notes: tuple[str, ...] = ()

    def describe(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "output": str(self.path),
            "headered": self.headered,
            "source_crc32": self.source_crc32,
            "target_crc32": self.target_crc32,
            "source_size": self.source_bytes,
        }

    def lines(self) -> list[str]:
        """Return what it is for, and the notes, as lines of text."""
        header = "with a copier header" if self.headered else "without a copier header"
        if self.is_copy:
            what = f"a ROM {header}, CRC32 {self.target_crc32} (before the edits {self.source_crc32})"
        else:
            what = (
                f"for the ROM {header}: {self.source_bytes} bytes, CRC32 {self.source_crc32}; "
                f"the result has CRC32 {self.target_crc32}"
            )
        return [what, *self.notes]


def check_output(workspace: Workspace, output: Path, *, headered: bool = False) -> None:
    """Refuse an output with an unknown extension, or one that is the ROM itself.

    Raises:
        UsageError: The output is one of these, `headered` contradicts its extension, or it is an IPS patch that the
            copier header of the ROM's file would shift.
    """
    workspace.plugins.exporter(output)
    if headered and output.suffix.lower() == _ALWAYS_BARE:
        raise UsageError(f"{output}: a .sfc never has a copier header; give a .smc, or leave out --headered")
    if output.suffix.lower() == _UNNAMED and workspace.rom.copier_header and not headered:
        raise UsageError(
            f"{output}: an IPS patch does not say which ROM it is for: applied to {workspace.rom.name}, whose copier "
            f"header shifts everything by {COPIER_BYTES} bytes, it would destroy it; give --headered for a patch of "
            "that file, or write a .bps"
        )
    if workspace.rom.path is not None:
        refuse_same(output, workspace.rom.path, "ROM")


def write_patch(workspace: Workspace, patch: Patch, output: Path, *, headered: bool = False) -> PatchFile:
    """Write a patch as one file; see `write_patches`."""
    return write_patches(workspace, patch, [output], headered=headered)[0]


def write_patches(
    workspace: Workspace, patch: Patch, outputs: Sequence[Path], *, headered: bool = False
) -> list[PatchFile]:
    """Write a patch, in the formats of the outputs' extensions. Each is applied and the result compared before anything
    is written, and all are on the disk before any takes its place.

    A patch is made for the image without copier header, whatever the ROM's file has, because that is what patches are
    exchanged for, and patchers strip the header of a file that has one.

    Args:
        workspace: The ROM.
        patch: The edits.
        outputs: The files. A `.smc` is written with a copier header, a `.sfc` without.
        headered: Make a patch for the image behind a copier header: that of the ROM's file, or 512 zeros.

    Raises:
        UsageError: No exporter has this extension.
        PatchError: Applying an exporter's output does not give the edited ROM; nothing is written.
        HalscopeError: A file cannot be written.
    """
    made = [_make_patch(workspace, patch, output, headered=headered) for output in outputs]
    write_all_atomic({file.path: data for file, data in made})
    return [file for file, _ in made]


def _make_patch(workspace: Workspace, patch: Patch, output: Path, *, headered: bool) -> tuple[PatchFile, Buffer]:
    rom = workspace.rom
    suffix = output.suffix.lower()
    is_copy = suffix in (_ALWAYS_BARE, _ALWAYS_HEADERED)
    headered = suffix == _ALWAYS_HEADERED or (headered and suffix != _ALWAYS_BARE)
    header = (rom.copier_header or bytes(COPIER_BYTES)) if headered else b""
    exporter = workspace.plugins.exporter(output)
    request = ExportRequest(
        source=header + rom.data.tobytes(),
        target=header + apply_patch(rom, patch),
        copier_header=len(header),
        patch=patch,
    )
    data = exporter.create(request)
    proof = exporter.apply(request.source, data)
    if proof is None:
        log.warning('%s: not verified: what the exporter "%s" writes cannot be read back', output, exporter.description)
    elif proof != request.target:
        raise PatchError(
            f"{output}: the {exporter.description} does not produce the edited ROM; nothing was written; write a .bps"
        )
    file = PatchFile(
        path=output,
        headered=headered,
        is_copy=is_copy,
        source_crc32=f"{zlib.crc32(request.source):08x}",
        target_crc32=f"{zlib.crc32(request.target):08x}",
        source_bytes=len(request.source),
        notes=tuple(_notes(workspace, headered)),
    )
    return file, data


def _notes(workspace: Workspace, headered: bool) -> list[str]:
    rom, game = workspace.rom, workspace.game
    notes = []
    if rom.copier_header and not headered:
        notes.append(
            "the ROM's file has a copier header, which is not counted; --headered makes a patch that counts it"
        )
    if game is not None and game.match.by == "title" and game.match.profile.sha256:
        notes.append(
            f"the ROM is not the known clean {game.match.profile.name}: it is another version, or was changed before; "
            "the patch fits only a ROM with the same CRC32"
        )
    if rom.has_header and rom.checksum_rule is None:
        notes.append("the checksum in the ROM's header follows no known rule and was left as it is")
    return notes


def block_fill(block: BlockEdit, room: RoomPlan | None = None) -> str:
    """Say how full the place of an edited block is: `hal block at 0x35d23: 2401 of 2625 bytes, 224 free`, or where it
    moved."""
    size = len(block.new_packed)
    if room is not None and (move := room.move_of(block.key)) is not None:
        return f"{block.name}: {size} of {block.old_packed_size} bytes, moved to {move.new:#x}"
    if room is not None and (slack := room.slack.get(block.key)):
        return f"{block.name}: {size} of {block.old_packed_size} bytes and {slack} behind it"
    return f"{block.name}: {size} of {block.old_packed_size} bytes, {block.old_packed_size - size} free"


def pointer_line(change: PointerChange) -> str:
    """Say which pointer changes and why it is believed: `pointer at 0x2769: $82:CFD1 -> ...`."""
    one, table = change.reference, change.reference.table
    if table.known:
        why = "named by the game's profile"
    elif table.stride:
        why = f"of a table of {table.count} at {table.base:#x}, {table.stride} bytes each, {table.evidence:.0f} nats"
    else:
        why = f"of {table.count} that belong together, {table.evidence:.0f} nats"
    return f"pointer at {one.offset:#x} ({one.shape}), {why}: ${snes_text(one.address)} -> ${snes_text(change.address)}"
