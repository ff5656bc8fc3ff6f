"""Limits that a server has to know before the rest of the program is imported."""

from __future__ import annotations

from typing import Final

MOST_PICTURE_BYTES: Final = 4 << 20
"""Size of the largest file that is put on a figure, or sent by a page."""
MOST_PAINTED: Final = 1 << 18
"""Pixels of the largest sheet that is painted on a page: a block of 64 KiB at 2 bits a pixel."""
