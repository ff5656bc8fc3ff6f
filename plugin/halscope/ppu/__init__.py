"""The picture processing unit: pure functions that turn a snapshot into sprites, layers and the screen.

`tiles`, `cgram`, `oam` and `obj` are units of the hardware; `layers` returns the backgrounds as values, and `compose`
the screen; `grouping` joins sprites into visible figures; `incremental` decodes only what changed since the previous
snapshot; `placements` names the tiles of maps; `raster` follows HDMA through the picture; `match` compares the
composed screen with the emulator's.
"""

from halscope.ppu._visible import layer_tiles
from halscope.ppu.differences import Differences, compare_snapshots
from halscope.ppu.frame import decode_frame
from halscope.ppu.incremental import FrameDecoder
from halscope.ppu.match import with_match
from halscope.ppu.raster import with_raster
from halscope.ppu.register_words import describe_registers
from halscope.ppu.registers import row_changes

__all__ = [
    "Differences",
    "FrameDecoder",
    "compare_snapshots",
    "decode_frame",
    "describe_registers",
    "layer_tiles",
    "row_changes",
    "with_match",
    "with_raster",
]
