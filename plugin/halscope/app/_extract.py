"""Extracting graphics from a ROM, a recorded frame or a savestate as edit sheets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from halscope_hooks import RAW_CODEC, Snapshot, StartEvidence, UsageError
from numpy.typing import NDArray

from halscope.app._tile_layout import TileLayout
from halscope.app._workspace import Workspace
from halscope.inject import (
    Sheet,
    sheet_from_block,
    sheet_from_metasprite,
    sheet_from_raw,
    sheet_from_sprite,
    write_sheet,
)
from halscope.ppu import decode_frame


@dataclass(frozen=True, slots=True)
class WrittenSheet:
    """An edit sheet on disk."""

    png: Path
    json: Path
    tiles: int


def extract_blocks(
    workspace: Workspace,
    offsets: Sequence[int] | None,
    folder: Path,
    *,
    codec: str,
    layout: TileLayout,
    lead: int,
    columns: int,
    palette: NDArray[np.uint16] | None,
    overwrite: bool,
) -> list[WrittenSheet]:
    """Write blocks as edit sheets. `offsets` None means every listed block that contains at least one whole tile.

    Raises:
        InjectError: No stream begins at an offset.
        ImageError: A block is smaller than one tile.
    """
    starts: dict[tuple[str, int], StartEvidence] = {
        (block.codec, block.offset): block.start for block in workspace.blocks(min_score=0)
    }
    wanted = (
        [(codec, offset) for offset in offsets]
        if offsets is not None
        else [(block.codec, block.offset) for block in workspace.blocks() if block.size >= lead + layout.stored_bytes]
    )
    written = []
    for name, offset in wanted:
        sheet = sheet_from_block(
            workspace.rom,
            workspace.codec(name),
            offset,
            palette=palette,
            start=starts.get((name, offset), "content"),
            bpp=layout.bpp,
            transform=layout.transform,
            lead=lead,
            columns=columns,
        )
        written.append(write(sheet, folder / f"{name}-{offset:06x}.png", overwrite=overwrite))
    return written


def extract_raw(
    workspace: Workspace,
    offsets: Sequence[int],
    folder: Path,
    *,
    count: int,
    layout: TileLayout,
    columns: int,
    palette: NDArray[np.uint16] | None,
    overwrite: bool,
) -> list[WrittenSheet]:
    """Write `count` uncompressed tiles from each file offset on as an edit sheet.

    Raises:
        ImageError: The ROM ends before the last tile.
    """
    return [
        write(
            sheet_from_raw(
                workspace.rom,
                offset,
                count,
                palette=palette,
                bpp=layout.bpp,
                transform=layout.transform,
                columns=columns,
            ),
            folder / f"{RAW_CODEC}-{offset:06x}.png",
            overwrite=overwrite,
        )
        for offset in offsets
    ]


def extract_sprites(
    workspace: Workspace, snapshot: Snapshot, source: str, folder: Path, *, single: bool, overwrite: bool
) -> list[WrittenSheet]:
    """Write the sprites of a moment as edit sheets, one per metasprite, or with `single` one per sprite.

    Args:
        workspace: The ROM.
        snapshot: The moment.
        source: Where it comes from, for messages.
        folder: Existing folder for the sheets.
        single: Write each sprite on its own.
        overwrite: Replace existing sheets.

    Raises:
        UsageError: The sprites cannot be decoded, or a sheet exists and `overwrite` is not set.
    """
    decoded = decode_frame(snapshot)
    if decoded.sprites_unknown:
        raise UsageError(f"{source}: {decoded.sprites_unknown}")
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
        UsageError: The file exists, possibly with the user's edits, and `overwrite` is not set.
    """
    if path.exists() and not overwrite:
        raise UsageError(f"{path}: already exists and may contain edits; give another --out, or --overwrite")
    png, json = write_sheet(sheet, None, path)
    return WrittenSheet(png, json, len(sheet.cells))
