"""Outlines as the messages to emulators hold them, and texts that are cut to a number of bytes."""

from __future__ import annotations

from typing import Final

from halscope_hooks import Outline

_EDGE: Final = 0x3FFF
"""Pixels from the screen's corner beyond which an edge cannot be seen; 16 bits hold the distance of two edges."""


def clipped(outline: Outline) -> tuple[int, int, int, int]:
    """Return x, y, width and height, with edges that are far off the screen moved to where 16 bits hold them.

    What is on the screen does not change. The size is 0 to 32766, the corner -16383 to 16383.
    """
    left, top = _moved(outline.x), _moved(outline.y)
    right, bottom = _moved(outline.x + outline.width), _moved(outline.y + outline.height)
    return left, top, max(0, right - left), max(0, bottom - top)


def utf8(value: str, most: int) -> bytes:
    """Return a text in UTF-8, cut to at most `most` bytes and never inside a character."""
    return value.encode("utf-8", "replace")[:most].decode("utf-8", "ignore").encode()


def _moved(edge: int) -> int:
    return max(-_EDGE, min(edge, _EDGE))
