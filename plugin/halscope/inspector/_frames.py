"""What a page is told about a frame: only what differs from the frame that it was told about before."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final, final

import numpy as np
from halscope_hooks import TILE_BYTES, Snapshot, Update
from numpy.typing import NDArray

import halscope._codec as _codec
from halscope.inspector._messages import packed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from halscope.app import Past

_COUNT_EVERY: Final = 30  # frames: counting the located tiles takes longer than all else
_GAP: Final = 4  # unchanged tiles between two changed ones that are sent along: a run costs as much in the head


@final
class FrameStream:
    """Makes the messages about frames for one page. Not for several threads."""

    def __init__(self) -> None:
        self._last: Snapshot | None = None
        self._located: int | None = None
        self._counted = 0  # the frame whose tiles were counted
        self._registers: dict[str, int | None] = {}
        self._picture: NDArray[np.uint8] | None = None

    def message(self, update: Update, past: Past | None = None) -> bytes:
        """Return the message about a frame.

        Args:
            update: The frame.
            past: The same as a frame of the timeline, if it is one.

        The head has `type` "frame", `frame`, `parts` (a list of [name, offset, length in bytes]; of "vram" several,
        all others whole), and where they differ from the last message `ppu` and `picture` ([width, height]). `located`
        is the number of tiles in VRAM with a known origin, counted twice a second; `null` while the ROM is not indexed.
        A frame of the timeline has its position there as `past`, and `composed` where its picture was composed.
        """
        snapshot, last = update.snapshot, self._last
        head: dict[str, Any] = {"type": "frame", "frame": snapshot.frame}
        parts: list[tuple[str, int, memoryview]] = []
        for first, end in _runs(None if last is None else last.vram, snapshot.vram):
            parts.append(("vram", first, memoryview(snapshot.vram)[first:end]))
        if last is None or not np.array_equal(last.cgram, snapshot.cgram):
            parts.append(("cgram", 0, memoryview(snapshot.cgram.astype("<u2", copy=False).view(np.uint8))))
        if last is None or not np.array_equal(last.oam, snapshot.oam):
            parts.append(("oam", 0, memoryview(snapshot.oam)))
        picture = snapshot.picture
        if past is not None:
            picture, head["past"] = past.picture, past.position
            if past.composed and picture is not None:
                head["composed"] = True
        if picture is not None and picture is not self._picture:
            head["picture"] = [picture.shape[1], picture.shape[0]]
            parts.append(("picture", 0, memoryview(picture.reshape(-1))))
            self._picture = picture
        if last is None or snapshot.ppu != last.ppu:
            registers = asdict(snapshot.ppu)
            head["ppu"] = {name: value for name, value in registers.items() if self._registers.get(name, -1) != value}
            self._registers = registers
        known = update.origins is not None
        if known != (self._located is not None) or abs(snapshot.frame - self._counted) >= _COUNT_EVERY:
            self._located = None if update.origins is None else update.origins.located
            self._counted = snapshot.frame
        head["located"] = self._located
        head["matches"] = update.frame.matches
        head["parts"] = [(name, offset, len(data)) for name, offset, data in parts]
        message = packed(head, [data for _, _, data in parts])
        self._last = snapshot
        return message


def _runs(before: NDArray[np.uint8] | None, after: NDArray[np.uint8]) -> list[tuple[int, int]]:
    """Return the byte ranges of VRAM that are sent: those of changed tiles, joined where few lie between them."""
    if before is None:
        return [(0, after.size)]
    tiles = _codec.snes_changed(before, after, TILE_BYTES)
    if not tiles.size:
        return []
    splits = np.flatnonzero(np.diff(tiles) > _GAP)
    firsts = tiles[np.concatenate([[0], splits + 1])]
    lasts = tiles[np.concatenate([splits, [tiles.size - 1]])]
    bounds = zip(firsts.tolist(), lasts.tolist(), strict=True)
    return [(first * TILE_BYTES, (last + 1) * TILE_BYTES) for first, last in bounds]
