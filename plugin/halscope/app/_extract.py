"""Extracting graphics from a ROM, a recorded frame or a savestate as edit sheets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from halscope_hooks import RAW_CODEC, HalscopeError, Snapshot, StartEvidence, UsageError

from halscope.app._block_layout import COLUMNS, BlockLayout, BlockOptions, find_codec, find_layout
from halscope.app._doubts import doubts
from halscope.app._figure_names import layer_name
from halscope.app._index_page import write_index_page
from halscope.app._judged import judged_frame
from halscope.app._regroup import Regrouping, regroup
from halscope.app._rom_notes import RomNotes, sheet_name
from halscope.app._sheet_folder import describe, note_of
from halscope.app._shown_blocks import ShownBlocks, ShownSometime
from halscope.app._strips import recorded_strips
from halscope.app._tile_layout import tile_layout
from halscope.app._workspace import Workspace
from halscope.inject import (
    Sheet,
    grey_palette,
    sheet_from_block,
    sheet_from_layer,
    sheet_from_metasprite,
    sheet_from_raw,
    sheet_from_region,
    write_sheet,
)
from halscope.ppu.grouping import draw_group
from halscope.ppu.tiles import TileDepth


@dataclass(frozen=True, slots=True)
class WrittenSheet:
    """An edit sheet on disk.

    Args:
        png: The picture.
        json: Its sidecar.
        sheet: What they hold.
        layout: How the block that it shows is laid out; `None` if it shows no block.
        notes: Names of places in the ROM.
    """

    png: Path
    json: Path
    sheet: Sheet
    layout: BlockLayout | None = None
    notes: RomNotes = field(default_factory=RomNotes, repr=False)

    @property
    def places(self) -> str:
        """Where its tiles are from, and how many are locked."""
        text = describe(self.sheet, self.notes)
        if self.layout is None:
            return text
        text += f"; lead {self.layout.lead}" * (self.layout.lead > 0)
        text += "" if self.layout.crossing is None else f"; {self.layout.crossing}"
        if self.layout.shown is not None:
            text += f"; as in frame {self.layout.frame}" * (self.layout.frame is not None)
            text += "; not shown there" * (not self.layout.shown)
        if self.layout.depth_from is None:
            text += "; 4bpp is a guess: give --bpp, or a --recording or --state that shows it"
        elif self.layout.depth_from == "knowledge":
            text += f"; {self.layout.layout.bpp}bpp, as the game showed it before"
        if self.layout.colours_from == "knowledge":
            text += "; coloured as the game showed it before"
            text += f" (most often; {self.layout.more_palettes} more)" if self.layout.more_palettes else ""
        return text

    @property
    def colours(self) -> list[list[str]]:
        """The colours of each of its palettes, `#rrggbb`."""
        rgb = self.sheet.rgb.reshape(len(self.sheet.palettes), -1, 3).tolist()
        return [[f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in palette] for palette in rgb]

    @property
    def has_colours(self) -> bool:
        """Whether its palettes are the game's, not the ones that stand in for unknown ones."""
        return not np.array_equal(self.sheet.palettes, grey_palette(self.sheet.bpp).reshape(1, -1))

    def describe(self) -> dict[str, Any]:
        """Return the JSON form."""
        counts: dict[tuple[str, int, str], int] = {}
        for cell in self.sheet.cells:
            if (origin := cell.origin) is not None:
                key = origin.codec, origin.block_offset, origin.start
                counts[key] = counts.get(key, 0) + 1
        document: dict[str, Any] = {
            "png": str(self.png),
            "json": str(self.json),
            "tiles": len(self.sheet.cells),
            "locked": sum(cell.origin is None for cell in self.sheet.cells),
            "origins": [
                {"codec": codec, "block_offset": offset, "start": start, "tiles": tiles}
                for (codec, offset, start), tiles in counts.items()
            ],
            "palettes": self.colours,
        }
        if self.sheet.doubts:
            document["doubts"] = list(self.sheet.doubts)
        if self.layout is not None:
            document |= {"lead": self.layout.lead, "columns": self.layout.columns, **self.layout.layout.describe()}
            document |= {"depth_from": self.layout.depth_from, "colours_from": self.layout.colours_from}
            document |= {"crosses": None} if self.layout.crossing is None else self.layout.crossing.describe()
            if self.layout.shown is not None:
                document["shown"] = self.layout.shown
            if self.layout.frame is not None:
                document["frame"] = self.layout.frame
        return document


@dataclass(frozen=True, slots=True)
class RegionOptions:
    """The size of a rectangle of VRAM in tiles, and their bits per pixel."""

    columns: int
    rows: int
    bpp: TileDepth


