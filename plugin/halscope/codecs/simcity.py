"""SimCity's compression, a further member of Nintendo's LZ family: the codec as a value."""

from __future__ import annotations

from typing import Final

from halscope_hooks import CodecError

from halscope.codecs._native import NativeCodec


class SimCityError(CodecError):
    """A stream of SimCity's format cannot be read or written; arguments as for `halscope.hal.HalError`."""


SIMCITY: Final = NativeCodec("simcity", SimCityError)
