"""The distinct pictures of a figure while it moves: followed from frame to frame, flips folded, aligned by its anchor.

docs/explanation/frames.md#animations lists the rules.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from halscope_hooks import TILE_BYTES, Frame, Sprite
from numpy.typing import NDArray

from halscope.ppu.grouping import Metasprite, screen_y
from halscope.ppu.obj import sprite_cgram

LOST_AFTER: Final = 10
"""Frames without the figure after which it is another one: games blink a figure that was hit."""
NEAR: Final = 24
"""Pixels between two places of one figure, from one frame to the next."""
MOST_PICTURES: Final = 256
"""Pictures of one figure; more are not collected."""
_MOST_STEPS: Final = 20_000
_LEAST_LIKENESS: Final = 0.25

_PLACE: Final = struct.Struct("<4h3B")
_FLIPS: Final = ((False, False), (True, False), (False, True), (True, True))


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One picture of a figure, as it was first seen.

    Args:
        number: Unique in its `Animations`, ascending in the order of appearance.
        frame: Number of the frame.
        group: The figure there.
        cgram: uint16[256], BGR555: the colours that it had.
    """

    number: int
    frame: int
    group: Metasprite
    cgram: NDArray[np.uint16] = field(repr=False)


@dataclass(slots=True)
class Step:
    """A picture that a figure shows for some frames.

    Args:
        picture: Number of the picture.
        hflip: Whether it is mirrored left to right, compared with the picture.
        vflip: Whether it is mirrored top to bottom.
        frame: Number of the first frame.
        frames: How many frames it lasts.
        first: Left and top edge of the figure on the screen in the first frame.
        last: The same in the last frame.
    """

    picture: int
    hflip: bool
    vflip: bool
    frame: int
    frames: int
    first: tuple[int, int]
    last: tuple[int, int]


