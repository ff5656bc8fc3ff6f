"""A palette file as a value: which format it has, and its colours."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, get_args

import numpy as np
from halscope_hooks import FormatError, UsageError
from numpy.typing import NDArray

from halscope._files import read_limited, write_atomic
from halscope.formats.palettes import _binary, _picture, _text
from halscope.formats.palettes._levels import from_rgb, is_exact, to_rgb

PaletteFormat = Literal["jasc", "rgb24", "bgr555", "tpl", "act", "gpl", "spritepal", "png"]
FORMATS: Final[tuple[PaletteFormat, ...]] = get_args(PaletteFormat)

_BY_SUFFIX: Final[dict[str, PaletteFormat]] = {
    ".pal.json": "spritepal",
    ".gpl": "gpl",
    ".act": "act",
    ".tpl": "tpl",
    ".cgram": "bgr555",
    ".bgr": "bgr555",
}
PALETTE_SUFFIXES: Final = (".pal", *_BY_SUFFIX)
"""Suffixes of files that are nothing but palettes; a PNG may be one too."""
_LIMIT: Final = 1 << 20
_COLOUR: Final = 0x7FFF


@dataclass(frozen=True, slots=True, eq=False)
class PaletteFile:
    """The colours of a palette file.

    Args:
        format: Its format.
        name: The file, for messages.
        rgb: uint8[n, 3], for the formats with 8 bits per channel; else as displayed.
        words: uint16[n], BGR555 with bit 15 as stored, for the formats of the console; else `None`.
        title: The palette's name in the file, or empty.
    """

    format: PaletteFormat
    name: str
    rgb: NDArray[np.uint8] = field(repr=False)
    words: NDArray[np.uint16] | None = field(default=None, repr=False)
    title: str = ""

    def colours(self, *, nearest: bool = False) -> NDArray[np.uint16]:
        """Return the colours as BGR555, uint16[n], without bit 15.

        Args:
            nearest: Take the nearest of the console's colours instead of refusing another one.

        Raises:
            FormatError: A colour is none of the console's.
        """
        if self.words is not None:
            return self.words & np.uint16(_COLOUR)
        return from_rgb(self.rgb, self.name, nearest=nearest)


def read_palette(path: Path, kind: PaletteFormat | None = None, count: int | None = None) -> PaletteFile:
    """Read a palette file.

    Args:
        path: The file.
        kind: Its format; `None`: by its suffix and content.
        count: Number of its colours, if that is known: it tells raw formats apart.

    Raises:
        UsageError: It cannot be read, or its suffix is none of a palette.
        FormatError: It is damaged, or could be of two formats; the message names --format.
    """
    return parse_palette(read_limited(path, _LIMIT, "palette file"), str(path), kind, count)


def parse_palette(data: bytes, name: str, kind: PaletteFormat | None = None, count: int | None = None) -> PaletteFile:
    """Like `read_palette`, for the bytes of a file."""
    known = _format_of(data, name, count) if kind is None else kind
    match known:
        case "jasc":
            parsed = _text.parse_jasc(data, name)
        case "gpl":
            parsed = _text.parse_gpl(data, name)
        case "spritepal":
            parsed = _text.parse_spritepal(data, name)
        case "act":
            parsed = _text.Parsed(_binary.parse_act(data, name))
        case "rgb24":
            parsed = _text.Parsed(_binary.parse_rgb24(data, name))
        case "png":
            parsed = _text.Parsed(_picture.parse_png(data, name))
        case _:
            colours = _binary.parse_tpl(data, name) if known == "tpl" else _binary.parse_bgr555(data, name)
            if colours.dtype == np.uint16:
                words = colours.astype(np.uint16, copy=False)
                return PaletteFile(known, name, to_rgb(words), words)
            parsed = _text.Parsed(colours.astype(np.uint8, copy=False))
    return PaletteFile(known, name, parsed.rgb, None, parsed.title)


def palette_bytes(colours: NDArray[np.uint16], kind: PaletteFormat, title: str = "") -> bytes:
    """Return a palette file. 8-bit levels are written as displayed, `c << 3 | c >> 2`.

    Args:
        colours: uint16[n], BGR555. Bit 15 is written by "bgr555" and "tpl" alone.
        kind: The format.
        title: The palette's name, where the format has one.

    Raises:
        UsageError: There are no colours, or more than 256.
    """
    if not 1 <= len(colours) <= _binary.MOST_COLOURS:
        raise UsageError(f"a palette file has 1 to {_binary.MOST_COLOURS} colours, not {len(colours)}")
    rgb = to_rgb(colours)
    match kind:
        case "jasc":
            return _text.jasc(rgb)
        case "gpl":
            return _text.gpl(rgb, title)
        case "spritepal":
            return _text.spritepal(rgb, title)
        case "act":
            return _binary.act(rgb)
        case "rgb24":
            return rgb.tobytes()
        case "png":
            return _picture.png(rgb)
        case "tpl":
            return _binary.tpl(colours)
        case _:
            return _binary.bgr555(colours)


def write_palette(
    path: Path, colours: NDArray[np.uint16], kind: PaletteFormat | None = None, title: str = ""
) -> PaletteFormat:
    """Write a palette file, completely or not at all, and return its format.

    Args:
        path: The file.
        colours: See `palette_bytes`.
        kind: The format; `None`: by the suffix, JASC for .pal.
        title: See `palette_bytes`.

    Raises:
        UsageError: The suffix is none of a palette.
        HalscopeError: The file cannot be written.
    """
    known = kind or _suffix_format(path.name) or ("jasc" if path.name.lower().endswith(".pal") else None)
    if known is None:
        raise UsageError(f"{path}: {_no_suffix()}")
    write_atomic(path, palette_bytes(colours, known, title))
    return known


def _suffix_format(name: str) -> PaletteFormat | None:
    named: dict[str, PaletteFormat] = {**_BY_SUFFIX, ".png": "png"}
    return next((known for suffix, known in named.items() if name.lower().endswith(suffix)), None)


def _no_suffix() -> str:
    return f"palettes end in {', '.join(PALETTE_SUFFIXES)} or .png; name another file's format with --format"


def _format_of(data: bytes, name: str, count: int | None) -> PaletteFormat:
    """Return the format of a file. What says itself what it is counts for more than the suffix."""
    if data.startswith(_text.JASC):
        return "jasc"
    if data.removeprefix(b"\xef\xbb\xbf").startswith(_text.GIMP):
        return "gpl"
    if data.startswith(_picture.MAGIC):
        return "png"
    if data[:3] == _binary.TPL and not name.lower().endswith((".cgram", ".act")):
        return "tpl"
    if data[:4] == b"RIFF":
        raise FormatError(f"{name}: a palette of Microsoft's RIFF; save it as JASC, .act or .gpl")
    if (known := _suffix_format(name)) is not None:
        return known
    if not name.lower().endswith(".pal"):
        raise UsageError(f"{name}: {_no_suffix()}")
    return _raw_format(data, name, count)


def _raw_format(data: bytes, name: str, colours: int | None) -> PaletteFormat:
    """Tell raw RGB24 from raw BGR555 by the size, then by the content."""
    can_rgb = 0 < len(data) <= 3 * _binary.MOST_COLOURS and len(data) % 3 == 0
    can_bgr = 0 < len(data) <= 2 * _binary.MOST_COLOURS and len(data) % 2 == 0
    if not can_rgb and not can_bgr:
        raise FormatError(
            f"{name}: {len(data)} bytes are neither RGB24 (3 per colour) nor BGR555 (2), with at most 256 colours"
        )
    if can_rgb and can_bgr and colours is not None and len(data) in (2 * colours, 3 * colours):
        can_rgb, can_bgr = len(data) == 3 * colours, len(data) == 2 * colours
    elif can_rgb and can_bgr:
        can_rgb = is_exact(np.frombuffer(data, np.uint8))  # two bytes of BGR555 hardly are such levels
        can_bgr = bool((np.frombuffer(data, "<u2") <= _COLOUR).all())
    if can_rgb == can_bgr:
        count = len(data)
        raise FormatError(
            f"{name}: {count} bytes may be {count // 3} colours in RGB24 or {count // 2} in BGR555; say which with "
            "--format rgb24 or --format bgr555"
        )
    return "rgb24" if can_rgb else "bgr555"
