"""The picture processing unit: pure functions that turn a snapshot into sprites, layers and the screen.

There is one module per hardware unit: `tiles`, `cgram`, `oam`, `obj`, `bg`, `mode7`. `layers` returns the backgrounds
as values; `window`, `blend` and `compose` assemble the screen; `grouping` joins sprites into visible figures;
`incremental` decodes only what changed since the previous snapshot; `raster` follows HDMA through the picture.
"""

from halscope.ppu.frame import decode_frame
from halscope.ppu.incremental import FrameDecoder
from halscope.ppu.raster import with_raster

__all__ = ["FrameDecoder", "decode_frame", "with_raster"]
