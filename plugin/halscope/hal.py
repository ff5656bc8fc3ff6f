"""HAL Laboratory's compression, for callers from outside; see halscope.codecs.hal."""

from halscope_hooks import Block

from halscope.codecs.hal import HalError, decode, scan

__all__ = ["Block", "HalError", "decode", "scan"]
