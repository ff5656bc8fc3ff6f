"""Tracing: prove the starts of blocks by what a game was seen reading, and by what then arrived in its memories."""

from halscope.rom.tracing._tracer import DECODER_CALL, FIRST_TOUCH, PAGE, TracedStart, Tracer

__all__ = ["DECODER_CALL", "FIRST_TOUCH", "PAGE", "TracedStart", "Tracer"]
