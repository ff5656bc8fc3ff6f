"""HAL Laboratory's compression: the public API; see halscope.codecs.hal."""

from halscope_hooks import Block

from halscope.codecs.hal import HAL, HalError, decode, encode, scan

__all__ = ["HAL", "Block", "HalError", "decode", "encode", "scan"]