def extract_blocks(
    workspace: Workspace,
    offsets: Sequence[int] | None,
    folder: Path,
    options: BlockOptions,
    *,
    moment: Snapshot | None = None,
    moments: Iterable[tuple[int, Snapshot]] | None = None,
    overwrite: bool,
) -> list[WrittenSheet]:
    """Write blocks as edit sheets.

    Args:
        workspace: The ROM.
        offsets: File offsets of the blocks; `None` for every listed block that contains at least one whole tile.
        folder: Existing folder for the sheets.
        options: What the user says about the blocks.
        moment: A moment of the game; blocks that it shows are laid out and coloured as there. The others have the
            colours that the game showed them with before, as far as that is known.
        moments: In place of `moment`, frames of a recording and their numbers: the first that shows a block counts for
            it.
        overwrite: Replace existing sheets.

    Raises:
        InjectError: No stream begins at an offset.
        ImageError: A block is smaller than one tile.
    """
    starts: dict[tuple[str, int], StartEvidence] = {
        (block.codec, block.offset): block.start for block in workspace.blocks(min_score=0)
    }
    least = (options.lead or 0) + tile_layout(options.bpp, options.transform, workspace.rom.transforms).stored_bytes
    wanted = (
        [(options.codec or find_codec(workspace, offset), offset) for offset in offsets]
        if offsets is not None
        else [(block.codec, block.offset) for block in workspace.blocks() if block.size >= least]
    )
    shown: ShownBlocks | ShownSometime | None = None if moment is None else _shown_blocks(workspace, moment)
    if moments is not None:
        shown = ShownSometime((number, _shown_blocks(workspace, one)) for number, one in moments)
    known = workspace.known_before()
    written = []
    for name, offset in wanted:
        codec = workspace.codec(name)
        found = find_layout(workspace, codec, offset, options, shown, known)
        sheet = sheet_from_block(
            workspace.rom,
            codec,
            offset,
            palette=found.palette,
            start=starts.get((name, offset), "content"),
            bpp=found.layout.bpp,
            transform=found.layout.transform,
            lead=found.lead,
            columns=found.columns,
            count=options.tiles,
        )
        path = folder / f"{sheet_name(workspace.rom_notes, name, offset)}.png"
        written.append(write(sheet, path, overwrite=overwrite, shown=found, notes=workspace.rom_notes))
    return written


def _shown_blocks(workspace: Workspace, moment: Snapshot) -> ShownBlocks:
    frame = judged_frame(moment, workspace.rom)
    return ShownBlocks(frame, workspace.plugins.group_sprites(frame), workspace.index().locate_vram(moment.vram))


def extract_raw(
    workspace: Workspace,
    offsets: Sequence[int],
    folder: Path,
    *,
    count: int,
    options: BlockOptions,
    overwrite: bool,
) -> list[WrittenSheet]:
    """Write `count` uncompressed tiles from each file offset on as an edit sheet.

    Raises:
        ImageError: The ROM ends before the last tile.
        UsageError: It ends before the last colour.
    """
    layout = tile_layout(options.bpp, options.transform, workspace.rom.transforms)
    palette = None if options.palette is None else layout.read_palette(workspace.rom, options.palette)
    return [
        write(
            sheet_from_raw(
                workspace.rom,
                offset,
                count,
                palette=palette,
                bpp=layout.bpp,
                transform=layout.transform,
                columns=options.columns or COLUMNS,
            ),
            folder / f"{sheet_name(workspace.rom_notes, RAW_CODEC, offset)}.png",
            overwrite=overwrite,
            notes=workspace.rom_notes,
        )
        for offset in offsets
    ]


def extract_sprites(
    workspace: Workspace,
    snapshot: Snapshot,
    source: str,
    folder: Path,
    *,
    single: bool,
    regrouping: Regrouping,
    overwrite: bool,
) -> list[WrittenSheet]:
    """Write the sprites of a moment as edit sheets, one per figure, or with `single` one per sprite.

    Args:
        workspace: The ROM.
        snapshot: The moment.
        source: Where it comes from, for messages.
        folder: Existing folder for the sheets.
        single: Write each sprite on its own.
        regrouping: Figures to merge or to split.
        overwrite: Replace existing sheets.

    Raises:
        UsageError: The sprites cannot be decoded, no figure has a name of `regrouping`, or a sheet exists and
            `overwrite` is not set.
    """
    decoded = judged_frame(snapshot, workspace.rom)
    if decoded.sprites_unknown:
        raise UsageError(f"{source}: {decoded.sprites_unknown}")
    origins = workspace.index().locate_vram(snapshot.vram)
    codecs = workspace.plugins.codecs()
    groups = workspace.plugins.group_sprites(decoded)
    if single:
        groups = tuple(draw_group(decoded, [index]) for group in groups for index in group.indices)
    figures, found = regroup(
        decoded,
        groups,
        regrouping if single else workspace.figures.regrouping(regrouping),
        lambda group: sheet_from_metasprite(decoded, group, origins, workspace.rom, codecs),
        workspace.figures.sheet_name,
    )
    for name in regrouping.names:
        if figures and name not in found:
            raise UsageError(f"{source}: shows no figure {name!r}; extract it without --merge and --split to see names")
    sheets: dict[str, Sheet] = {}  # a frame may show one figure twice, which is one sheet
    for figure in figures:
        sheets.setdefault(figure.name, replace(figure.sheet, doubts=doubts(decoded)))
    return [
        write(sheet, folder / f"{name}.png", overwrite=overwrite, notes=workspace.rom_notes)
        for name, sheet in sheets.items()
    ]


