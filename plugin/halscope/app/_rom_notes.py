"""What other tools say about a ROM: names of its places, and what its code is."""

from __future__ import annotations

import re
import zlib
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import numpy as np
from halscope_hooks import RAW_CODEC, HalscopeError, Origin
from numpy.typing import NDArray

from halscope._files import read_limited
from halscope.rom.image import Rom

if TYPE_CHECKING:
    from halscope.app._workspace import Workspace
    from halscope.formats.labels import Label, LabelFile
    from halscope.project import Knowledge, Ranges

_MESEN_UNIT: Final = 0x1000  # Mesen fills an image up to whole units of this size with zeros
FARTHEST: Final = 0x8000
"""Bytes behind a label up to which uncompressed tiles may belong to it: a bank."""

_NOT_IN_FILES: Final = re.compile(r"[^A-Za-z0-9_.+-]")
_FILE_LETTERS: Final = 80

_READ_GAP: Final = 16
"""Bytes between two that were read as data up to which those are data too: a game reads its tables here and there."""
_MOST_STRETCHES: Final = 1 << 17
"""More than any game's code has; knowledge holds four times as many."""

_WORK_RAM: Final = (0x7E, 0x7F)


@dataclass(frozen=True, slots=True, eq=False)
class RomNotes:
    """Names of places in a ROM, and what was executed.

    Args:
        names: Name by file offset in the headerless image.
        executed: Stretches of that image which a debugger saw the game execute.
        read: Those which it saw the game read as data.
    """

    names: Mapping[int, str] = field(default_factory=dict)
    executed: tuple[tuple[int, int], ...] = ()
    read: tuple[tuple[int, int], ...] = ()
    _places: tuple[int, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_places", tuple(sorted(self.names)))

    @classmethod
    def of(cls, known: Knowledge) -> Self:
        """Return what is known."""
        return cls({label.rom_offset: label.name for label in known.labels}, known.executed, known.read)

    def name_at(self, rom_offset: int) -> str | None:
        """Return the label at exactly this place, or `None`."""
        return self.names.get(rom_offset)

    def place_name(self, origin: Origin) -> str | None:
        """Return the label of a tile's block; of an uncompressed tile the last label before it, with the distance."""
        if origin.codec != RAW_CODEC:
            return self.name_at(origin.block_offset)
        at = bisect_right(self._places, origin.block_offset)
        if not at or origin.block_offset - self._places[at - 1] >= FARTHEST:
            return None
        start = self._places[at - 1]
        beyond = origin.block_offset - start
        return self.names[start] + (f"+{beyond:#x}" if beyond else "")

    def executed_bytes(self, size: int) -> NDArray[np.bool_]:
        """Return bool[size]: which bytes of the image were executed."""
        marks = np.zeros(size, np.bool_)
        for start, stop in self.executed:
            marks[start:stop] = True
        return marks


def sheet_name(notes: RomNotes, codec: str, offset: int) -> str:
    """Return the name of the sheet of a block, or of uncompressed tiles: `hal-035d23`, with a label
    `hal-035d23-GFX_Pip`."""
    label = _NOT_IN_FILES.sub("_", notes.name_at(offset) or "")[:_FILE_LETTERS].strip("._")
    return f"{codec}-{offset:06x}" + (f"-{label}" if label else "")


@dataclass(frozen=True, slots=True)
class Learnt:
    """What a file taught.

    Args:
        path: The file.
        text: What it taught, for the user.
    """

    path: Path
    text: str


def learn_labels(workspace: Workspace, path: Path) -> Learnt:
    """Read a file of labels and store those of places in the ROM. Of several at one place the first is taken.

    Raises:
        FormatError: It is no file of labels, or what is known is damaged.
        HalscopeError: It was made for another ROM or mapping; nothing is stored.
        UsageError: It cannot be read.
    """
    from halscope.formats.labels import LABEL_BYTES, read_labels
    from halscope.project import RomLabel

    file = read_labels(read_limited(path, LABEL_BYTES, "file of labels"), str(path))
    _check_labels(workspace.rom, file, str(path))
    made, places = datetime.now(UTC), dict[int, str]()
    for label in file.labels:
        offset = _offset(workspace.rom, label)
        if offset is not None:
            places.setdefault(offset, label.name)
    labels = tuple(RomLabel(offset, name, made) for offset, name in places.items())
    present = workspace.rom_notes.names
    fresh = tuple(label for label in labels if present.get(label.rom_offset) != label.name)
    if fresh:
        workspace.learn_notes(lambda known: replace(known, labels=(*known.labels, *fresh)))
    skipped = f"; {file.skipped} lines are no labels" * (file.skipped > 0)
    return Learnt(path, f"{file.kind}: {len(labels)} names of places in the ROM, {len(fresh)} of them new{skipped}")


def learn_cdl(workspace: Workspace, path: Path) -> Learnt:
    """Read a code/data log of Mesen and store what it saw executed and read.

    Raises:
        FormatError: It is no such log, or what is known is damaged.
        HalscopeError: It was recorded with another ROM; nothing is stored.
        UsageError: It cannot be read.
    """
    from halscope.formats.mesen_cdl import CDL_BYTES, read_cdl

    rom = workspace.rom
    log = read_cdl(read_limited(path, CDL_BYTES, "code/data log"), str(path))
    image = rom.data.tobytes()
    padded = image + bytes(-len(image) % _MESEN_UNIT)
    if log.rom_crc32 != zlib.crc32(padded) or log.executed.size != len(padded):
        raise HalscopeError(
            f"{path}: was recorded with another ROM: its CRC32 is {log.rom_crc32:08x} ({log.executed.size} bytes), "
            f"that of {rom.name} {zlib.crc32(padded):08x} ({len(padded)}); record it again with this ROM"
        )

    executed = _stretches(log.executed[: len(image)])
    was_read = _stretches(log.read[: len(image)], gap=_READ_GAP)
    if max(len(executed), len(was_read)) > _MOST_STRETCHES:
        most = max(len(executed), len(was_read))
        raise HalscopeError(
            f"{path}: {most} separate stretches of the ROM, which no game's log has; it is damaged, record it again"
        )
    workspace.learn_notes(lambda known: replace(known, executed=known.executed + executed, read=known.read + was_read))
    counts = int(log.executed.sum()), int(log.read.sum())
    return Learnt(path, f"Mesen's log: {counts[0]} bytes were executed and {counts[1]} read as data, of {len(image)}")


def _stretches(marks: NDArray[np.bool_], gap: int = 0) -> Ranges:
    """Return the stretches of marked bytes; those with at most `gap` bytes between them are one."""
    edges = np.flatnonzero(np.diff(np.r_[False, marks, False]))
    starts, stops = edges[::2], edges[1::2]
    apart = starts[1:] - stops[:-1] > gap
    first, last = np.r_[True, apart][: len(starts)], np.r_[apart, True][: len(stops)]
    return tuple(zip(starts[first].tolist(), stops[last].tolist(), strict=True))


def _offset(rom: Rom, label: Label) -> int | None:
    if label.rom_offset is not None:
        return label.rom_offset if label.rom_offset < rom.data.size else None
    return None if label.snes_address is None else rom.to_offset(label.snes_address)


def _check_labels(rom: Rom, file: LabelFile, name: str) -> None:
    """Refuse labels of another ROM, as far as the file says or they show it. Raises HalscopeError."""
    crc32 = f"{file.rom_crc32 or 0:08x}"
    if file.rom_crc32 is not None and crc32 != rom.crc32:
        raise HalscopeError(
            f"{name}: was made for another ROM: its CRC32 is {crc32}, that of {rom.name} {rom.crc32}; "
            "assemble this ROM again for its labels"
        )
    title = (file.rom_title or "").strip()
    if title.isascii() and title not in ("", rom.title.strip()):  # others are decoded in several ways
        raise HalscopeError(f"{name}: is a project of {title!r}, but {rom.name} is {rom.title!r}")
    mapping = rom.mapping.name.lower()
    if file.mapping not in (None, mapping):
        raise HalscopeError(
            f"{name}: is for the mapping {file.mapping}, but {rom.name} has {mapping}; give --mapping if that is wrong"
        )
    of_rom = [label for label in file.labels if _is_of_rom(label)]
    outside = sum(_offset(rom, label) is None for label in of_rom)
    if not of_rom:
        raise HalscopeError(f"{name}: no label of a place in a ROM, only of memory and registers; nothing was learnt")
    if outside > len(of_rom) // 2:
        raise HalscopeError(
            f"{name}: {outside} of its {len(of_rom)} labels are outside {rom.name} ({rom.data.size} bytes, {mapping}): "
            "they are for another ROM or mapping"
        )


def _is_of_rom(label: Label) -> bool:
    """Whether a label can only be of the cartridge's ROM: an offset in it, or an address where no memory is."""
    if label.snes_address is None:
        return True
    bank, address = divmod(label.snes_address, 0x10000)
    return bank not in _WORK_RAM and address >= 0x8000
