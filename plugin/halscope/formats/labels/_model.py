"""Labels as values: a name and the place that it names, as the file says it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

MOST_LETTERS: Final = 200
"""Longest name that is kept; a longer one is cut."""


@dataclass(frozen=True, slots=True)
class Label:
    """A name for a place.

    Args:
        name: The name: printable, not empty, at most 200 characters.
        rom_offset: File offset in the headerless image, where the file says that; else `None`.
        snes_address: 24-bit SNES address, where the file says that; else `None`.
    """

    name: str
    rom_offset: int | None = None
    snes_address: int | None = None


@dataclass(frozen=True, slots=True)
class LabelFile:
    """The labels of a file, and what it says of its ROM.

    Args:
        kind: What the file is, for messages: "Mesen labels".
        labels: Its labels in the order of the file, without those of memories other than the cartridge's ROM where the
            file names the memory.
        skipped: Number of lines or entries that are no label.
        rom_crc32: CRC32 of the image that it was made for, or `None` if it does not say.
        rom_title: Title in the header of that ROM, or `None`.
        mapping: Name of that ROM's mapping ("lorom"), or `None`.
    """

    kind: str
    labels: tuple[Label, ...] = field(repr=False)
    skipped: int = 0
    rom_crc32: int | None = None
    rom_title: str | None = None
    mapping: str | None = None


def clean(name: str) -> str:
    """Return a name without characters that cannot be printed, cut to 200 characters."""
    return "".join(letter for letter in name.strip() if letter.isprintable())[:MOST_LETTERS]
