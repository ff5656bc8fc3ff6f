"""The picture processing unit: pure functions from a snapshot to sprites, layers and the screen.

One module for each unit of the hardware: `tiles`, `cgram`, `oam`, `obj`, `bg`, `mode7`; `window`, `blend` and `compose`
put them together; `grouping` joins sprites into the figures that a person sees.
"""

from halscope.ppu.frame import decode_frame

__all__ = ["decode_frame"]
