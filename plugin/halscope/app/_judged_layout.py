"""How the tiles of a block are stored, judged by the block's bytes alone: bits per pixel, and where they begin.

The measures are of the demo's and the lab's blocks, whose layout is known; the thresholds lie between them.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from halscope.app._tile_layout import TileLayout, tile_layout
from halscope.inject import shown_tiles
from halscope.ppu.tiles import decode_tiles

_CLEARER: Final = 0.025
"""How much smoother tiles are where they begin. In the demo's 23 blocks with bytes to spare it is 0.035 to 0.18; only a
block whose tiles begin after one byte has less, 0.016, and of the wrong sign."""

_FEWEST_BYTES: Final = 256
"""Smaller blocks say too little."""

_JUDGED_BYTES: Final = 0x1000
"""Of a larger block the first so many bytes are judged."""

_PAIRED: Final = 0.1
"""How much better the edges of planes 0 and 1 agree with those of planes 2 and 3 than with those of the next tile.
4bpp tiles have 0.14 to 0.6, others at most 0.05; maps, which are no tiles, up to 0.23."""

_TILES: Final = 0.35
"""Smoothness from which bytes look like 4bpp tiles: those have 0.37 to 0.8, most maps and palettes less."""

_HALVES: Final = 0.2
"""How much better the edges of an 8bpp tile's two halves agree than those of its second half and the next tile. Frames
of a sprite that resemble each other have up to 0.5 as 4bpp tiles, too."""

_AS_SMOOTH: Final = 0.075
"""What 8bpp tiles lose of their smoothness, at most, against the same bytes as 4bpp tiles: two 4bpp tiles in one lose
0.087 or more where their halves agree. 8bpp tiles with other colours in each row lose 0.05, dithered ones 0.1."""

_EIGHT_BITS: Final = 0.5
"""Agreement of the halves, and smoothness, from which bytes are 8bpp tiles: of maps, none has both."""

_FOUR: Final = tile_layout(4, None)
_EIGHT: Final = tile_layout(8, None)
_TWO: Final = tile_layout(2, None)
_THREE: Final = tile_layout(3, None)
_ONE: Final = tile_layout(1, None)
_MODE7: Final = tile_layout(None, "mode7")


class JudgedLayout(NamedTuple):
    """How a block's tiles are stored.

    Args:
        layout: Their depth and transform. 3bpp tiles may be shown in two ways; it is the one with the low colours.
        lead: Bytes before the first tile.
    """

    layout: TileLayout
    lead: int

    @property
    def text(self) -> str:
        """The layout for a list: "4bpp", "3bpp-low", "4bpp, lead 3"."""
        name = f"{self.layout.bpp}bpp" if self.layout.row is None else self.layout.transform
        return f"{name}, lead {self.lead}" if self.lead else name


def judged_layout(data: bytes) -> JudgedLayout | None:
    """Return how the tiles of a decoded block are stored, or `None` if that is not clear, as for most maps.

    Tiles that are read with their true depth are smooth: neighbouring pixels are equal more often than their colours'
    frequency makes them. 4bpp tiles are smooth as 2bpp tiles too, but then every other tile repeats the outline of the
    one before it; likewise 8bpp tiles as 4bpp ones. Of 8bpp tiles only those with even areas are certain; most others
    are unclear.
    """
    if len(data) < _FEWEST_BYTES:
        return None
    data = data[: _JUDGED_BYTES + len(data) % 64]  # the bytes beyond whole tiles stay the same
    four = judged_lead(data, _FOUR)
    if _pairing(data[four:]) >= _PAIRED:
        smooth_as_four = _excess(_pixels(data[four:], _FOUR))
        eight = judged_lead(data, _EIGHT)
        smooth_as_eight = _excess(_pixels(data[eight:], _EIGHT))
        halves = _pairing(data[eight:], _EIGHT)
        if halves >= _HALVES and smooth_as_eight > smooth_as_four - _AS_SMOOTH:
            return JudgedLayout(_EIGHT, eight) if min(halves, smooth_as_eight) >= _EIGHT_BITS else None
        return JudgedLayout(_FOUR, four) if smooth_as_four >= _TILES else None
    lead = {layout: judged_lead(data, layout) for layout in (_TWO, _THREE, _ONE, _MODE7)} | {_FOUR: four}
    smooth = {layout: _excess(_pixels(data[at:], layout)) for layout, at in lead.items()}

    def judged(layout: TileLayout) -> JudgedLayout:
        return JudgedLayout(layout, lead[layout])

    planar = max(smooth[layout] for layout in (_FOUR, _TWO, _THREE, _ONE))
    if smooth[_MODE7] >= 0.45 and smooth[_MODE7] > planar + 0.1:
        return judged(_MODE7)
    if smooth[_ONE] >= 0.45 and smooth[_ONE] > smooth[_TWO] + 0.08:
        return judged(_ONE)
    if smooth[_THREE] >= 0.55 and smooth[_THREE] > max(smooth[_FOUR] + 0.05, smooth[_TWO] - 0.04):
        return judged(_THREE)
    return judged(_TWO) if smooth[_TWO] >= 0.42 and smooth[_TWO] > smooth[_FOUR] + 0.04 else None


def judged_lead(data: bytes, layout: TileLayout) -> int:
    """Return how many bytes of a block are before its first tile, judged by its size and its pixels.

    The bytes by which a block is longer than whole tiles are mostly all before them or all after them. Tiles that are
    read from a wrong byte on have their planes mixed up, so fewer pixels equal their neighbours. If neither place is
    clearly smoother, the tiles begin with the block.

    Args:
        data: The decoded block.
        layout: How its tiles are stored.
    """
    rest = len(data) % layout.stored_bytes
    if not rest or len(data) < layout.stored_bytes:
        return 0
    return rest if _equal(_pixels(data[rest:], layout)) > _equal(_pixels(data, layout)) + _CLEARER else 0


def _pixels(data: bytes, layout: TileLayout) -> NDArray[np.uint8]:
    whole = data[: len(data) // layout.stored_bytes * layout.stored_bytes]
    return decode_tiles(shown_tiles(layout.row, whole), layout.bpp)


def _equal(pixels: NDArray[np.uint8]) -> float:
    """Return the part of the neighbouring pixels in whole tiles that are equal, 0 to 1."""
    across, down = pixels[:, :, 1:] == pixels[:, :, :-1], pixels[:, 1:] == pixels[:, :-1]
    return (float(across.mean()) + float(down.mean())) / 2


def _excess(pixels: NDArray[np.uint8]) -> float:
    """Return how much more often neighbouring pixels are equal than any two: 0 for noise, 1 for even tiles."""
    share = np.bincount(pixels.reshape(-1)) / max(1, pixels.size)
    chance = float((share**2).sum())
    return (_equal(pixels) - chance) / (1 - chance) if pixels.size and chance < 1 else 0.0


def _pairing(data: bytes, layout: TileLayout = _FOUR) -> float:
    """Return how much better the edges of the two halves of a 4 or 8bpp tile agree, those of planes 2 and 3 or 4 and 5
    with those of the planes before them, than the edges of its last planes with those of the next tile."""
    pixels = _pixels(data[: len(data) // layout.stored_bytes * layout.stored_bytes], _TWO)
    edges = np.concatenate(
        [
            (pixels[:, :, 1:] != pixels[:, :, :-1]).reshape(len(pixels), -1),
            (pixels[:, 1:] != pixels[:, :-1]).reshape(len(pixels), -1),
        ],
        axis=1,
    )
    parts = layout.stored_bytes // _TWO.stored_bytes
    middle, last = parts // 2, parts - 1
    inside = _agreement(edges[middle - 1 :: parts], edges[middle::parts])
    return inside - _agreement(edges[last:-1:parts], edges[parts::parts])


def _agreement(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Return the correlation of flags, -1 to 1; 0 where one side has only one value."""
    a, b = float(first.mean()), float(second.mean())
    spread = (a * (1 - a) * b * (1 - b)) ** 0.5
    return (float((first & second).mean()) - a * b) / spread if spread else 0.0
