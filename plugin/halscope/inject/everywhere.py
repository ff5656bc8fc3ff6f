"""Find the other places of a ROM that hold an edited tile, and decide which of them an edit may change too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

import numpy as np
from halscope_hooks import RAW_CODEC, TILE_BYTES, Codec, CodecError, InjectError, Origin, StartEvidence, UsageError
from numpy.typing import NDArray

from halscope.inject._sheet_edit import SheetEdit
from halscope.inject._transforms import stored_bytes, stored_tile
from halscope.inject.edits import PROVEN_STARTS
from halscope.inject.split import TileChange
from halscope.rom.edges import Ranges, overlap
from halscope.rom.image import Rom

_NAMED_PLACES: Final = 4

_UNPROVEN: Final = "where it begins is not proven"
_TWO_WAYS: Final = "two copies of the tile are edited in different ways"
_OTHER_FORM: Final = "it is stored in a form that cannot hold the edited tile"


class Places(Protocol):
    """The part of a ROM's index that is used here."""

    def lookup(self, tiles: NDArray[np.uint8], /) -> tuple[tuple[Origin, ...], ...]:
        """Return all origins of each tile in uint8[n, 32], best first."""

    def start_of(self, codec: str, block_offset: int, /) -> StartEvidence | None:
        """Return the evidence for the start of a block; `None` if the index does not know the start."""

    def proven_streams(self, ranges: Ranges, /) -> tuple[Origin, ...]:
        """Return the blocks with a proven start whose packed bytes share any with these stretches of the file."""


class Copy(NamedTuple):
    """Another place of an edited tile, to be edited in the same way: the sheet, and the change there."""

    sheet: str
    change: TileChange


@dataclass(frozen=True, slots=True)
class Copies:
    """The other places of the edited tiles.

    Args:
        edited: Those that are edited too.
        left: Those that are left as they are, each with the reason.
    """

    edited: tuple[Copy, ...] = ()
    left: tuple[tuple[Origin, str], ...] = ()

    def notes(self) -> list[str]:
        """Return lines for the user that name both."""
        lines = []
        if self.edited:
            places = _names(copy.change.origin for copy in self.edited)
            lines.append(f"{_tiles(len(self.edited))} of the same content edited too, in {places}")
        for reason in dict.fromkeys(reason for _, reason in self.left):
            origins = [origin for origin, why in self.left if why == reason]
            lines.append(f"{_tiles(len(origins))} of the same content left as they are, in {_names(origins)}: {reason}")
        return lines


def find_copies(
    edits: Sequence[SheetEdit], rom: Rom, codecs: Mapping[str, Codec], index: Places, *, force: bool
) -> Copies:
    """Find the other places that hold the tiles of edits that are made everywhere. Only tiles of 32 bytes as shown can
    be looked up.

    A packed block is edited if its start is proven, and if its packed bytes are not those of a block that is edited
    already. Uncompressed bytes are edited if they are outside of every proven block, and of every block that holds the
    tile. A place that a sheet edits itself keeps that edit.

    Args:
        edits: All edits.
        rom: The ROM.
        codecs: The codecs by name.
        index: The ROM's index.
        force: Also edit blocks whose start is not proven.
    """
    changes = [
        (edit.name, change)
        for edit in edits
        if edit.everywhere
        for change in edit.changes
        if change.cells and len(change.old) == TILE_BYTES  # parts of a map are no tiles, and have no cells
    ]
    wanted: dict[bytes, dict[bytes, str]] = {}
    for name, change in changes:
        wanted.setdefault(change.old, {}).setdefault(change.new, name)
    if not wanted:
        return Copies()
    places = index.lookup(np.frombuffer(b"".join(wanted), np.uint8).reshape(-1, TILE_BYTES))
    search = _Search(rom, codecs, index, force)
    for edit in edits:
        for change in edit.changes:
            search.occupy(change.origin, len(change.old))
    for packed in (True, False):  # raw bytes inside of a packed block that holds the tile are part of its packed bytes
        for (old, new), origins in zip(wanted.items(), places, strict=True):
            for origin in origins:
                if (origin.codec != RAW_CODEC) == packed:
                    search.add(origin, old, new)
    return Copies(tuple(search.edited), tuple(search.left.items()))


