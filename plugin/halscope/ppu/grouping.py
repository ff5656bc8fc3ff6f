"""Group the sprites that belong together into visible figures.

Nothing in the console says which sprites these are: docs/explanation/frames.md#figures lists the rules, in the order in
which they are applied.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from halscope_hooks import Frame, Sprite
from numpy.typing import NDArray

from halscope.ppu import registers
from halscope.ppu.obj import first_sprite

GRID_OAM_DISTANCE: Final = 8
TOUCH_OAM_DISTANCE: Final = 2
PICTURE_OAM_DISTANCE: Final = 64
"""Half of OAM: a row of a large picture may have any number of sprites."""
PARKED_ROW: Final = 8


@dataclass(frozen=True, slots=True, eq=False)
class Metasprite:
    """One figure: a single sprite, or several that belong together.

    Args:
        indices: OAM entries, ascending.
        x: Left edge on the screen in pixels; may be negative.
        y: Top edge on the screen in pixels; negative for a sprite that wraps at the bottom.
        width: Width of the box around all sprites.
        height: Height of the box around all sprites.
        pixels: uint8[height, width], index into CGRAM (128 to 255), 0 transparent; the frontmost sprite on top.
        palettes: The sprites' palettes, 0 to 7, ascending.
    """

    indices: tuple[int, ...]
    x: int
    y: int
    width: int
    height: int
    pixels: NDArray[np.uint8]
    palettes: tuple[int, ...]


def group_sprites(frame: Frame) -> tuple[Metasprite, ...]:
    """Return the figures on the screen, ordered by their first OAM entry. Each visible sprite is in exactly one.

    A frame without sprites has no figures. docs/explanation/frames.md#figures lists the rules.
    """
    lines = registers.screen_lines(frame.snapshot.ppu)
    candidates = _candidates(frame.sprites, lines)
    groups = _Groups(candidates)
    pairs = [pair for pair in _touching(candidates) if pair.a.priority == pair.b.priority]
    for evidence in (_tiles_continue, _one_picture, _on_one_grid, _pixels_meet):
        alike = [(pair.a, pair.b) for pair in pairs if evidence(pair)]
        # A join can enable another one (a copy with other pieces added is no longer a copy), so repeat until stable.
        joined = True
        while joined:
            joined = False
            for a, b in alike:
                if groups.together(a, b):
                    continue
                if evidence is _one_picture and groups.are_equal(a, b):
                    continue
                if evidence in (_on_one_grid, _pixels_meet) and groups.are_copies(a, b):
                    continue
                if evidence is _pixels_meet and not groups.one_is_an_extra(a, b):
                    continue
                groups.join(a, b)
                joined = True
    first = _front_sprite(frame)
    return tuple(_draw(group, first) for group in groups.all() if any(is_on_screen(s, lines) for s in group))


def is_on_screen(sprite: Sprite, lines: int) -> bool:
    """Whether any pixel of the sprite can be on the picture, which has this many lines (y wraps at 256)."""
    return -sprite.width < sprite.x < 256 and (sprite.y < lines or sprite.y + sprite.height > 256)


def draw_group(frame: Frame, indices: Sequence[int]) -> Metasprite:
    """Return the given sprites of a frame as one figure, regardless of the grouping rules.

    Args:
        frame: The frame.
        indices: OAM entries of the frame. At least one, without duplicates.
    """
    return _draw([frame.sprites[index] for index in sorted(indices)], _front_sprite(frame))


def _front_sprite(frame: Frame) -> int:
    return first_sprite(registers.known(frame.snapshot.ppu.oamadd))


def screen_y(sprite: Sprite) -> int:
    """Return the screen line of a sprite's first row, negative if it wraps from the bottom to the top.

    A sprite visible at both ends (64 lines, from y = 193 on) is placed where more of it is visible.
    """
    rows_at_top = sprite.y + sprite.height - 256
    return sprite.y - 256 if rows_at_top >= max(0, 224 - sprite.y) else sprite.y


def _candidates(sprites: Sequence[Sprite], lines: int) -> list[Sprite]:
    """Return the sprites that may be part of a figure."""
    places = Counter((sprite.x, sprite.y) for sprite in sprites)
    rows = Counter(sprite.y for sprite in sprites)
    return [
        sprite
        for sprite in sprites
        if (
            is_on_screen(sprite, lines)
            or (places[sprite.x, sprite.y] == 1 and (0 < sprite.y < lines or rows[sprite.y] < PARKED_ROW))
        )
        and sprite.pixels.any()
    ]


class _Pair(NamedTuple):
    """Two sprites whose boxes overlap or share part of an edge.

    Args:
        a: The one with the lower index.
        b: The other one.
        across: How far b is to the right of a, in pixels.
        down: How far it is below a, in screen lines.
    """

    a: Sprite
    b: Sprite
    across: int
    down: int

    @property
    def is_on_grid(self) -> bool:
        """Whether they stand on one grid of tiles."""
        return self.across % 8 == 0 and self.down % 8 == 0


def _touching(sprites: Sequence[Sprite]) -> Iterator[_Pair]:
    """Yield every pair whose boxes touch, nearest in OAM first."""
    if not sprites:
        return
    left = np.array([sprite.x for sprite in sprites])
    top = np.array([screen_y(sprite) for sprite in sprites])
    right = left + [sprite.width for sprite in sprites]
    bottom = top + [sprite.height for sprite in sprites]
    across = np.minimum.outer(right, right) - np.maximum.outer(left, left)  # 0: edges touch, above: boxes overlap
    down = np.minimum.outer(bottom, bottom) - np.maximum.outer(top, top)
    touching = (across >= 0) & (down >= 0) & (across + down > 0)
    rows, columns = np.nonzero(np.triu(touching, 1))
    tops = top.tolist()
    for row, column in sorted(zip(rows.tolist(), columns.tolist(), strict=True), key=lambda pair: pair[1] - pair[0]):
        a, b = sprites[row], sprites[column]
        yield _Pair(a, b, b.x - a.x, tops[column] - tops[row])


def _oam_distance(a: Sprite, b: Sprite) -> int:
    apart = abs(a.index - b.index)
    return min(apart, 128 - apart)  # OAM wraps around: games rotate it


def _tiles_continue(pair: _Pair) -> bool:
    a, b, across, down = pair
    if (a.palette, a.hflip, a.vflip, a.tile >> 8) != (b.palette, b.hflip, b.vflip, b.tile >> 8):
        return False
    if not pair.is_on_grid:
        return False
    if a.hflip:  # a flipped sprite's right side is on the left in the page
        across = a.width - b.width - across
    if a.vflip:
        down = a.height - b.height - down
    columns = (b.tile & 15) - (a.tile & 15)
    rows = (b.tile >> 4 & 15) - (a.tile >> 4 & 15)
    return (columns, rows) == (across // 8, down // 8) != (0, 0)


def _one_picture(pair: _Pair) -> bool:
    a, b = pair.a, pair.b
    if a.palette != b.palette or not pair.is_on_grid or _oam_distance(a, b) > PICTURE_OAM_DISTANCE:
        return False
    seam = _seam(pair)
    return seam is not None and 4 * seam.drawn >= 3 * seam.length


def _on_one_grid(pair: _Pair) -> bool:
    a, b = pair.a, pair.b
    if not pair.is_on_grid or _oam_distance(a, b) > (GRID_OAM_DISTANCE if a.palette == b.palette else 1):
        return False
    seam = _seam(pair)
    if seam is None or a.palette != b.palette or max(a.width, a.height, b.width, b.height) <= 8:
        return True
    if seam.is_stacked:
        return seam.drawn >= 2 and 2 * seam.drawn >= seam.outline
    return 3 * seam.drawn >= seam.length


class _Seam(NamedTuple):
    """The common edge of two sprites whose boxes touch without overlapping.

    Args:
        length: Its length in pixels.
        drawn: The pixels along it that are opaque on both sides, a step of one pixel aside included.
        outline: The opaque pixels along it on the side that has fewer of them.
        is_stacked: Whether one sprite is above the other.
    """

    length: int
    drawn: int
    outline: int
    is_stacked: bool


def _seam(pair: _Pair) -> _Seam | None:
    """Return the common edge of two sprites that touch, or `None` if their boxes overlap."""
    a, b, x, y = pair
    is_stacked = y in (a.height, -b.height)
    if not is_stacked and x not in (a.width, -b.width):
        return None
    if is_stacked:
        near, far = (a.pixels[-1], b.pixels[0]) if y > 0 else (a.pixels[0], b.pixels[-1])
        shift = x
    else:
        near, far = (a.pixels[:, -1], b.pixels[:, 0]) if x > 0 else (a.pixels[:, 0], b.pixels[:, -1])
        shift = y
    start, end = max(0, shift), min(len(near), shift + len(far))
    near, far = near[start:end] != 0, far[start - shift : end - shift] != 0
    beside = far.copy()
    beside[1:] |= far[:-1]
    beside[:-1] |= far[1:]
    outline = min(np.count_nonzero(near), np.count_nonzero(far))
    return _Seam(end - start, int(np.count_nonzero(near & beside)), int(outline), is_stacked)


def _pixels_meet(pair: _Pair) -> bool:
    a, b = pair.a, pair.b
    if a.palette != b.palette or _oam_distance(a, b) > (GRID_OAM_DISTANCE if pair.is_on_grid else TOUCH_OAM_DISTANCE):
        return False
    a_left, a_top, a_right, a_bottom = _opaque_box(a)
    b_left, b_top, b_right, b_bottom = _opaque_box(b)
    across = min(a_right, b_right) - max(a_left, b_left)
    down = min(a_bottom, b_bottom) - max(a_top, b_top)
    return across >= 0 and down >= 0 and across + down > 0


def _opaque_box(sprite: Sprite) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom (the latter two exclusive) of the opaque pixels on the screen."""
    rows = np.flatnonzero(sprite.pixels.any(axis=1))
    columns = np.flatnonzero(sprite.pixels.any(axis=0))
    x, y = sprite.x, screen_y(sprite)
    return x + int(columns[0]), y + int(rows[0]), x + int(columns[-1]) + 1, y + int(rows[-1]) + 1


