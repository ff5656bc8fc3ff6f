"""A palette exported for editing: a palette file, and a sidecar that says where each colour is stored."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from halscope_hooks import CGRAM_COLOURS, NO_TRANSFORM, FormatError, InjectError, Origin
from numpy.typing import NDArray

import halscope._fields as read
from halscope._fields import Fields
from halscope._files import read_limited, write_atomic
from halscope.inject._sheet_edit import SheetEdit
from halscope.inject.colour_edits import COLOUR, ColourEdit, origin_after, palette_edit
from halscope.inject.metadata import origin_from_json, origin_to_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from halscope.formats.palettes import PaletteFormat
    from halscope.inject.split import TileChange

FORMAT: Final = "halscope-palette"
VERSION: Final = 1
SIDECAR_SUFFIX: Final = ".source.json"
_LIMIT: Final = 1 << 20
_MOST_NAMED: Final = 4
_MOST_COPIES: Final = 64
_ADVICE: Final = "export the palette again"


@dataclass(frozen=True, slots=True)
class PaletteColour:
    """One colour of an exported palette.

    Args:
        word: The word as stored, with bit 15; without an origin as it was in CGRAM.
        origin: Where it is stored, or `None`: it cannot be edited.
        cgram: Its number in CGRAM when it was exported, or `None`.
    """

    word: int
    origin: Origin | None = None
    cgram: int | None = None


class PaletteCopy(NamedTuple):
    """Another place in the ROM that holds some colours of a palette, and that is changed with them.

    Args:
        first: Index of the first colour in the palette.
        length: Number of colours.
        origin: Where the first one is stored; the next ones follow, with the same bits 15.
    """

    first: int
    length: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class PaletteSheet:
    """A palette exported for editing.

    Args:
        title: Title for users.
        rom_sha256: SHA-256 of the headerless image, lower-case hex.
        colours: 1 to 256 colours.
        copies: Other places that are changed with them.
    """

    title: str
    rom_sha256: str
    colours: tuple[PaletteColour, ...]
    copies: tuple[PaletteCopy, ...] = ()

    @property
    def words(self) -> NDArray[np.uint16]:
        """uint16[n], the colours as stored."""
        return np.array([colour.word for colour in self.colours], np.uint16)

    def edit(self, name: str, new: NDArray[np.uint16]) -> SheetEdit:
        """Return the changes that new colours make.

        Args:
            name: The file, for messages and as the edit's name.
            new: uint16[n]. More colours than the palette has are left out if they are black: some formats have 256.

        Raises:
            InjectError: There are fewer colours or other ones behind the last, or a colour without an origin differs.
        """
        count = len(self.colours)
        if len(new) < count or new[count:].any():
            raise InjectError(
                f"{name}: it has {len(new)} colours and was exported with {count}: an editor may have sorted, dropped "
                "or added some; keep their number and order"
            )
        differs = np.flatnonzero((new[:count] ^ self.words) & COLOUR).tolist()
        if locked := [number for number in differs if self.colours[number].origin is None]:
            named = ", ".join(
                f"index {number} is ${int(new[number]):04x}, was ${self.colours[number].word & COLOUR:04x}"
                for number in locked[:_MOST_NAMED]
            )
            raise InjectError(
                f"{name}: {len(locked)} changed colours have no known place in the ROM and cannot be changed: {named}"
            )
        runs = [
            ColourEdit(origin, self.words[begin:end], new[begin:end], self._numbers(begin, end))
            for origin, begin, end in self.runs()
        ]
        for copy in self.copies:
            part = slice(copy.first, copy.first + copy.length)
            runs.append(ColourEdit(copy.origin, self.words[part], new[part]))
        return palette_edit(name, self.title, self.rom_sha256, runs)

    def _numbers(self, begin: int, end: int) -> tuple[int, ...]:
        numbers = [colour.cgram for colour in self.colours[begin:end]]
        return tuple(number for number in numbers if number is not None) if None not in numbers else ()

    def runs(self) -> list[tuple[Origin, int, int]]:
        """Return the origin, the first and the last index + 1 of colours that are stored one after the other."""
        runs: list[tuple[Origin, int, int]] = []
        for number, colour in enumerate(self.colours):
            if colour.origin is None:
                continue
            last = runs[-1] if runs else None
            if last and last[2] == number and origin_after(last[0], 2 * (number - last[1])) == colour.origin:
                runs[-1] = (last[0], last[1], number + 1)
            else:
                runs.append((colour.origin, number, number + 1))
        return runs


def palette_of_edit(edit: SheetEdit) -> tuple[PaletteSheet, NDArray[np.uint16]]:
    """Return the palette that an edit of colours was made in, as far as the edit has it, and its colours as edited.

    Reading the palette with these colours gives the same changes again.
    """
    colours: list[PaletteColour] = []
    new: list[int] = []
    changes, copied = _split_copies(edit.changes)
    at_index: dict[tuple[bytes, bytes], int] = {}
    for change in changes:
        first = replace(change.origin, transform=NO_TRANSFORM)
        at_index.setdefault((change.old, change.new), len(colours))
        old_words, new_words = (np.frombuffer(words, "<u2").tolist() for words in (change.old, change.new))
        cgram: list[int | None] = [at // 2 for at in change.vram_bytes]
        for number, (word, place) in enumerate(zip(old_words, cgram or [None] * len(old_words), strict=True)):
            colours.append(PaletteColour(word, origin_after(first, 2 * number), place))
        new += new_words
    copies = tuple(
        PaletteCopy(at_index[one.old, one.new], len(one.old) // 2, replace(one.origin, transform=NO_TRANSFORM))
        for one in copied
    )
    return PaletteSheet(edit.title, edit.rom_sha256, tuple(colours), copies), np.array(new, np.uint16)


def _split_copies(changes: Sequence[TileChange]) -> tuple[Sequence[TileChange], Sequence[TileChange]]:
    """Return the changes, and the last ones among them that repeat an earlier one at another place."""
    count = len(changes)
    while count and not changes[count - 1].vram_bytes:
        last = changes[count - 1]
        if all((one.old, one.new) != (last.old, last.new) for one in changes[: count - 1]):
            break
        count -= 1
    return changes[:count], changes[count:]


def source_path(palette: Path) -> Path:
    """Return the path of a palette file's sidecar: NAME.gpl.source.json."""
    return palette.with_name(palette.name + SIDECAR_SUFFIX)


