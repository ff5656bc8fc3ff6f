"""Nintendo's LZ family: the public API; see halscope.codecs.lz and halscope.codecs.simcity."""

from halscope_hooks import Block

from halscope.codecs.lz import LZ1, LZ2, Format, LzError, decode, encode, scan
from halscope.codecs.simcity import SIMCITY, SimCityError

__all__ = ["LZ1", "LZ2", "SIMCITY", "Block", "Format", "LzError", "SimCityError", "decode", "encode", "scan"]
