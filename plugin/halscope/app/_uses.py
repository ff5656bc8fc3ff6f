"""Who else uses a tile, before it is painted: its block and its room, pointers, places in VRAM, figures and sheets."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from halscope_hooks import RAW_CODEC, TILE_BYTES, Frame, HalscopeError, Origin, Update, UsageError, VramOrigins

from halscope._files import read_limited
from halscope.app._figure_names import figure_name
from halscope.app._figure_sheet import figure_sheet
from halscope.app._room import room_options
from halscope.app._workspace import Workspace
from halscope.inject import slack_behind
from halscope.ppu import layer_tiles
from halscope.rom.mapping import snes_text

_MOST_JSON: Final = 16 << 20
_MOST_SHEETS: Final = 2000


@dataclass(frozen=True, slots=True)
class BlockUse:
    """The block that a tile is in, and what an edit of it has to keep to. Uncompressed tiles are no block.

    Args:
        codec: Its codec, or "raw".
        block_offset: Its file offset; of an uncompressed tile that of the tile.
        snes: Its address for the console, as text.
        start: How its start is known.
        tiles: Tiles of 32 bytes in it.
        packed: Its packed bytes in the ROM; 0 for raw tiles.
        slack: Unused bytes behind it.
        pointers: File offsets of the pointers that lead to it, which are rewritten if it has to move.
    """

    codec: str
    block_offset: int
    snes: str
    start: str
    tiles: int
    packed: int
    slack: int
    pointers: tuple[int, ...]

    @property
    def text(self) -> str:
        """Say what an edit has to keep to."""
        if self.codec == RAW_CODEC:
            return f"uncompressed at {self.block_offset:#x}: an edit always fits"
        count = len(self.pointers)
        leads = f"{count} pointer{'s' * (count != 1)} lead{'s' * (count == 1)} to it"
        else_ = f"{leads}, so it can move" if count else "no pointer is known, so it cannot move"
        slack = f" and {self.slack:,} behind it" if self.slack else ""
        return f"{self.codec} block at {self.block_offset:#x}: {self.packed:,} bytes{slack}; {else_}"


@dataclass(frozen=True, slots=True)
class FigureUse:
    """A figure on the screen that shows the tile, or others of its block.

    Args:
        name: Name of its sheet; empty where its tiles have no places.
        sprites: Its OAM entries.
        same: How often it shows the tile itself.
        block: How many of its tiles are of the block.
    """

    name: str
    sprites: tuple[int, ...]
    same: int
    block: int


@dataclass(frozen=True, slots=True)
class SheetUse:
    """A sheet in a folder, likewise."""

    sheet: str
    same: int
    block: int


@dataclass(frozen=True, slots=True)
class TileUses:
    """Who uses a tile of the ROM.

    Args:
        block: Its block.
        byte_offset: Its place in the decoded block.
        vram: Byte addresses in VRAM that hold it now.
        layers: How many of these a background layer shows.
        figures: The figures on the screen that an edit of the tile, or of its block, concerns.
        sheets: The sheets in the folder that it concerns.
        elsewhere: Other places of the ROM with the same bytes, which the edit would not change: codec, block offset,
            offset in the block.
    """

    block: BlockUse
    byte_offset: int
    vram: tuple[int, ...] = ()
    layers: int = 0
    figures: tuple[FigureUse, ...] = ()
    sheets: tuple[SheetUse, ...] = ()
    elsewhere: tuple[tuple[str, int, int], ...] = field(default=())

    def describe(self) -> dict[str, Any]:
        """Return the JSON form."""
        found = asdict(self)
        found["block"]["text"] = self.block.text
        found["elsewhere"] = [
            {"codec": codec, "block_offset": block, "byte_offset": byte} for codec, block, byte in self.elsewhere
        ]
        return found


def uses_of_tile(
    workspace: Workspace, update: Update, vram_byte: int, bpp: Literal[2, 4, 8], sheets: Path | None = None
) -> TileUses:
    """Return who uses a tile that is in VRAM.

    Args:
        workspace: The ROM.
        update: The frame.
        vram_byte: Byte address of the tile.
        bpp: Its bits per pixel.
        sheets: Folder of sheets, or `None`.

    Raises:
        UsageError: The ROM is not indexed yet, or the tile is not in it.
    """
    origins = update.origins
    if origins is None:
        raise UsageError("the ROM is not indexed yet; try again")
    found = origins.at(vram_byte, bpp)
    if not found:
        raise UsageError("this tile is not found in the ROM, so an edit of it has no place there")
    best = found[0]
    units = _units(origins, best)
    vram = tuple(unit * TILE_BYTES for unit, same in units.items() if same)
    shown = layer_tiles(update.snapshot).shown
    return TileUses(
        block_use(workspace, best),
        best.byte_offset,
        vram,
        int(sum(shown[at // TILE_BYTES] for at in vram)),
        _figures(workspace, update.frame, origins, units),
        () if sheets is None else uses_in_sheets(sheets, best),
        tuple((one.codec, one.block_offset, one.byte_offset) for one in found[1:]),
    )


def block_use(workspace: Workspace, origin: Origin) -> BlockUse:
    """Return the block of an origin and what an edit of it has to keep to. The ROM is indexed if it was not."""
    rom, index = workspace.rom, workspace.index()
    if origin.codec == RAW_CODEC:
        at = origin.block_offset + origin.byte_offset
        return BlockUse(RAW_CODEC, at, f"${snes_text(rom.to_snes(at))}", origin.start, 1, 0, 0, ())
    codec, offset = origin.codec, origin.block_offset
    block = index.block(origin)
    ranges = rom.stream_ranges(codec, offset, block.consumed)
    slack = slack_behind(rom, index, ranges[-1][1], room_options(workspace)) if len(ranges) == 1 else 0
    return BlockUse(
        *(codec, offset, f"${snes_text(rom.to_snes(offset))}", origin.start),
        *(len(block.data) // TILE_BYTES, block.consumed, slack),
        tuple(one.offset for one in index.references(codec, offset)),
    )


def uses_in_sheets(folder: Path, origin: Origin) -> tuple[SheetUse, ...]:
    """Return the sheets in a folder that show a tile or others of its block, those with the tile first.

    What is no sheet is left out.
    """
    mark = f'"block_offset":{origin.block_offset},'.encode()
    found = []
    for path in sorted(folder.rglob("*.json"))[:_MOST_SHEETS]:
        try:
            text = read_limited(path, _MOST_JSON, "sheet's JSON")
        except HalscopeError:
            continue
        if mark not in text:
            continue
        counted = _counted(text, origin)
        if counted["block"]:
            name = path.with_suffix(".png").relative_to(folder).as_posix()
            found.append(SheetUse(name, counted["same"], counted["block"]))
    return tuple(sorted(found, key=lambda one: (-one.same, one.sheet)))


def _counted(text: bytes, origin: Origin) -> Counter[str]:
    counted: Counter[str] = Counter()
    try:
        for cell in json.loads(text)["cells"]:
            place = cell["origin"]
            if place is not None and (place["codec"], place["block_offset"]) == (origin.codec, origin.block_offset):
                counted["block"] += 1
                counted["same"] += place["byte_offset"] == origin.byte_offset
    except (ValueError, KeyError, TypeError, RecursionError):
        return Counter()
    return counted


def _units(origins: VramOrigins, best: Origin) -> dict[int, bool]:
    """Return the units of VRAM that hold tiles of the block, each with whether it is the tile itself."""
    found = {}
    for unit in np.flatnonzero(origins.informative).tolist():
        one = origins.origins[unit][:1]
        if one and one[0].codec == best.codec and one[0].block_offset == best.block_offset:
            found[unit] = one[0].byte_offset == best.byte_offset
    return found


def _figures(
    workspace: Workspace, frame: Frame, origins: VramOrigins, units: Mapping[int, bool]
) -> tuple[FigureUse, ...]:
    found = []
    for group in workspace.plugins.group_sprites(frame):
        tiles = [
            unit
            for index in group.indices
            for unit in (frame.sprites[index].cells.ravel() // TILE_BYTES).tolist()
            if unit in units
        ]
        if tiles and group.pixels.any():
            name = figure_name(figure_sheet(workspace, frame, group, origins))
            found.append(FigureUse(name, tuple(group.indices), sum(units[unit] for unit in tiles), len(tiles)))
    return tuple(sorted(found, key=lambda one: -one.same))
