"""Whether a figure looks as one did that is done with: cheap enough to ask for every figure, twice a second."""

from __future__ import annotations

import hashlib
import struct
from typing import Final

from halscope_hooks import Frame

from halscope.ppu.grouping import Metasprite, screen_y

_PLACE: Final = struct.Struct("<6h")


def figure_look(frame: Frame, group: Metasprite) -> bytes:
    """Return what a figure's sheet and its name depend on, but for its colours: its tiles, their places and flips."""
    look = hashlib.blake2b(digest_size=16)
    for index in group.indices:
        one = frame.sprites[index]
        place = one.x - group.x, screen_y(one) - group.y, one.width, one.height, one.hflip, one.vflip
        look.update(_PLACE.pack(*place))
        look.update(one.pixels.tobytes())
    return look.digest()