def write_palette_sheet(
    sheet: PaletteSheet, path: Path, kind: PaletteFormat | None = None, colours: NDArray[np.uint16] | None = None
) -> PaletteFormat:
    """Write a palette file and its sidecar, both or neither; return the file's format.

    Args:
        sheet: The palette.
        path: The file.
        kind: The format; `None`: by the suffix.
        colours: uint16[n], its colours as edited; `None`: as stored.

    Raises:
        UsageError: The suffix is none of a palette.
        HalscopeError: A file cannot be written.
    """
    from halscope.formats.palettes import write_palette  # which commands without palettes need not load

    document: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "title": sheet.title,
        "rom": {"sha256": sheet.rom_sha256},
        "colours": [
            {
                "word": colour.word,
                "cgram": colour.cgram,
                "origin": None if colour.origin is None else origin_to_json(colour.origin),
            }
            for colour in sheet.colours
        ],
    }
    if sheet.copies:
        document["copies"] = [
            {"first": one.first, "count": one.length, "origin": origin_to_json(one.origin)} for one in sheet.copies
        ]
    source = source_path(path)
    is_new = not source.exists()
    write_atomic(source, json.dumps(document, separators=(",", ":")).encode() + b"\n")
    try:
        return write_palette(path, sheet.words if colours is None else colours, kind, sheet.title)
    except BaseException:
        if is_new:  # a source by itself is of no use
            with contextlib.suppress(OSError):
                source.unlink()
        raise


def read_palette_sheet(path: Path) -> PaletteSheet:
    """Read the sidecar of a palette file; its contents are not trusted.

    Raises:
        UsageError: It is not there.
        FormatError: It is damaged.
    """
    source = source_path(path)
    data = read_limited(source, _LIMIT, "palette's source, which `halscope palette export` writes beside it")
    root = read.document(data, str(source), FormatError, _ADVICE)
    if root.take("format", read.anything) != FORMAT or root.take("version", read.anything) != VERSION:
        raise FormatError(f"{source}: it is no {FORMAT} of version {VERSION}; {_ADVICE}")
    rom = root.inner("rom")
    sheet = PaletteSheet(
        root.take("title", read.text),
        rom.take("sha256", read.sha256),
        tuple(_colour(one) for one in root.each("colours", CGRAM_COLOURS, least=1)),
        tuple(_copy(one) for one in root.each_or("copies", _MOST_COPIES)),
    )
    if any(one.first + one.length > len(sheet.colours) for one in sheet.copies):
        raise FormatError(f"{source}: a copy has colours that the palette does not have; {_ADVICE}")
    root.finish()
    rom.finish()
    return sheet


def _colour(fields: Fields) -> PaletteColour:
    colour = PaletteColour(
        fields.take("word", read.whole(0, 0xFFFF)),
        fields.optional("origin", origin_from_json),
        fields.take("cgram", read.optional(read.whole(0, CGRAM_COLOURS - 1))),
    )
    fields.finish()
    return colour


def _copy(fields: Fields) -> PaletteCopy:
    copy = PaletteCopy(
        fields.take("first", read.whole(0, CGRAM_COLOURS - 1)),
        fields.take("count", read.whole(1, CGRAM_COLOURS)),
        origin_from_json(fields.inner("origin")),
    )
    fields.finish()
    return copy


def read_edited_palette(path: Path, kind: PaletteFormat | None = None, *, nearest: bool = False) -> SheetEdit:
    """Return the changes that an edited palette file makes.

    Args:
        path: The palette file; its sidecar is beside it.
        kind: The file's format; `None`: by its suffix and content.
        nearest: Replace colours that the console does not have by the nearest one.

    Raises:
        UsageError: A file cannot be read.
        FormatError: A file is damaged, or a colour is none of the console's.
        InjectError: See `PaletteSheet.edit`.
    """
    from halscope.formats.palettes import read_palette  # likewise

    sheet = read_palette_sheet(path)
    return sheet.edit(str(path), read_palette(path, kind, len(sheet.colours)).colours(nearest=nearest))
