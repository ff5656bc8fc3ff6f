"""Finding the frame of a timeline in which a tile came, was shown first, or was changed last."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Final, final

import numpy as np
from halscope_hooks import TILE_BYTES, Snapshot
from numpy.typing import NDArray

from halscope.app._kept_frames import Frames
from halscope.formats.recording import PassedFrame
from halscope.ppu.grouping import is_on_screen
from halscope.ppu.obj import decode_sprites
from halscope.ppu.registers import screen_lines

_SPRITES: Final = 128
_HIGH_TABLE: Final = 512  # bytes of OAM before it
_KINDS: Final = 1024  # of sprites, as far as it decides which tiles they have: size bit, name table, tile number
_Search = Generator[int, None, int | None]
"""Yields how many frames it has looked at, after each; returns the position that it has found, or `None`."""


@final
class TileSearch:
    """A search through a timeline that goes on in slices, so that other work comes between, and that can be left at any
    time. One thread at a time may use it.

    Make one by `first_in_vram`, `first_on_screen` or `last_changed`.

    Args:
        search: The search.
        total: How many frames it looks at, at most.
    """

    def __init__(self, search: _Search, total: int) -> None:
        self._search = search
        self.total = total
        """How many frames are looked at, at most."""
        self.done = 0
        """How many were looked at."""
        self.found: int | None = None
        """Once it has ended, the position that it has found; `None` if no kept frame is one."""

    @classmethod
    def first_in_vram(cls, frames: Frames, tile: bytes) -> TileSearch:
        """Search for the first kept frame in whose VRAM a tile's bytes are.

        Args:
            frames: The timeline.
            tile: The tile; it is looked for at multiples of 32 bytes.
        """
        return cls(_first_in_vram(frames, tile), frames.end - frames.first)

    @classmethod
    def first_on_screen(cls, frames: Frames, tile: bytes) -> TileSearch:
        """Search for the first kept frame in which a sprite on the screen shows a tile.

        Args:
            frames: The timeline.
            tile: The 32 bytes of the tile.
        """
        return cls(_first_on_screen(frames, tile), frames.end - frames.first)

    @classmethod
    def last_changed(cls, frames: Frames, position: int, vram: int, size: int) -> TileSearch:
        """Search for the last frame up to a position in which a part of VRAM was changed.

        Args:
            frames: The timeline.
            position: Where to begin.
            vram: Byte address in VRAM.
            size: Size in bytes.
        """
        return cls(_last_changed(frames, position, vram, size), position + 1 - frames.first)

    def go_on(self, frames: int) -> bool:
        """Look at so many more frames; return whether the search has ended. Raises FormatError if one is damaged."""
        until = self.done + frames
        while self.done < until:
            try:
                self.done = next(self._search)
            except StopIteration as end:
                self.found = end.value
                return True
        return False

    def run(self) -> int | None:
        """Search to the end, and return `found`."""
        while not self.go_on(self.total):
            pass
        return self.found


def _first_in_vram(frames: Frames, tile: bytes) -> _Search:
    for done, passed in enumerate(frames.walk(frames.first, frames.end), 1):
        if passed.changed("vram") and _places(passed.section("vram"), tile):
            return passed.position
        yield done
    return None


def _first_on_screen(frames: Frames, tile: bytes) -> _Search:
    places: set[int] = set()
    showing = _Showing()
    for done, passed in enumerate(frames.walk(frames.first, frames.end), 1):
        if passed.changed("vram"):
            places = _places(passed.section("vram"), tile)
        moved = passed.changed("vram") or passed.changed("oam") or passed.changed("registers")
        if places and moved and showing.may_show(passed, places) and _shows(passed.snapshot(), places):
            return passed.position
        yield done
    return None


class _Showing:
    """Tells quickly, from OAM alone, in which frames no sprite has a tile, on the screen or off it: most of them."""

    def __init__(self) -> None:
        self._covered: dict[int, list[frozenset[int]]] = {}
        """By OBSEL ($2101): the tiles of a sprite by size, name table and tile number, as `_KINDS` counts these."""
        self._last: tuple[int, set[int]] | None = None
        self._showing: NDArray[np.bool_] = np.zeros(_KINDS, np.bool_)  # which of these show a tile of `_last`

    def may_show(self, passed: PassedFrame, places: set[int]) -> bool:
        """Whether a sprite has a tile at one of these byte addresses in VRAM."""
        obsel = passed.register("obsel")
        if obsel is None:
            return False
        if self._last != (obsel, places):
            if obsel not in self._covered:
                self._covered[obsel] = _covered(passed.snapshot(), obsel)
            self._last = obsel, places
            self._showing = np.array([not places.isdisjoint(tiles) for tiles in self._covered[obsel]])
        oam = np.frombuffer(passed.section("oam"), np.uint8)
        high = np.unpackbits(oam[_HIGH_TABLE:], bitorder="little")  # X bit 8 and size, two bits a sprite
        attributes = oam[:_HIGH_TABLE].reshape(-1, 4).astype(np.int64)
        kinds = attributes[:, 2] + 256 * (attributes[:, 3] & 1) + 512 * high[1::2].astype(np.int64)
        return bool(self._showing[kinds].any())


def _covered(snapshot: Snapshot, obsel: int) -> list[frozenset[int]]:
    """Return the VRAM byte addresses of the tiles of sprites of every size bit, name table and tile number."""
    found: list[frozenset[int]] = []
    for first in range(0, _KINDS, _SPRITES):
        kinds = np.arange(first, first + _SPRITES)
        oam = np.zeros(_HIGH_TABLE + _SPRITES // 4, np.uint8)
        oam[2:_HIGH_TABLE:4], oam[3:_HIGH_TABLE:4] = kinds & 255, (kinds >> 8) & 1
        oam[_HIGH_TABLE:] = np.packbits(np.repeat(kinds >> 9, 2), bitorder="little")
        sprites = decode_sprites(replace(snapshot, oam=oam), obsel)
        found += (frozenset(sprite.cells.reshape(-1).tolist()) for sprite in sprites)
    return found


def _last_changed(frames: Frames, position: int, vram: int, size: int) -> _Search:
    """Backwards from keyframe to keyframe, forwards from each."""
    done, end = 0, position + 1
    later: bytes | None = None  # what the part holds in the frame at `end`
    while end > frames.first:
        begin = max(frames.first, frames.keyframe(end - 1))
        first: bytes | None = None
        now, found = b"", None
        for passed in frames.walk(begin, end):
            if first is None or passed.changed("vram"):
                before, now = now, passed.section("vram")[vram : vram + size]
                if first is None:
                    first = now
                elif now != before:
                    found = passed.position
            done += 1
            yield done
        if later is not None and first is not None and now != later:
            return end
        if found is not None:
            return found
        later, end = first, begin
    return None


def _places(vram: bytes, tile: bytes) -> set[int]:
    """Return the byte addresses of a tile in VRAM, which are multiples of 32."""
    found, at = set(), vram.find(tile)
    while at >= 0:
        if at % TILE_BYTES == 0:
            found.add(at)
        at = vram.find(tile, at + 1)
    return found


def _shows(snapshot: Snapshot, places: set[int]) -> bool:
    """Whether a sprite that may be on the screen has a tile at one of these byte addresses in VRAM."""
    if snapshot.ppu.obsel is None:
        return False
    lines = screen_lines(snapshot.ppu)
    return any(
        is_on_screen(sprite, lines) and not places.isdisjoint(sprite.cells.reshape(-1).tolist())
        for sprite in decode_sprites(snapshot, snapshot.ppu.obsel)
    )
