"""How a block is laid out as a sheet, found where the user does not say: codec, place of its tiles, colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from halscope_hooks import NO_TRANSFORM, RAW_CODEC, Codec, CodecError, Origin, Transform
from numpy.typing import NDArray

from halscope.app._judged_layout import JudgedLayout, judged_layout, judged_lead
from halscope.app._listed_blocks import LISTED_SCORE, ListedBlock
from halscope.app._shown_blocks import ShownBlocks, ShownSometime
from halscope.app._start_evidence import start_evidence
from halscope.app._tile_layout import TileLayout, describe_origin, tile_layout
from halscope.app._workspace import Workspace
from halscope.rom.edges import Crossing
from halscope.rom.image import Rom, Stream

if TYPE_CHECKING:
    from halscope.project import Knowledge

COLUMNS: Final = 16
"""Tiles per row where nothing is known: as in the console's tile pages."""
DEFAULT_CODEC: Final = "hal"
_DEPTH_OF: Final = {4: 2, 16: 4, 256: 8}
"""Bits per pixel by the number of colours of a palette."""

ColourSource = Literal["rom", "moment", "knowledge"]
"""Where a block's colours are from: the given place in the ROM, the given moment, or what the game showed before."""
DepthSource = Literal["option", "game", "moment", "bytes", "knowledge"]
"""How a block's depth and transform are known: from the user, the game's profile, the given moment, the block's bytes,
or what the game showed before."""


@dataclass(frozen=True, slots=True)
class BlockOptions:
    """What a user says about the blocks to extract; `None` is found for each block.

    Args:
        codec: Name of the codec.
        bpp: Bits per pixel as stored, see `tile_layout`.
        transform: Name of the transform, see `tile_layout`.
        lead: Bytes before the first tile.
        columns: Tiles per row.
        palette: File offset of the colours in the ROM.
        tiles: Number of tiles; `None` for all of a block.
    """

    codec: str | None = None
    bpp: int | None = None
    transform: str | None = None
    lead: int | None = None
    columns: int | None = None
    palette: int | None = None
    tiles: int | None = None


@dataclass(frozen=True, slots=True)
class BlockLayout:
    """How a block is shown.

    Args:
        layout: How its tiles are stored and shown.
        lead: Bytes before the first tile.
        columns: Tiles per row.
        palette: uint16[2^bpp], BGR555; `None` for greys.
        colours_from: Where the palette is from; `None` for greys.
        more_palettes: How many other palettes the game showed the block with, if they are from there.
        shown: Whether the given moment shows the block; `None` if no moment was given.
        crossing: The bank edge that the block crosses and how it was read on there; `None` if it crosses none.
        depth_from: How `layout` is known; `None` if it is not, and the usual 4bpp stands for it.
        frame: The frame of the recording that `shown` means, if it was searched for.
    """

    layout: TileLayout
    lead: int
    columns: int
    palette: NDArray[np.uint16] | None
    colours_from: ColourSource | None = None
    more_palettes: int = 0
    shown: bool | None = None
    crossing: Crossing | None = None
    depth_from: DepthSource | None = None
    frame: int | None = None


def find_codec(workspace: Workspace, offset: int) -> str:
    """Return the name of the codec of the block at a file offset.

    The index names it if it knows a start there. Otherwise it is the codec that decodes a block, the default one first.
    """
    index = workspace.index()
    known = index.families[index.families["offset"] == offset]
    if len(known):
        best = known[int(np.lexsort((-known["score"], known["start"]))[0])]
        return index.codecs[int(best["codec"])].name
    codecs = sorted(workspace.codecs(), key=lambda codec: codec.name != DEFAULT_CODEC)
    return next((codec.name for codec in codecs if _decoded(workspace, codec, offset) is not None), DEFAULT_CODEC)


def find_layout(
    workspace: Workspace,
    codec: Codec,
    offset: int,
    options: BlockOptions,
    shown: ShownBlocks | ShownSometime | None = None,
    known: Knowledge | None = None,
) -> BlockLayout:
    """Return the layout of a block: what the user says, and the rest as it is found or by default.

    Args:
        workspace: The ROM.
        codec: The block's codec.
        offset: Its file offset.
        options: What the user says.
        shown: The blocks of a moment or of several, to take the rest from where the game shows this one.
        known: What was learnt about the game, to take the colours from if no moment shows the block, and the depth if
            the block's bytes do not tell it either.

    Raises:
        UsageError: The ROM ends before the last colour, or there is no such transform or depth.
    """
    rom = workspace.rom
    named = rom.block_transforms.get(codec.name, offset)
    wanted: TileLayout | None = None
    depth_from: DepthSource | None = None
    if options.bpp is not None or options.transform is not None:
        wanted, depth_from = tile_layout(options.bpp, options.transform, rom.transforms), "option"
    elif named not in (None, NO_TRANSFORM):
        wanted, depth_from = tile_layout(None, named, rom.transforms), "game"
    seen = None if shown is None else shown.find(codec.name, offset, wanted)
    stream = _stream(workspace, codec, offset)
    data = b"" if stream is None else stream.block.data.tobytes()
    before = None if known is None else _DEPTH_OF.get(known.colours_of(codec.name, offset) or 0)
    if seen is not None:
        layout, lead, depth_from = seen.layout, seen.lead, depth_from or "moment"
    elif wanted is not None:
        layout, lead = wanted, judged_lead(data, wanted)
    elif (judged := judged_layout(data[options.lead or 0 :])) is not None:
        (layout, lead), depth_from = judged, "bytes"
    elif before is not None:
        layout, depth_from = tile_layout(before, None), "knowledge"
        lead = judged_lead(data, layout)
    else:
        layout = tile_layout(None, None)
        lead = judged_lead(data, layout)
    lead = lead if options.lead is None else options.lead
    palette: NDArray[np.uint16] | None = None
    source: ColourSource | None = None
    palettes = () if known is None else known.seen_with(codec.name, offset, 1 << layout.bpp)
    if options.palette is not None:
        palette, source = layout.read_palette(rom, options.palette), "rom"
    elif seen is not None:
        palette, source = seen.palette, "moment"
    elif palettes:
        palette, source = np.array(palettes[0].colours, np.uint16), "knowledge"
    columns = options.columns or (None if seen is None else seen.columns) or COLUMNS
    crossing = None if stream is None else rom.crossing(codec.name, stream)
    return BlockLayout(
        layout,
        lead,
        columns,
        palette,
        source,
        len(palettes) - 1 if source == "knowledge" else 0,
        None if shown is None else seen is not None,
        crossing,
        depth_from,
        None if seen is None else seen.frame,
    )


