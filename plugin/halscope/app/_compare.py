"""Comparing two moments that files hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from halscope_hooks import Frame, Snapshot, UsageError
from numpy.typing import NDArray

from halscope.app._moments import all_states
from halscope.app._past import picture_of
from halscope.ppu import decode_frame
from halscope.ppu.differences import Differences, compare_snapshots
from halscope.ppu.grouping import is_on_screen
from halscope.ppu.registers import screen_lines

_WIDTH: Final = 256
_MOST_LINES: Final = 239  # of a picture that is not interlaced
_FRAME: Final = (255, 213, 74)
_DASH: Final = 3  # pixels
OBJ_COLOURS: Final = 128  # entry of CGRAM with which the palettes of sprites begin


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment from a file.

    Args:
        text: As the user named it: `FILE`, or `FILE@FRAME` for a frame of a recording.
        kind: What the file is ("recording", "state of …").
        snapshot: Its state.
    """

    text: str
    kind: str
    snapshot: Snapshot

    def describe(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"moment": self.text, "kind": self.kind, "frame": self.snapshot.frame}


class ChangedSprite(NamedTuple):
    """A sprite on the screen that differs between two moments, as it is in one of them.

    Args:
        sprite: Its entry in OAM, 0 to 127.
        x: Left edge, in pixels of 256 in a line.
        y: First line of the screen, negative where it begins above it.
        width: Width in pixels.
        height: Height in lines.
        oam: Whether its entry differs.
        tiles: Whether a tile in VRAM that it shows differs.
        colours: Whether a colour of its palette differs.
    """

    sprite: int
    x: int
    y: int
    width: int
    height: int
    oam: bool
    tiles: bool
    colours: bool


def changed_sprites(frame: Frame, found: Differences) -> list[ChangedSprite]:
    """Return the sprites on the screen of one of two frames that were compared, as far as they differ.

    Args:
        frame: One of the two frames.
        found: What differs between them.
    """
    entries = {one.index for one in found.sprites}
    tiles = set(found.tiles.tolist())
    palettes = {(one.index - OBJ_COLOURS) // 16 for one in found.colours if one.index >= OBJ_COLOURS and one.index % 16}
    marked = []
    for sprite in frame.sprites:
        if not is_on_screen(sprite, screen_lines(frame.snapshot.ppu)):
            continue
        shows = any(address & ~31 in tiles for address in sprite.cells.reshape(-1).tolist())
        y = sprite.y - 256 if sprite.y >= 240 else sprite.y
        one = ChangedSprite(
            *(sprite.index, sprite.x, y, sprite.width, sprite.height),
            *(sprite.index in entries, shows, sprite.palette in palettes),
        )
        if one.oam or one.tiles or one.colours:
            marked.append(one)
    return marked


@dataclass(frozen=True, slots=True)
class ComparedMoments:
    """Two moments and what differs between them.

    Args:
        before, after: The moments.
        differences: What differs.
        marks: The sprites on the screen that differ, as they are in the first moment, and as they are in the second.
            None where OBSEL is unknown, and with it what sprites show.
    """

    before: Moment
    after: Moment
    differences: Differences
    marks: tuple[tuple[ChangedSprite, ...], tuple[ChangedSprite, ...]]

    def describe(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "before": self.before.describe(),
            "after": self.after.describe(),
            **self.differences.describe(),
            "marks": [[mark._asdict() for mark in marks] for marks in self.marks],
        }


def compare_files(before: str, after: str, obsel: int | None = None) -> ComparedMoments:
    """Compare two moments that files hold: savestates, or `FILE@FRAME` of recordings (`FILE` alone: frame 0).

    Raises:
        UsageError: A file cannot be read, or has no such frame.
        FormatError: A file is damaged, or of no known format.
    """
    one, other = moment_of(before, obsel), moment_of(after, obsel)
    found = compare_snapshots(one.snapshot, other.snapshot)
    there, now = (tuple(changed_sprites(decode_frame(moment.snapshot), found)) for moment in (one, other))
    return ComparedMoments(one, other, found, (there, now))


def compared_pictures(found: ComparedMoments) -> list[NDArray[np.uint8] | None]:
    """Return the pictures of both moments, in which the sprites that differ are framed as the page's Compare does:
    dashed where only their tiles or colours differ. uint8[lines, width, 3]; `None` where a register is not known."""
    pictures: list[NDArray[np.uint8] | None] = []
    for moment, marks in zip((found.before, found.after), found.marks, strict=True):
        picture = picture_of(decode_frame(moment.snapshot))
        pictures.append(None if picture is None else _framed(picture, marks))
    return pictures


def _framed(picture: NDArray[np.uint8], marks: Sequence[ChangedSprite]) -> NDArray[np.uint8]:
    framed = picture.copy()
    height, width = framed.shape[:2]
    across, down = width // _WIDTH, 2 if height > _MOST_LINES else 1
    for mark in marks:
        left, right = mark.x * across - 1, (mark.x + mark.width) * across
        top, bottom = mark.y * down - 1, (mark.y + mark.height) * down
        for n in range(left, right + 1):
            for y in (top, bottom):
                _dot(framed, n, y, n - left, dashed=not mark.oam)
        for n in range(top, bottom + 1):
            for x in (left, right):
                _dot(framed, x, n, n - top, dashed=not mark.oam)
    return framed


def _dot(picture: NDArray[np.uint8], x: int, y: int, along: int, *, dashed: bool) -> None:
    if 0 <= y < picture.shape[0] and 0 <= x < picture.shape[1] and not (dashed and along // _DASH % 2):
        picture[y, x] = _FRAME


def moment_of(text: str, obsel: int | None = None) -> Moment:
    """Return the moment that a text names. Errors as for `compare_files`."""
    path, frame = Path(text), None
    name, mark, number = text.rpartition("@")
    if mark and name and number.isdecimal() and not path.exists():
        path, frame = Path(name), int(number)
    states = all_states([path], obsel, frame)
    if len(states) != 1:
        raise UsageError(f"{path}: holds {len(states)} states; give a file with one")
    return Moment(text, states[0].kind, states[0].snapshot)
