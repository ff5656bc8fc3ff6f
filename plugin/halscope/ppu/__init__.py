"""The picture processing unit: pure functions from a snapshot to sprites, layers and the screen.

One module for each unit of the hardware: `tiles`, `cgram`, `oam`, `obj`, `bg`, `mode7`; `layers` makes values of
the backgrounds; `window`, `blend` and `compose` put the screen together; `grouping` joins sprites into the figures that
a person sees; `incremental` decodes only what changed since the snapshot before.
"""

from halscope.ppu.frame import decode_frame
from halscope.ppu.incremental import FrameDecoder

__all__ = ["FrameDecoder", "decode_frame"]
