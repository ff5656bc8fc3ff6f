"""Exporting blocks for other tools: sources for assemblers, and labels for Mesen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from halscope_hooks import RAW_CODEC, HalscopeError, InjectError, StartEvidence, UsageError

from halscope._files import refuse_same, write_atomic
from halscope.app._block_layout import find_codec, stored_layout
from halscope.app._inject import read_edits
from halscope.app._rom_notes import sheet_name
from halscope.app._start_evidence import start_evidence
from halscope.app._workspace import Workspace
from halscope.export.assembly import CONFIG, SOURCES, Assembler, Game, Graphic, Part, Pointer, asar_source, ca65_source
from halscope.formats.labels import write_mesen_labels
from halscope.inject import PROVEN_STARTS, BlockEdit, plan_changes
from halscope.rom import mapping

_WITHOUT_TILES: Final = "bin"
_BANK: Final = 0x10000  # SA-1: its decoders read on, but an assembler counts addresses in banks


@dataclass(frozen=True, slots=True)
class ExportBlock:
    """A block that is exported.

    Args:
        codec: Name of its codec, or "raw".
        offset: Its file offset.
        start: The evidence for its start.
        data: Its decoded bytes.
        graphic: Its packed bytes, place and pointers.
    """

    codec: str
    offset: int
    start: StartEvidence
    data: bytes
    graphic: Graphic

    def describe(self, workspace: Workspace) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "name": self.graphic.name,
            "codec": self.codec,
            "offset": self.offset,
            "start": self.start,
            "packed_size": len(self.graphic.packed),
            "room": self.graphic.room,
            "label": workspace.rom_notes.name_at(self.offset),
            "pointers": [{"shape": one.shape, "parts": list(one.parts)} for one in self.graphic.pointers],
        }


def export_blocks(
    workspace: Workspace, offsets: Sequence[int] | None, edits: Sequence[Path], *, force: bool, nearest: bool
) -> list[ExportBlock]:
    """Return blocks as they are after edits, ascending by offset.

    Args:
        workspace: The ROM.
        offsets: File offsets of blocks; `None` for all listed ones. The edited ones are there too.
        edits: Edited sheets.
        force: Also edit blocks whose start is not proven.
        nearest: Replace colours that a sheet's palette does not have by the nearest one in it.

    Raises:
        HalscopeError: There is no block at an offset, or an edit cannot be read or made.
    """
    rom, index = workspace.rom, workspace.index()
    changes = read_edits(workspace, edits, None, None, nearest=nearest)
    plan = plan_changes(rom, workspace.plugins.codecs(), changes, index=index, force=force)
    edited = {(block.codec, block.block_offset): block for block in plan.blocks}
    if offsets is None:
        wanted = [(block.codec, block.offset) for block in workspace.blocks()]
    else:
        wanted = [(find_codec(workspace, offset), offset) for offset in offsets]
    blocks = [
        _block(workspace, codec, offset, edited.get((codec, offset)))
        for codec, offset in sorted({*wanted, *edited}, key=lambda one: (one[1], one[0]))
    ]
    end = 0
    for block in blocks:
        if min(part.rom_offset for part in block.graphic.parts) < end:
            raise InjectError(
                f"{rom.name}: the {block.codec} block at {block.offset:#x} shares bytes with the one before it; "
                "export one of them"
            )
        end = max(part.rom_offset + part.room for part in block.graphic.parts)
    return blocks


def write_assembly(
    workspace: Workspace,
    blocks: Sequence[ExportBlock],
    folder: Path,
    assembler: Assembler,
    *,
    freedata: bool,
    overwrite: bool,
) -> list[Path]:
    """Write the decoded and the packed bytes of blocks, and the source that places them, into an existing folder.

    Args:
        workspace: The ROM.
        blocks: The blocks.
        folder: The folder.
        assembler: For which the source is.
        freedata: Let asar place the blocks that can be moved.
        overwrite: Replace existing files.

    Returns:
        The files, the source last.

    Raises:
        InjectError: A block does not fit in its place and is not moved.
        UsageError: `freedata` is for asar alone, or a file exists and `overwrite` is not set.
        HalscopeError: A file cannot be written.
    """
    if freedata and assembler != "asar":
        raise UsageError("--freedata is for asar; with ca65 move a block's segment in graphics.cfg")
    rom = workspace.rom
    for block in blocks:
        graphic = block.graphic
        over = len(graphic.packed) - graphic.room
        if over > 0 and not (freedata and graphic.movable):
            raise InjectError(
                f"{rom.name}: the edited {block.codec} block at {block.offset:#x} packs to "
                f"{len(graphic.packed)} bytes, its place holds {graphic.room}, {over} too many"
                + "; --freedata lets asar find a place"
                * (assembler == "asar" and graphic.movable)
            )
    game = Game(
        rom.title or rom.name,
        rom.crc32,
        int(rom.data.size),
        rom.mapping.value,
        _window(workspace),
        lambda offset: mapping.to_snes(rom.mapping, offset, rom.data.size),
    )
    graphics = [block.graphic for block in blocks]
    files: dict[str, bytes] = {}
    for block in blocks:
        if block.codec != RAW_CODEC:
            files[f"{block.graphic.name}.{_tile_suffix(workspace, block)}"] = block.data
        moved = freedata and block.graphic.movable
        whole = {f"{block.graphic.name}.{block.graphic.suffix}": block.graphic.packed}
        files |= whole if moved else block.graphic.files()
    if assembler == "asar":
        files[SOURCES[assembler]] = asar_source(game, graphics, freedata=freedata).encode()
    else:
        source, config = ca65_source(game, graphics)
        files |= {CONFIG: config.encode(), SOURCES[assembler]: source.encode()}
    paths = [folder / name for name in files]
    for path in paths:
        if path.exists() and not overwrite:
            raise UsageError(f"{path}: already exists; give another --asm, or --overwrite")
    for path, data in zip(paths, files.values(), strict=True):
        write_atomic(path, data)
    return paths


def write_labels(workspace: Workspace, blocks: Sequence[ExportBlock], output: Path) -> int:
    """Write labels for Mesen: those that were learnt, the blocks, the tables that lead to them, and the decoders.

    Returns:
        How many.

    Raises:
        UsageError: The file is the ROM.
        HalscopeError: It cannot be written.
    """
    rom, notes = workspace.rom, workspace.rom_notes
    if rom.path is not None:
        refuse_same(output, rom.path, "ROM")
    named: dict[int, tuple[int, str, str]] = {offset: (1, name, "") for offset, name in notes.names.items()}
    for block in blocks:
        graphic = block.graphic
        name = notes.name_at(block.offset) or graphic.name
        proof = start_evidence(workspace, block.codec, block.offset, block.start)
        known_by = block.start if proof is None else f"{block.start}: {proof.kind}"
        comment = f"{block.codec} block, {len(block.data)} bytes unpacked, start known by {known_by}"
        named[block.offset] = graphic.parts[0].room, name, comment
        for reference in () if block.codec == RAW_CODEC else workspace.index().references(block.codec, block.offset):
            base = reference.table.base
            if reference.table.stride and base not in named:
                comment = f"{reference.table.count} pointers ({reference.shape}), {reference.table.stride} bytes apart"
                named[base] = 1, f"pointers_{base:06x}", comment
    game = workspace.game
    for decoder in () if game is None else game.match.decoders:
        offset = rom.to_offset(decoder.snes_address)
        if offset is not None:
            named.setdefault(offset, (1, f"decode_{decoder.codec}", f"decoder of {decoder.codec} blocks"))
    write_atomic(output, write_mesen_labels((offset, *one) for offset, one in named.items()))
    return len(named)


def _block(workspace: Workspace, codec: str, offset: int, edit: BlockEdit | None) -> ExportBlock:
    rom, index = workspace.rom, workspace.index()
    name = sheet_name(workspace.rom_notes, codec, offset)
    if edit is not None:
        ranges, packed, data, start = edit.ranges, edit.new_packed, edit.new_data, edit.start
    else:
        start = index.start_of(codec, offset) or "content"
        try:
            block, ranges = rom.read_stream(workspace.codec(codec), offset)
        except HalscopeError as error:
            raise InjectError(
                f"{rom.name}: no {codec} block at {offset:#x}: {error}; `halscope scan` lists the blocks"
            ) from None
        packed, data = b"".join(rom.data[begin:end].tobytes() for begin, end in ranges), block.data.tobytes()
    parts = tuple(Part(begin, end - begin) for begin, end in _by_bank(workspace, ranges))
    known = codec != RAW_CODEC and codec in {one.name for one in index.codecs} and start in PROVEN_STARTS
    inside = [range(part.rom_offset, part.rom_offset + part.room) for part in parts]
    pointers = tuple(
        Pointer(one.shape, one.parts, one.address)
        for one in (index.references(codec, offset) if known else ())
        if not any(byte in stretch for byte in one.parts if byte is not None for stretch in inside)
    )
    return ExportBlock(codec, offset, start, data, Graphic(name, codec, packed, parts, pointers))


def _by_bank(workspace: Workspace, ranges: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the stretches, cut where the console's addresses do not go on."""
    window = _window(workspace)
    for begin, end in ranges:
        edges = [begin, *range(begin - begin % window + window, end, window), end]
        yield from pairwise(edges)


def _window(workspace: Workspace) -> int:
    return workspace.rom.mapping.window or _BANK


def _tile_suffix(workspace: Workspace, block: ExportBlock) -> str:
    """Return the suffix of the decoded bytes: `4bpp` and so on for tiles without other bytes, else `gfx` or `bin`."""
    found = stored_layout(workspace.rom, block.codec, block.offset, block.data)
    if found is None:
        return _WITHOUT_TILES
    whole = found.lead == 0 and len(block.data) % found.layout.stored_bytes == 0
    return f"{found.layout.stored_bpp}bpp" if whole and found.layout.row is None else "gfx"
