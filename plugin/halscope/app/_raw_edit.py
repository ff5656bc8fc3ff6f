"""Raw tiles of a tile editor or a converter (`.4bpp`, `.gfx`, …) as an edit of a block, or of bytes at an offset."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from halscope_hooks import RAW_CODEC, CodecError, ImageError, InjectError, Origin, StartEvidence, UsageError

from halscope._files import read_limited
from halscope.app._block_layout import find_codec, stored_layout
from halscope.app._workspace import Workspace
from halscope.formats.tile_files import RAW_SUFFIXES
from halscope.inject import SheetEdit, TileChange

ASEPRITE_SUFFIXES: Final = frozenset({".ase", ".aseprite"})

_LIMIT: Final = 16 << 20
_PIECE: Final = 64  # the largest tile: a change is at most as large
_UNIT: Final = 8


def is_raw(path: Path) -> bool:
    """Whether a file holds raw tiles, by its name."""
    return path.suffix.lower() in RAW_SUFFIXES


def refuse_project_file(path: Path) -> None:
    """Raise ImageError for a file of Aseprite, which says what to do instead."""
    if path.suffix.lower() in ASEPRITE_SUFFIXES:
        raise ImageError(
            f"{path}: is Aseprite's own file, which is not read; export it as PNG under the sheet's name "
            "(File > Export As, without resizing), or as APNG for an animation"
        )


def raw_edit(workspace: Workspace, path: Path, offset: int, codec: str | None) -> SheetEdit:
    """Return the edit that puts a file's bytes at a place.

    Args:
        workspace: The ROM.
        path: The file: a block's decoded bytes, or its tiles alone (without the bytes before the first and after the
            last whole one), or uncompressed bytes of any number.
        offset: File offset of the block, or of the uncompressed bytes.
        codec: The block's codec, or "raw"; `None` for that which the index names.

    Raises:
        InjectError: No block begins there, or the file has another size than it.
        UsageError: The file cannot be read, is empty or larger than the ROM, or there is no such codec.
    """
    new = read_limited(path, _LIMIT, "file of raw tiles")
    rom = workspace.rom
    if codec == RAW_CODEC:
        old = rom.data[offset : offset + len(new)].tobytes()
        if len(new) < _UNIT or len(old) < len(new):
            raise UsageError(
                f"{path}: {len(new)} bytes at {offset:#x} of {rom.name}; give 8 bytes or more "
                f"that end by {rom.data.size:#x}"
            )
        places = [
            (Origin(RAW_CODEC, offset + at, 0, "content"), before, after) for at, before, after in _pieces(old, new)
        ]
        return _edit(workspace, path, f"uncompressed bytes at {offset:#x}", places)
    name = find_codec(workspace, offset) if codec is None else workspace.codec(codec).name
    try:
        old = rom.decode(workspace.codec(name), offset).data.tobytes()
    except CodecError as error:
        raise InjectError(
            f"{path}: no {name} block at {offset:#x}: {error.reason}; `halscope scan` lists the blocks, and --codec "
            "raw is for uncompressed tiles"
        ) from None
    lead = _lead(workspace, name, offset, old, len(new))
    if lead is None:
        raise InjectError(
            f"{path}: {len(new)} bytes, but the {name} block at {offset:#x} has {len(old)}; give as many, as "
            "`halscope decompress` writes them"
        )
    start: StartEvidence = workspace.index().start_of(name, offset) or "content"
    new = old[:lead] + new + old[lead + len(new) :]
    places = [(Origin(name, offset, at, start), before, after) for at, before, after in _pieces(old, new)]
    return _edit(workspace, path, f"{name} block {offset:#x}", places)


def _lead(workspace: Workspace, codec: str, offset: int, old: bytes, size: int) -> int | None:
    """Return how many bytes of the block are before the file's first one; `None` if the file has no fitting size."""
    if size == len(old) and size >= _UNIT:
        return 0
    found = stored_layout(workspace.rom, codec, offset, old)
    if found is None:
        return None
    tiles = (len(old) - found.lead) // found.layout.stored_bytes * found.layout.stored_bytes
    return found.lead if size == tiles > 0 else None


def _pieces(old: bytes, new: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield the pieces of eight to 64 bytes that differ. The last one may overlap the one before, to have eight."""
    whole = len(new) // _UNIT * _UNIT
    pieces = [(at, min(at + _PIECE, whole)) for at in range(0, whole, _PIECE)]
    pieces += [(len(new) - _UNIT, len(new))] if len(new) > whole else []
    for begin, end in pieces:
        if old[begin:end] != new[begin:end]:
            yield begin, old[begin:end], new[begin:end]


def _edit(workspace: Workspace, path: Path, title: str, places: list[tuple[Origin, bytes, bytes]]) -> SheetEdit:
    changes = tuple(TileChange(origin, before, after, (), ()) for origin, before, after in places)
    return SheetEdit(str(path), title, workspace.rom.sha256, changes)