def extract_layers(
    workspace: Workspace, snapshot: Snapshot, source: str, layers: Sequence[int], folder: Path, *, overwrite: bool
) -> list[WrittenSheet]:
    """Write background layers of a moment, each as one edit sheet.

    Args:
        workspace: The ROM.
        snapshot: The moment.
        source: Where it comes from, for messages.
        layers: Their numbers, 1 to 4.
        folder: Existing folder for the sheets.
        overwrite: Replace existing sheets.

    Raises:
        UsageError: The BG mode has no such layer, a register is not known, or a sheet exists and `overwrite` is not
            set.
    """
    decoded = judged_frame(snapshot, workspace.rom)
    origins = workspace.index().locate_vram(snapshot.vram)
    codecs = workspace.plugins.codecs()
    written = []
    for layer in dict.fromkeys(layers):
        try:
            sheet = sheet_from_layer(
                decoded.snapshot, layer, origins, workspace.rom, codecs, lookup=workspace.index().lookup
            )
        except UsageError as error:
            raise UsageError(f"{source}: {error}") from None
        path = folder / f"{layer_name(sheet, layer)}.png"
        written.append(
            write(replace(sheet, doubts=doubts(decoded)), path, overwrite=overwrite, notes=workspace.rom_notes)
        )
    return written


def extract_region(
    workspace: Workspace, snapshot: Snapshot, vram_byte: int, folder: Path, options: RegionOptions, *, overwrite: bool
) -> list[WrittenSheet]:
    """Write a rectangle of a moment's VRAM as an edit sheet, `vram-6000.png`.

    Args:
        workspace: The ROM.
        snapshot: The moment.
        vram_byte: Byte address of the upper left tile.
        folder: Existing folder for the sheet.
        options: What the user says about it.
        overwrite: Replace an existing sheet.

    Raises:
        ImageError: The rectangle is not inside VRAM.
        UsageError: The sheet exists and `overwrite` is not set.
    """
    decoded = judged_frame(snapshot, workspace.rom)
    origins = workspace.index().locate_vram(snapshot.vram)
    codecs = workspace.plugins.codecs()
    sheet = sheet_from_region(
        *(decoded, vram_byte, origins, workspace.rom, codecs),
        columns=options.columns,
        rows=options.rows,
        bpp=options.bpp,
    )
    sheet = replace(sheet, doubts=doubts(decoded))
    path = folder / f"vram-{vram_byte:04x}.png"
    return [write(sheet, path, overwrite=overwrite, notes=workspace.rom_notes)]


def extract_strips(
    workspace: Workspace, recording: Path, names: Sequence[str], folder: Path, *, overwrite: bool
) -> list[WrittenSheet]:
    """Write all pictures that figures show in a recording, one sheet for each name.

    Args:
        workspace: The ROM.
        recording: The recording.
        names: Names of the figures' sheets, or of the folders that they are in.
        folder: Existing folder for the sheets.
        overwrite: Replace existing sheets.

    Raises:
        UsageError: No figure has one of the names, or a sheet exists and `overwrite` is not set.
        ImageError: The pictures of a figure do not fit in one sheet.
    """
    strips = recorded_strips(workspace, recording, names)
    return [
        write(strip.sheet, folder / f"{strip.name}.png", overwrite=overwrite, notes=workspace.rom_notes)
        for strip in strips
    ]


def write(
    sheet: Sheet, path: Path, *, overwrite: bool, shown: BlockLayout | None = None, notes: RomNotes | None = None
) -> WrittenSheet:
    """Write one edit sheet; `shown` is how the block that it shows is laid out, `notes` has the names of its places.

    Raises:
        UsageError: The file exists, possibly with the user's edits, and `overwrite` is not set.
    """
    if path.exists() and not overwrite:
        raise UsageError(f"{path}: already exists and may contain edits; give another --out, or --overwrite")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HalscopeError(f"{path.parent}: cannot be created: {error.strerror or error}") from error
    png, json = write_sheet(sheet, None, path)
    return WrittenSheet(png, json, sheet, shown, RomNotes() if notes is None else notes)


def write_page(workspace: Workspace, folder: Path, written: Sequence[WrittenSheet]) -> Path:
    """Write the index page of all sheets in the folder, and return its path. Raises HalscopeError."""
    notes = {sheet.png.relative_to(folder).as_posix(): note_of(sheet.sheet, sheet.places) for sheet in written}
    return write_index_page(folder, workspace.rom.title or workspace.rom.name, notes)