@dataclass(slots=True, eq=False)
class Track:
    """A figure, followed from frame to frame.

    Args:
        number: Unique in its `Animations`.
        steps: What it shows, in time.
        group: The figure where it was last seen.
        seen: Number of the frame where it was last seen.
        changed: Number of the frame where it last showed a picture that it had not shown before.
    """

    number: int
    steps: list[Step]
    group: Metasprite
    seen: int
    changed: int
    _tiles: frozenset[int] = field(repr=False, default=frozenset())
    _pictures: dict[int, None] = field(repr=False, default_factory=dict)

    @property
    def pictures(self) -> list[int]:
        """The pictures that it has shown, each once, in the order of appearance."""
        return [*self._pictures]

    def follow(self, frame: int, group: Metasprite, tiles: frozenset[int]) -> None:
        """Note where the figure is now, and the VRAM byte addresses of its tiles."""
        self.seen, self.group, self._tiles = frame, group, tiles

    def likeness(self, frame: int, group: Metasprite, tiles: frozenset[int]) -> float:
        """Return how likely a group of a later frame is this figure: 0 to 3."""
        gap = frame - self.seen
        before = self.group
        if gap > LOST_AFTER or not set(before.palettes).intersection(group.palettes):
            return 0.0
        across = max(before.x, group.x) - min(before.x + before.width, group.x + group.width)
        down = max(before.y, group.y) - min(before.y + before.height, group.y + group.height)
        apart = max(0, across) + max(0, down)
        if apart > NEAR * gap:
            return 0.0
        shared = max(0, -across) * max(0, -down)
        likeness = shared / (before.width * before.height + group.width * group.height - shared)
        likeness += _overlap(self._tiles, tiles) + _overlap(frozenset(before.indices), frozenset(group.indices))
        return likeness - apart / (4 * NEAR * gap)

    def show(self, step: Step) -> bool:
        """Add what the figure shows in one frame; return whether the picture is new to it."""
        last = self.steps[-1] if self.steps else None
        if last is not None and (last.picture, last.hflip, last.vflip) == (step.picture, step.hflip, step.vflip):
            last.frames, last.last = step.frame - last.frame + 1, step.last
            return False
        if last is not None:
            last.frames = step.frame - last.frame  # it stays until the next picture, also where frames are missing
        self.steps.append(step)
        if len(self.steps) > _MOST_STEPS:
            del self.steps[: _MOST_STEPS // 2]
        is_new = step.picture not in self._pictures
        if is_new:
            self._pictures[step.picture] = None
            self.changed = step.frame
        return is_new


class Seen(NamedTuple):
    """A picture that a track shows for the first time."""

    track: Track
    picture: Picture


class Place(NamedTuple):
    """Where a picture's left and top edge are, relative to its figure's anchor, in pixels."""

    x: int
    y: int


class Animations:
    """Follows figures from frame to frame and collects their pictures. Not for two threads at once."""

    def __init__(self) -> None:
        self.pictures: dict[int, Picture] = {}
        self.tracks: dict[int, Track] = {}
        self._by_look: dict[bytes, tuple[int, bool, bool]] = {}
        self._by_cells: dict[bytes, int] = {}
        self._next = 0
        self._newest: int | None = None

    def add(self, frame: Frame, groups: Sequence[Metasprite]) -> list[Seen]:
        """Follow the figures of the next frame; return the pictures that a track had not shown before.

        Args:
            frame: The decoded frame. Frames may be missing before it; the last one again adds nothing. A number below
                the last one ends all tracks, as a savestate was loaded.
            groups: Its figures.
        """
        number = frame.snapshot.frame
        if number == self._newest:
            return []
        if self._newest is not None and number < self._newest:
            for track in self.tracks.values():
                track.seen = number - LOST_AFTER - 1
        self._newest = number
        new: list[Seen] = []
        drawn = [group for group in groups if group.pixels.any()]
        tiles = [_tiles(frame, group) for group in drawn]
        followed = self._matched(number, drawn, tiles)
        for at, group in enumerate(drawn):
            track = followed.get(at) or self._begin(number, group)
            track.follow(number, group, tiles[at])
            if len(track.pictures) >= MOST_PICTURES:
                continue
            picture, hflip, vflip = self._look(frame, group)
            if track.show(Step(picture, hflip, vflip, number, 1, (group.x, group.y), (group.x, group.y))):
                new.append(Seen(track, self.pictures[picture]))
        return new

    def forget(self, tracks: Iterable[Track]) -> None:
        """Drop tracks, and the pictures that no other track shows."""
        for track in tracks:
            self.tracks.pop(track.number, None)
        kept = {number for track in self.tracks.values() for number in track.pictures}
        self.pictures = {number: picture for number, picture in self.pictures.items() if number in kept}
        self._by_look = {look: found for look, found in self._by_look.items() if found[0] in kept}
        self._by_cells = {cells: number for cells, number in self._by_cells.items() if number in kept}

    def lost(self, frame: int) -> list[Track]:
        """Return the tracks that have not been seen for so long that nothing is added to them any more."""
        return [track for track in self.tracks.values() if frame - track.seen > LOST_AFTER]

    def places(self, tracks: Sequence[Track]) -> dict[int, Place]:
        """Return where each picture of one figure stands relative to the figure's anchor.

        The anchor is the upper left corner of the picture that is shown longest. Another picture's place follows from
        how far the figure's box jumps where one picture becomes the other, less the figure's own movement; boxes of
        one size are at one place.

        Args:
            tracks: The tracks of the figure; at least one.
        """
        return _places(tracks, {number: self.pictures[number].group for track in tracks for number in track.pictures})

    def _begin(self, frame: int, group: Metasprite) -> Track:
        track = Track(self._number(), [], group, frame, frame)
        self.tracks[track.number] = track
        return track

    def _number(self) -> int:
        self._next += 1
        return self._next

    def _look(self, frame: Frame, group: Metasprite) -> tuple[int, bool, bool]:
        """Return the number of a figure's picture, and how the figure shows it."""
        look = _look_of(frame, group)
        found = self._by_look.get(look)
        if found is not None:
            return found
        cells = _cells(frame, group)
        for hflip, vflip in _FLIPS:
            picture = self._by_cells.get(_digest(cells, group, hflip, vflip))
            if picture is not None:
                self._by_look[look] = picture, hflip, vflip
                return self._by_look[look]
        number = self._number()
        cgram = sprite_cgram(frame.snapshot, [frame.sprites[index] for index in group.indices]).copy()
        self.pictures[number] = Picture(number, frame.snapshot.frame, group, cgram)
        self._by_cells[_digest(cells, group, False, False)] = number
        self._by_look[look] = number, False, False
        return self._by_look[look]

    def _matched(self, number: int, groups: Sequence[Metasprite], tiles: Sequence[frozenset[int]]) -> dict[int, Track]:
        """Return the track that each group continues, by its place in `groups`; the likeliest pairs first."""
        pairs = [
            (-like, track.number, at)
            for track in self.tracks.values()
            for at, group in enumerate(groups)
            if (like := track.likeness(number, group, tiles[at])) >= _LEAST_LIKENESS
        ]
        followed: dict[int, Track] = {}
        taken: set[int] = set()
        for _, track_number, at in sorted(pairs):
            if at not in followed and track_number not in taken:
                followed[at] = self.tracks[track_number]
                taken.add(track_number)
        return followed


def _overlap(one: frozenset[int], other: frozenset[int]) -> float:
    return len(one & other) / len(one | other) if one or other else 0.0


def _tiles(frame: Frame, group: Metasprite) -> frozenset[int]:
    """Return the VRAM byte addresses of a figure's tiles."""
    return frozenset(at for index in group.indices for at in frame.sprites[index].cells.ravel().tolist())


def _look_of(frame: Frame, group: Metasprite) -> bytes:
    """Return a hash of what the player sees of a figure, and of its flips: it costs little."""
    look = hashlib.blake2b(digest_size=16)
    for index in group.indices:
        one = frame.sprites[index]
        place = one.x - group.x, screen_y(one) - group.y, one.width, one.height
        look.update(_PLACE.pack(*place, one.palette, one.hflip, one.vflip))
        look.update(one.pixels.tobytes())
    return look.digest()


class _Cell(NamedTuple):
    """A tile of a figure that is not blank: its place in the figure's box, as shown, and as it stands in VRAM."""

    x: int
    y: int
    palette: int
    shown: NDArray[np.uint8]
    tile: bytes


def _cells(frame: Frame, group: Metasprite) -> list[_Cell]:
    return [cell for index in group.indices for cell in _sprite_cells(frame, frame.sprites[index], group)]


def _sprite_cells(frame: Frame, sprite: Sprite, group: Metasprite) -> Iterator[_Cell]:
    left, top = sprite.x - group.x, screen_y(sprite) - group.y
    for (row, column), at in np.ndenumerate(sprite.cells):
        shown = sprite.pixels[row * 8 : row * 8 + 8, column * 8 : column * 8 + 8]
        if shown.any():
            tile = frame.snapshot.vram[at : at + TILE_BYTES].tobytes()
            yield _Cell(left + column * 8, top + row * 8, sprite.palette, shown, tile)


def _digest(cells: Sequence[_Cell], group: Metasprite, hflip: bool, vflip: bool) -> bytes:
    """Return a hash of a figure's tiles as they would be shown if the figure was mirrored.

    The tiles' bytes are in it too: a mirrored copy that is stored as tiles of its own is another picture.
    """
    rows = []
    for cell in cells:
        x = group.width - 8 - cell.x if hflip else cell.x
        y = group.height - 8 - cell.y if vflip else cell.y
        shown = cell.shown[:: -1 if vflip else 1, :: -1 if hflip else 1]
        rows.append((x, y, cell.palette, shown.tobytes(), cell.tile))
    return hashlib.blake2b(repr(sorted(rows)).encode(), digest_size=16).digest()


def _places(tracks: Sequence[Track], groups: dict[int, Metasprite]) -> dict[int, Place]:
    shown = dict.fromkeys(groups, 0)
    for track in tracks:
        for step in track.steps:
            shown[step.picture] += step.frames
    jumps = _jumps(tracks, groups)
    root = max(shown, key=lambda number: (shown[number], -number))
    places = {root: Place(0, 0)}
    side = max(max(group.width, group.height) for group in groups.values())
    while len(places) < len(groups):
        edges = [edge for edge in jumps if edge[0] in places and edge[1] not in places]
        if edges:
            known, number = max(edges, key=lambda edge: (len(jumps[edge]), -edge[1]))
            x, y = np.round(np.median(jumps[known, number], axis=0)).astype(int).tolist()
            place = Place(places[known].x + x, places[known].y + y)
        else:
            number = min(groups.keys() - places.keys())
            place = _standing(groups[number], groups[root])
        if max(abs(place.x), abs(place.y)) > side:  # it cannot be one movement
            place = _standing(groups[number], groups[root])
        places[number] = place
    return places


def _standing(group: Metasprite, root: Metasprite) -> Place:
    """Return the place at which a picture stands on the same ground as another one, in the middle."""
    return Place((root.width - group.width) // 2, root.height - group.height)


def _jumps(tracks: Sequence[Track], groups: dict[int, Metasprite]) -> dict[tuple[int, int], list[tuple[float, float]]]:
    """Return how far the box jumps from one picture to another, in the pictures' own direction, less the movement."""
    jumps: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for track in tracks:
        for before, after in pairwise(track.steps):
            if before.picture == after.picture or (before.hflip, before.vflip) != (after.hflip, after.vflip):
                continue
            x, y = _jump(before, after, groups[before.picture], groups[after.picture])
            jumps.setdefault((before.picture, after.picture), []).append((x, y))
            jumps.setdefault((after.picture, before.picture), []).append((-x, -y))
    return jumps


def _jump(before: Step, after: Step, old: Metasprite, new: Metasprite) -> tuple[float, float]:
    if (old.width, old.height) == (new.width, new.height):
        return 0.0, 0.0  # what moves is the figure: it may have begun to jump
    x = after.first[0] - before.last[0] - _speed(before, after, 0)
    y = after.first[1] - before.last[1] - _speed(before, after, 1)
    x = old.width - new.width - x if before.hflip else x
    y = old.height - new.height - y if before.vflip else y
    return x, y


def _speed(before: Step, after: Step, axis: int) -> float:
    """Return the pixels per frame that a figure moves around a change of its picture."""
    speeds = [(step.last[axis] - step.first[axis]) / (step.frames - 1) for step in (before, after) if step.frames > 1]
    return sum(speeds) / len(speeds) if speeds else 0.0
