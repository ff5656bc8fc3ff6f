"""Codecs as values, each with a name, decode, encode and scan."""

from halscope.codecs._native import NativeCodec

__all__ = ["NativeCodec"]