@dataclass(slots=True, eq=False)
class _Search:
    rom: Rom
    codecs: Mapping[str, Codec]
    index: Places
    force: bool
    edited: list[Copy] = field(default_factory=list)
    left: dict[Origin, str] = field(default_factory=dict)
    _sources: dict[tuple[str, int], Ranges | None] = field(default_factory=dict)  # `None`: no block of its own
    _used: dict[tuple[str, int], list[tuple[int, int]]] = field(default_factory=dict)  # stretches of edited tiles

    def occupy(self, origin: Origin, shown: int) -> None:
        """Note a tile that is edited, of this many bytes as shown."""
        size = stored_bytes(origin.transform, shown, self.rom.transforms)
        source, at = _source(origin)
        self._used.setdefault(source, []).append((at, at + size))
        if origin.codec == RAW_CODEC:
            self._sources[RAW_CODEC, at] = ((at, at + size),)
        elif source not in self._sources:
            self._sources[source] = self._ranges(origin)

    def add(self, origin: Origin, old: bytes, new: Mapping[bytes, str]) -> None:
        """Decide on a place of a tile with these bytes, given the bytes that it becomes and the sheets that say so."""
        size = stored_bytes(origin.transform, len(old), self.rom.transforms)
        source, at = _source(origin)
        if any(at < end and begin < at + size for begin, end in self._used.get(source, ())):
            return  # edited itself, or another place shares its bytes
        if not self._is_apart(origin, at, size):
            return
        reason = self._reason(origin, old, new)
        if reason is not None:
            self.left[origin] = reason
            return
        ((edited, sheet),) = new.items()
        self._used.setdefault(source, []).append((at, at + size))
        if origin.codec == RAW_CODEC:
            self._sources[RAW_CODEC, at] = ((at, at + size),)
        self.edited.append(Copy(sheet, TileChange(origin, old, edited, (), ())))

    def _is_apart(self, origin: Origin, at: int, size: int) -> bool:
        """Whether a place is not just another reading of the bytes of a block that is known to hold the tile."""
        if origin.codec == RAW_CODEC:
            ranges: Ranges | None = ((at, at + size),)
            if self.index.proven_streams(((at, at + size),)):
                return False
        elif (origin.codec, origin.block_offset) in self._sources:
            return self._sources[origin.codec, origin.block_offset] is not None
        else:
            ranges = self._ranges(origin)
        taken = [others for others in self._sources.values() if others is not None]
        apart = ranges is not None and not any(overlap(ranges, others) for others in taken)
        if origin.codec != RAW_CODEC:
            self._sources[origin.codec, origin.block_offset] = ranges if apart else None
        return apart

    def _reason(self, origin: Origin, old: bytes, new: Mapping[bytes, str]) -> str | None:
        """Return why a place is left as it is, or `None` if it is edited."""
        if len(new) > 1:
            return _TWO_WAYS
        if origin.codec != RAW_CODEC and not self.force:
            start = self.index.start_of(origin.codec, origin.block_offset) or origin.start
            if start not in PROVEN_STARTS:
                return _UNPROVEN
        try:
            forms = [stored_tile(origin.transform, tile, self.rom.transforms) for tile in (old, *new)]
        except InjectError:
            return _OTHER_FORM
        return _OTHER_FORM if None in forms else None

    def _ranges(self, origin: Origin) -> Ranges | None:
        if origin.codec not in self.codecs:
            return None
        try:
            return self.rom.read_stream(self.codecs[origin.codec], origin.block_offset).ranges
        except (CodecError, UsageError):
            return None


def _source(origin: Origin) -> tuple[tuple[str, int], int]:
    """Return the bytes that a place belongs to (a decoded block, or the ROM) and its offset in them."""
    if origin.codec == RAW_CODEC:
        return (RAW_CODEC, 0), origin.block_offset
    return (origin.codec, origin.block_offset), origin.byte_offset


def _names(origins: Iterable[Origin]) -> str:
    counted = Counter(
        f"uncompressed bytes at {origin.block_offset:#x}"
        if origin.codec == RAW_CODEC
        else f"the {origin.codec} block at {origin.block_offset:#x}"
        for origin in origins
    )
    shown = ", ".join(name for name, _ in counted.most_common(_NAMED_PLACES))
    return shown + (f" and {len(counted) - _NAMED_PLACES} more places" if len(counted) > _NAMED_PLACES else "")


def _tiles(count: int) -> str:
    return f"{count} tile{'s' * (count != 1)}"
