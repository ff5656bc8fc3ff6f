"""SimCity's compression format, another member of Nintendo's LZ family: the codec as a value."""

from __future__ import annotations

from typing import Final

from halscope_hooks import CodecError

from halscope.codecs._native import NativeCodec


class SimCityError(CodecError):
    """A stream in SimCity's format cannot be decoded or encoded. Arguments as for `halscope.hal.HalError`."""


SIMCITY: Final = NativeCodec("simcity", SimCityError)
