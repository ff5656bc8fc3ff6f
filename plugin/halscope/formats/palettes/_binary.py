"""Palettes as bytes: raw RGB24, raw BGR555 (CGRAM), Tile Layer Pro's .tpl and Adobe's .act."""

from __future__ import annotations

from typing import Final

import numpy as np
from halscope_hooks import FormatError
from numpy.typing import NDArray

MOST_COLOURS: Final = 256
TPL: Final = b"TPL"
_TPL_RGB24, _TPL_NES, _TPL_BGR555 = 0, 1, 2
_ACT_BYTES: Final = 3 * MOST_COLOURS
_ACT_NO_TRANSPARENT: Final = 0xFFFF


def parse_rgb24(data: bytes, name: str) -> NDArray[np.uint8]:
    """Return uint8[n, 3]: three bytes for each colour."""
    if not data or len(data) % 3 or len(data) > 3 * MOST_COLOURS:
        raise FormatError(f"{name}: {len(data)} bytes; RGB24 has 3 for each of 1 to {MOST_COLOURS} colours")
    return np.frombuffer(data, np.uint8).reshape(-1, 3)


def parse_bgr555(data: bytes, name: str) -> NDArray[np.uint16]:
    """Return uint16[n]: two bytes for each colour, little-endian, as CGRAM and the ROM have them."""
    if not data or len(data) % 2 or len(data) > 2 * MOST_COLOURS:
        raise FormatError(f"{name}: {len(data)} bytes; BGR555 has 2 for each of 1 to {MOST_COLOURS} colours")
    return np.frombuffer(data, "<u2").astype(np.uint16)


def bgr555(colours: NDArray[np.uint16]) -> bytes:
    """Return the colours as CGRAM has them."""
    return colours.astype("<u2").tobytes()


def parse_tpl(data: bytes, name: str) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Return uint8[n, 3] or uint16[n], as the fourth byte says: 0 is RGB24, 2 is BGR555."""
    if data[:3] != TPL or len(data) < 5:
        raise FormatError(f'{name}: it does not begin with "TPL" and a byte for the kind of its colours')
    match data[3]:
        case kind if kind == _TPL_RGB24:
            return parse_rgb24(data[4:], name)
        case kind if kind == _TPL_BGR555:
            return parse_bgr555(data[4:], name)
        case kind if kind == _TPL_NES:
            raise FormatError(f"{name}: its colours are numbers of the NES's palette, which the SNES does not have")
        case kind:
            raise FormatError(f"{name}: the kind of its colours is {kind}; known are 0 (RGB24) and 2 (BGR555)")


def tpl(colours: NDArray[np.uint16]) -> bytes:
    """Return a .tpl of the console's own colours."""
    return TPL + bytes([_TPL_BGR555]) + bgr555(colours)


def parse_act(data: bytes, name: str) -> NDArray[np.uint8]:
    """Return uint8[n, 3]: 768 bytes, or fewer; behind 768, two big-endian words may give the number of colours and the
    transparent one."""
    if len(data) == _ACT_BYTES + 4:
        count = int.from_bytes(data[_ACT_BYTES : _ACT_BYTES + 2], "big")
        if not 0 <= count <= MOST_COLOURS:
            raise FormatError(f"{name}: it announces {count} colours; it has {MOST_COLOURS} at most")
        return parse_rgb24(data[: 3 * (count or MOST_COLOURS)], name)
    if not data or len(data) % 3 or len(data) > _ACT_BYTES:
        raise FormatError(f"{name}: {len(data)} bytes; an .act has 768 or 772, or 3 for each of fewer colours")
    return parse_rgb24(data, name)


def act(rgb: NDArray[np.uint8]) -> bytes:
    """Return an .act of 772 bytes without a transparent colour: who indexes with 0 knows that it is transparent."""
    counts = len(rgb).to_bytes(2, "big") + _ACT_NO_TRANSPARENT.to_bytes(2, "big")
    return rgb.tobytes().ljust(_ACT_BYTES, b"\0") + counts
