"""Where the colours in CGRAM come from: runs of colours in the ROM, faded copies of them, and buffers in memory."""

from halscope.rom.colours._buffers import Buffer, colour_buffers
from halscope.rom.colours._fades import Fade, find_fade
from halscope.rom.colours._lookup import LEAST_ODDS, ColourIndex
from halscope.rom.colours._stretches import Stretch, find_stretches, is_telling
from halscope.rom.colours._tracker import CgramTracker

__all__ = [
    "LEAST_ODDS",
    "Buffer",
    "CgramTracker",
    "ColourIndex",
    "Fade",
    "Stretch",
    "colour_buffers",
    "find_fade",
    "find_stretches",
    "is_telling",
]