def stored_layout(rom: Rom, codec: str, block_offset: int, data: bytes) -> JudgedLayout | None:
    """Return how the tiles of a block are stored, as the game's profile says or else as its bytes show.

    Args:
        rom: The ROM.
        codec: Name of the block's codec.
        block_offset: Its file offset.
        data: The decoded block.

    Returns:
        `None` if the profile says nothing and the bytes are not clear.
    """
    named = rom.block_transforms.get(codec, block_offset)
    if named in (None, NO_TRANSFORM):
        return judged_layout(data)
    layout = tile_layout(None, named, rom.transforms)
    return JudgedLayout(layout, judged_lead(data, layout))


def listed_layouts(workspace: Workspace, blocks: Sequence[ListedBlock]) -> list[JudgedLayout | None]:
    """Return the layouts of listed blocks, as far as they are known. Blocks that are unlikely are not judged."""
    layouts: list[JudgedLayout | None] = []
    for block in blocks:
        likely = block.score is not None and block.score >= LISTED_SCORE
        data = _decoded(workspace, workspace.codec(block.codec), block.offset) if likely else None
        layouts.append(None if data is None else stored_layout(workspace.rom, block.codec, block.offset, data))
    return layouts


def describe_layout(found: JudgedLayout | None) -> dict[str, Any]:
    """Return the JSON form of a block's layout: `lead`, `bpp` (as stored) and `transform`, null where unknown."""
    if found is None:
        return {"lead": None, "bpp": None, "transform": None}
    return {"lead": found.lead, **found.layout.describe()}


class OriginDescriber:
    """The JSON form of origins, with what is known of the layout of their blocks.

    Args:
        workspace: The ROM.
        transforms: The transforms that the origins may name.
    """

    def __init__(self, workspace: Workspace, transforms: Sequence[Transform]) -> None:
        self._workspace = workspace
        self._transforms = {transform.name: transform for transform in transforms}
        self._layouts: dict[tuple[str, int], JudgedLayout | None] = {}
        self._evidence: dict[tuple[str, int], dict[str, Any]] = {}

    def describe(self, origin: Origin) -> dict[str, Any]:
        """Return the JSON form of an origin.

        `bpp` (as stored) and `lead` (bytes of the block before its first tile) are left out where they are not known,
        `evidence` where the block's start is not proven.
        """
        value = describe_origin(origin, self._transforms)
        name = self._workspace.rom_notes.place_name(origin)
        value |= {} if name is None else {"name": name}
        if origin.codec == RAW_CODEC:
            return value
        value |= self._proof(origin)
        if "bpp" not in value and (found := self._layout(origin)) is not None and found.layout.row is None:
            value["bpp"] = found.layout.bpp
        return value if "bpp" not in value else {**value, "lead": origin.byte_offset % (8 * value["bpp"])}

    def _proof(self, origin: Origin) -> dict[str, Any]:
        block = origin.codec, origin.block_offset
        if block not in self._evidence:
            evidence = start_evidence(self._workspace, *block, origin.start)
            self._evidence[block] = {} if evidence is None else {"evidence": evidence.describe()}
        return self._evidence[block]

    def _layout(self, origin: Origin) -> JudgedLayout | None:
        block = origin.codec, origin.block_offset
        if block not in self._layouts:
            data = _decoded(self._workspace, self._workspace.codec(origin.codec), origin.block_offset)
            self._layouts[block] = None if data is None else stored_layout(self._workspace.rom, *block, data)
        return self._layouts[block]


def _decoded(workspace: Workspace, codec: Codec, offset: int) -> bytes | None:
    stream = _stream(workspace, codec, offset)
    return None if stream is None else stream.block.data.tobytes()


def _stream(workspace: Workspace, codec: Codec, offset: int) -> Stream | None:
    try:
        return workspace.rom.read_stream(codec, offset)
    except CodecError:
        return None
