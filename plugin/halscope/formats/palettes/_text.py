"""Palettes as text: JASC (Paint Shop Pro, Aseprite), GIMP's .gpl, and SpritePal's .pal.json."""

from __future__ import annotations

import json
import re
from typing import Any, Final, NamedTuple

import numpy as np
from halscope_hooks import FormatError
from numpy.typing import NDArray

MOST_COLOURS: Final = 256
JASC: Final = b"JASC-PAL"
GIMP: Final = b"GIMP Palette"
_BOM: Final = "\ufeff"


class Parsed(NamedTuple):
    """The colours in a file.

    Args:
        rgb: uint8[n, 3].
        title: The palette's name in the file, or empty.
    """

    rgb: NDArray[np.uint8]
    title: str = ""


def _lines(data: bytes) -> list[str]:
    """Return the lines of a text file of any system, without a mark of its encoding."""
    return data.decode("utf-8", "replace").removeprefix(_BOM).splitlines()


def _colour(words: list[str], place: str) -> list[int]:
    if len(words) < 3 or not all(word.isascii() and word.isdigit() and len(word) <= 3 for word in words[:3]):
        raise FormatError(f"{place}: three numbers from 0 to 255 are expected, not {' '.join(words)[:40]!r}")
    values = [int(word) for word in words[:3]]
    if max(values) > 255:
        raise FormatError(f"{place}: {max(values)} is more than 255")
    return values


def _array(colours: list[list[int]], name: str) -> NDArray[np.uint8]:
    if not 1 <= len(colours) <= MOST_COLOURS:
        raise FormatError(f"{name}: it has {len(colours)} colours; CGRAM takes 1 to {MOST_COLOURS}")
    return np.array(colours, np.uint8).reshape(-1, 3)


def parse_jasc(data: bytes, name: str) -> Parsed:
    """Read "JASC-PAL", "0100", the number of colours and a line for each. A fourth number, alpha, is left out."""
    lines = [line.strip() for line in _lines(data)]
    lines = [line for line in lines if line]
    if len(lines) < 3 or lines[0] != JASC.decode() or lines[1] != "0100" or not re.fullmatch(r"[0-9]{1,5}", lines[2]):
        raise FormatError(f'{name}: its first lines are not "JASC-PAL", "0100" and a number of colours')
    count, rows = int(lines[2]), lines[3:]
    if count != len(rows):
        raise FormatError(f"{name}: it announces {count} colours and has {len(rows)}; save it again")
    return Parsed(_array([_colour(row.split(), f"{name}: colour {n}") for n, row in enumerate(rows)], name))


def jasc(rgb: NDArray[np.uint8]) -> bytes:
    """Return a JASC palette, with the line ends that the format has."""
    rows = [JASC.decode(), "0100", str(len(rgb)), *(" ".join(map(str, row)) for row in rgb.tolist())]
    return "".join(f"{row}\r\n" for row in rows).encode()


def parse_gpl(data: bytes, name: str) -> Parsed:
    """Read a .gpl: a line for each colour with an optional name behind it, among comments and fields."""
    lines = _lines(data)
    if not lines or lines[0].strip() != GIMP.decode():
        raise FormatError(f'{name}: its first line is not "GIMP Palette"')
    title, colours = "", []
    for number, line in enumerate(lines[1:], 2):
        row = line.strip()
        if not row or row.startswith("#"):
            continue
        field, colon, value = row.partition(":")
        # "Name:" and "Columns:" by GIMP, "Channels:" by Aseprite; a colour's own name may have a colon, too.
        if colon and not row[0].isdigit():
            title = value.strip() if field == "Name" else title
            continue
        colours.append(_colour(row.split(), f"{name}: line {number}"))
    return Parsed(_array(colours, name), title)


def gpl(rgb: NDArray[np.uint8], title: str) -> bytes:
    """Return a .gpl with 16 columns, each colour named by its index."""
    rows = ["GIMP Palette", f"Name: {' '.join(title.split()) or 'palette'}", "Columns: 16", "#"]
    rows += [f"{red:3d} {green:3d} {blue:3d}\tIndex {n}" for n, (red, green, blue) in enumerate(rgb.tolist())]
    return "".join(f"{row}\n" for row in rows).encode()


def parse_spritepal(data: bytes, name: str) -> Parsed:
    """Read a .pal.json: {"palette": {"name", "colors": [[r, g, b], ...]}}, or the inner object by itself."""
    try:
        document: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{name}: it is not JSON: {error}") from None
    inner = document.get("palette", document) if isinstance(document, dict) else None
    colours = inner.get("colors") if isinstance(inner, dict) else None
    if not isinstance(inner, dict) or not isinstance(colours, list):
        raise FormatError(f'{name}: it has no list "colors"; a SpritePal palette has one, inside "palette" or outside')
    for number, colour in enumerate(colours):
        is_colour = isinstance(colour, list) and len(colour) in (3, 4)
        if not is_colour or not all(type(value) is int and 0 <= value <= 255 for value in colour):
            raise FormatError(f"{name}: colour {number} is not three numbers from 0 to 255")
    title = inner.get("name", "")
    return Parsed(_array([colour[:3] for colour in colours], name), title if isinstance(title, str) else "")


def spritepal(rgb: NDArray[np.uint8], title: str) -> bytes:
    """Return a .pal.json as SpritePal reads it."""
    document = {
        "format_version": "1.0",
        "format_description": "Indexed Pixel Editor Palette File",
        "palette": {"name": title, "colors": rgb.tolist(), "color_count": len(rgb), "format": "RGB888"},
        "usage_hints": {"transparent_index": 0, "typical_use": "sprite"},
    }
    return (json.dumps(document, indent=2) + "\n").encode()
