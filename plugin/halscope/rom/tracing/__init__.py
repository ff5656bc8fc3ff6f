"""Tracing: prove the starts of blocks by what a game was seen reading, and by what then arrived in its memories."""

from halscope.rom.tracing._passages import FilledBuffer, Passage, Passages
from halscope.rom.tracing._tracer import DECODER_CALL, FIRST_TOUCH, PAGE, TracedStart, Tracer

__all__ = [
    "DECODER_CALL",
    "FIRST_TOUCH",
    "PAGE",
    "FilledBuffer",
    "Passage",
    "Passages",
    "TracedStart",
    "Tracer",
]
