"""Graphics out of a ROM or a recorded frame as edit sheets, and edited sheets back as a patch file."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from halscope_hooks import ExportRequest, Patch, PatchError, StartEvidence, UsageError
from numpy.typing import NDArray

from halscope._files import refuse_same, write_atomic
from halscope.app._workspace import Workspace
from halscope.export.pictures import indexed_png
from halscope.formats.dumps import load_states
from halscope.formats.recording import RecordingReader
from halscope.inject import (
    EditPlan,
    Sheet,
    apply_patch,
    plan_edits,
    read_sheet,
    sheet_from_block,
    sheet_from_metasprite,
    sheet_from_sprite,
    to_patch,
    write_sheet,
)
from halscope.ppu import decode_frame
from halscope.ppu.cgram import obj_palette
from halscope.ppu.tiles import TileDepth
from halscope.rom.image import Rom
from halscope.rom.index import TILE_BYTES

log: Final = logging.getLogger("halscope.export")


@dataclass(frozen=True, slots=True)
class WrittenSheet:
    """An edit sheet on disk."""

    png: Path
    json: Path
    tiles: int


@dataclass(frozen=True, slots=True)
class Injection:
    """What an injection did."""

    plan: EditPlan
    patch: Patch


def read_palette(rom: Rom, offset: int, colours: int) -> NDArray[np.uint16]:
    """uint16[colours], BGR555 as it stands in the ROM.

    Raises:
        UsageError: The ROM ends before the last colour.
    """
    if offset + 2 * colours > rom.data.size:
        raise UsageError(f"{rom.name}: no {colours} colours at {offset:#x}: the ROM ends at {rom.data.size:#x}")
    return rom.data[offset : offset + 2 * colours].copy().view("<u2").astype(np.uint16) & np.uint16(0x7FFF)


def extract_blocks(
    workspace: Workspace,
    offsets: Sequence[int] | None,
    folder: Path,
    *,
    codec: str,
    bpp: TileDepth,
    lead: int,
    columns: int,
    palette: NDArray[np.uint16] | None,
    overwrite: bool,
) -> list[WrittenSheet]:
    """Write blocks as edit sheets; `offsets` None: every block that the index lists and that holds a whole tile.

    Raises:
        InjectError: No stream begins at an offset.
        ImageError: A block holds no whole tile.
    """
    starts: dict[tuple[str, int], StartEvidence] = {
        (block.codec, block.offset): block.start for block in workspace.blocks(min_score=0)
    }
    wanted = (
        [(codec, offset) for offset in offsets]
        if offsets is not None
        else [(block.codec, block.offset) for block in workspace.blocks() if block.size >= lead + 8 * bpp]
    )
    written = []
    for name, offset in wanted:
        sheet = sheet_from_block(
            workspace.rom,
            workspace.codec(name),
            offset,
            palette=palette,
            start=starts.get((name, offset), "content"),
            bpp=bpp,
            lead=lead,
            columns=columns,
        )
        written.append(write(sheet, folder / f"{name}-{offset:06x}.png", overwrite=overwrite))
    return written


def extract_sprites(
    workspace: Workspace, recording: Path, frame: int, folder: Path, *, single: bool, overwrite: bool
) -> list[WrittenSheet]:
    """Write the sprites of a recorded frame as edit sheets: in groups that belong together, or each by itself.

    Raises:
        UsageError: The recording has no such frame, or its sprites cannot be known.
    """
    with RecordingReader(recording) as reader:
        if frame >= len(reader):
            raise UsageError(f"{recording}: has the frames 0 to {len(reader) - 1}, not {frame}")
        snapshot = reader[frame]
    decoded = decode_frame(snapshot)
    if decoded.sprites_unknown:
        raise UsageError(f"{recording}: frame {frame}: {decoded.sprites_unknown}")
    origins = workspace.index().locate_vram(snapshot.vram)
    groups = workspace.plugins.group_sprites(decoded)
    codecs = workspace.plugins.codecs()
    if single:
        return [
            write(
                sheet_from_sprite(decoded, decoded.sprites[index], origins, workspace.rom, codecs),
                folder / f"sprite-{index:03}.png",
                overwrite=overwrite,
            )
            for group in groups
            for index in group.indices
        ]
    return [
        write(
            sheet_from_metasprite(decoded, group, origins, workspace.rom, codecs),
            folder / f"sprites-{group.indices[0]:03}.png",
            overwrite=overwrite,
        )
        for group in groups
    ]


def write(sheet: Sheet, path: Path, *, overwrite: bool) -> WrittenSheet:
    """Write one edit sheet.

    Raises:
        UsageError: There is one already, perhaps with somebody's work in it, and `overwrite` is not set.
    """
    if path.exists() and not overwrite:
        raise UsageError(f"{path}: is there already, perhaps edited; give another --out, or --overwrite")
    png, json = write_sheet(sheet, None, path)
    return WrittenSheet(png, json, len(sheet.cells))


def inject(workspace: Workspace, pngs: Sequence[Path], output: Path, *, force: bool, nearest: bool) -> Injection:
    """Make a patch from edited sheets and write it, in the form that the output's ending says.

    Raises:
        UsageError: The ending is unknown, or the output is the ROM itself.
        HalscopeError: An edit cannot be read or placed; nothing is written.
    """
    check_output(workspace, output)
    edited = [read_sheet(path, nearest=nearest) for path in pngs]
    plan = plan_edits(workspace.rom, workspace.plugins.codecs(), edited, index=workspace.index(), force=force)
    patch = to_patch(plan)
    write_patch(workspace, patch, output)
    return Injection(plan, patch)


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


def inspect_files(
    files: Sequence[Path], obsel: int | None, workspace: Workspace | None, folder: Callable[[], Path]
) -> list[dict[str, Any]]:
    """Decode the sprites of memory dumps or of a savestate, and write each as a PNG.

    Raises:
        UsageError: OBSEL is in none of the files, and was not given; or they are of more than one state.
        FormatError: A file is not what its size or beginning says.
    """
    states = load_states(files, obsel=obsel)
    if len(states) > 1:
        names = ", ".join(state.name for state in states)
        raise UsageError(f"the files hold {len(states)} states ({names}); inspect one at a time")
    snapshot = states[0].snapshot
    frame = decode_frame(snapshot)
    if frame.sprites_unknown:
        raise UsageError(f"{files[0]}: {frame.sprites_unknown}; memory dumps do not hold that register: give --obsel N")
    origins = None if workspace is None else workspace.index().locate_vram(snapshot.vram)
    target = folder()
    rows: list[dict[str, Any]] = []
    for sprite in frame.sprites:
        png = target / f"sprite-{sprite.index:03}.png"
        write_atomic(png, indexed_png(sprite.pixels, obj_palette(frame.palettes, sprite.palette), 0))
        row: dict[str, Any] = {
            "index": sprite.index,
            "x": sprite.x,
            "y": sprite.y,
            "width": sprite.width,
            "height": sprite.height,
            "palette": sprite.palette,
            "priority": sprite.priority,
            "hflip": sprite.hflip,
            "vflip": sprite.vflip,
            "png": str(png),
        }
        if origins is not None:
            row["origins"] = [
                [asdict(origin) for origin in origins.origins[int(at) // TILE_BYTES]] for at in sprite.cells.flat
            ]
        rows.append(row)
    return rows