type _Look = tuple[int, bool, int, bool, bool]


def _look(sprite: Sprite) -> _Look:
    return sprite.tile, sprite.large, sprite.palette, sprite.hflip, sprite.vflip


class _Groups:
    """Disjoint groups of sprites, which can be joined."""

    def __init__(self, sprites: Sequence[Sprite]) -> None:
        self._members = {sprite.index: [sprite] for sprite in sprites}

    def together(self, a: Sprite, b: Sprite) -> bool:
        return self._members[a.index] is self._members[b.index]

    def are_copies(self, a: Sprite, b: Sprite) -> bool:
        """Whether every piece of one group also occurs in the other."""
        one = {_look(sprite) for sprite in self._members[a.index]}
        other = {_look(sprite) for sprite in self._members[b.index]}
        return one <= other or other <= one

    def are_equal(self, a: Sprite, b: Sprite) -> bool:
        """Whether both groups consist of the same pieces."""
        return {_look(sprite) for sprite in self._members[a.index]} == {
            _look(sprite) for sprite in self._members[b.index]
        }

    def one_is_an_extra(self, a: Sprite, b: Sprite) -> bool:
        """Whether one group is a single sprite with a smaller area than the other group."""
        groups = sorted(
            (sum(sprite.width * sprite.height for sprite in group), len(group))
            for group in (self._members[a.index], self._members[b.index])
        )
        return groups[0][1] == 1 and groups[0][0] < groups[1][0]

    def join(self, a: Sprite, b: Sprite) -> None:
        joined = self._members[a.index]
        for sprite in self._members[b.index]:
            joined.append(sprite)
            self._members[sprite.index] = joined

    def all(self) -> list[list[Sprite]]:
        """Return every group once, with its sprites in OAM order, ordered by the first sprite."""
        groups = {id(group): sorted(group, key=lambda sprite: sprite.index) for group in self._members.values()}
        return sorted(groups.values(), key=lambda group: group[0].index)


def _draw(group: Sequence[Sprite], first: int) -> Metasprite:
    left = min(sprite.x for sprite in group)
    top = min(screen_y(sprite) for sprite in group)
    width = max(sprite.x + sprite.width for sprite in group) - left
    height = max(screen_y(sprite) + sprite.height for sprite in group) - top
    pixels = np.zeros((height, width), np.uint8)
    for sprite in sorted(group, key=lambda sprite: (sprite.index - first) % 128, reverse=True):  # back to front
        x, y = sprite.x - left, screen_y(sprite) - top
        window = pixels[y : y + sprite.height, x : x + sprite.width]
        np.copyto(window, sprite.pixels + np.uint8(128 + 16 * sprite.palette), where=sprite.pixels != 0)
    pixels.flags.writeable = False
    return Metasprite(
        indices=tuple(sprite.index for sprite in group),
        x=left,
        y=top,
        width=width,
        height=height,
        pixels=pixels,
        palettes=tuple(sorted({sprite.palette for sprite in group})),
    )
