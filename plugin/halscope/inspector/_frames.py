"""What a page is told about a frame: only what differs from the frame that it was told about before."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Final, final

import numpy as np
from halscope_hooks import TILE_BYTES, PpuRegisters, Snapshot, Update
from numpy.typing import NDArray

import halscope._codec as _codec
from halscope.app import judged_doubts
from halscope.inspector._messages import packed
from halscope.ppu import row_changes, with_match

TYPE_CHECKING = False
if TYPE_CHECKING:
    from halscope.app import Past

_COUNT_EVERY: Final = 30  # frames: counting the located tiles takes longer than all else
_COMPARE_EVERY: Final = 30  # frames: comparing one with the emulator's picture takes 1 to 2 ms
_GAP: Final = 4  # unchanged tiles (rows) between two changed ones that are sent along: a run costs as much in the head
_REGISTERS: Final = tuple(field.name for field in fields(PpuRegisters))


@final
class FrameStream:
    """Makes the messages about frames for one page. Not for several threads."""

    def __init__(self) -> None:
        self._last: Snapshot | None = None
        self._located: int | None = None
        self._counted = 0  # the frame whose tiles were counted
        self._compared: int | None = None  # the frame that was compared last
        self._matches: bool | None = None  # what came of it
        self._doubts: tuple[str, ...] = ()  # likewise
        self._picture: NDArray[np.uint8] | None = None  # the one that the page has
        self._rows = b""  # what HDMA changes from row to row, as the page has it

    def message(self, update: Update, past: Past | None = None, *, still: bool = False) -> bytes:
        """Return the message about a frame.

        Args:
            update: The frame.
            past: The same as a frame of the timeline, if it is one.
            still: Whether the frame stays on the page, as the game is paused.

        The head has `type` "frame", `frame`, `parts` (a list of [name, offset, length in bytes]; of "vram" the changed
        tiles, of "picture" the changed rows, all others whole), and where they differ from the last message `ppu` and
        `picture` ([width, height]). `located` is the number of tiles in VRAM with a known origin, counted twice a
        second; `null` while the ROM is not indexed. `matches` and `doubts` (what may be wrong with what is shown; left
        out if nothing) are those of the last frame that was compared with the emulator's picture: two a second are, and
        each that stays on the page.
        "rows" is what HDMA changes from row to row (`row_changes`), with the names of the `registers` that it numbers.
        A frame of the timeline has its position there as `past`, a kept moment its name as `moment`; `composed` where
        its picture was composed.
        """
        snapshot, last = update.snapshot, self._last
        head: dict[str, Any] = {"type": "frame", "frame": snapshot.frame}
        parts: list[tuple[str, int, memoryview]] = []
        vram = memoryview(snapshot.vram)
        runs = _runs(None if last is None else memoryview(last.vram), vram, TILE_BYTES)
        parts.extend(("vram", first, vram[first:end]) for first, end in runs)
        # As bytes: `np.array_equal` takes ten times as long for so few.
        recoloured = last is None or last.cgram.tobytes() != snapshot.cgram.tobytes()
        if recoloured:
            parts.append(("cgram", 0, memoryview(snapshot.cgram.astype("<u2", copy=False).view(np.uint8))))
        if last is None or last.oam.tobytes() != snapshot.oam.tobytes():
            parts.append(("oam", 0, memoryview(snapshot.oam)))
        picture = snapshot.picture
        if past is not None:
            picture = past.picture
            head |= {"past": past.position} if past.moment is None else {"moment": past.moment}
            if past.composed and picture is not None:
                head["composed"] = True
        if picture is not None and picture is not self._picture:
            shown, row = memoryview(picture.reshape(-1)), 3 * picture.shape[1]
            runs = _runs(_of_size(self._picture, picture.shape), shown, row)
            if runs:
                head["picture"] = [picture.shape[1], picture.shape[0]]
            parts += [("picture", first, shown[first:end]) for first, end in runs]
            self._picture = picture
        ppu, told = snapshot.ppu, None if last is None else last.ppu
        if ppu != told:
            now = [(name, getattr(ppu, name)) for name in _REGISTERS]
            head["ppu"] = {name: value for name, value in now if told is None or getattr(told, name) != value}
        if last is None or recoloured or ppu != told or snapshot.raster is not last.raster:
            rows = row_changes(snapshot)
            if rows != self._rows:
                self._rows, head["registers"] = rows, _REGISTERS
                parts.append(("rows", 0, memoryview(rows)))
        known = update.origins is not None
        if known != (self._located is not None) or abs(snapshot.frame - self._counted) >= _COUNT_EVERY:
            self._located = None if update.origins is None else update.origins.located
            self._counted = snapshot.frame
        head["located"] = self._located
        self._compare(update, always=still or past is not None)
        head["matches"] = self._matches
        if self._doubts:
            head["doubts"] = self._doubts
        head["parts"] = [(name, offset, len(data)) for name, offset, data in parts]
        message = packed(head, [data for _, _, data in parts])
        self._last = snapshot
        return message

    def _compare(self, update: Update, *, always: bool) -> None:
        """Compare the frame with the emulator's picture, if it is time to."""
        number = update.snapshot.frame
        if always or self._compared is None or not 0 <= number - self._compared < _COMPARE_EVERY:
            frame = with_match(update.frame)
            self._compared, self._matches, self._doubts = number, frame.matches, judged_doubts(frame)


def _of_size(picture: NDArray[np.uint8] | None, shape: tuple[int, ...]) -> memoryview | None:
    """Return the bytes of a picture, or `None` if it has another shape."""
    return None if picture is None or picture.shape != shape else memoryview(picture.reshape(-1))


def _runs(before: memoryview | None, after: memoryview, unit: int) -> list[tuple[int, int]]:
    """Return the byte ranges that are sent: those of changed units, joined where few lie between them."""
    if before is None:
        return [(0, after.nbytes)]
    changed = _codec.snes_changed(before, after, unit)
    if not changed.size:
        return []
    splits = np.flatnonzero(np.diff(changed) > _GAP)
    firsts = changed[np.concatenate([[0], splits + 1])]
    lasts = changed[np.concatenate([splits, [changed.size - 1]])]
    bounds = zip(firsts.tolist(), lasts.tolist(), strict=True)
    return [(first * unit, (last + 1) * unit) for first, last in bounds]
