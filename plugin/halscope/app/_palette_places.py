"""Where the colours in CGRAM are stored: looked up while a game runs, and as JSON."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, Final

import numpy as np
from halscope_hooks import RAW_CODEC, CgramOrigins, Origin, Snapshot, Touched, Update
from numpy.typing import NDArray

from halscope.app._block_layout import OriginDescriber
from halscope.app._workspace import Workspace
from halscope.formats.palettes import to_rgb
from halscope.inject import ColourEdit, colours_before
from halscope.rom.colours import Buffer, CgramTracker, colour_buffers

_MOST_TOUCHES: Final = 1 << 12
_KEYS: Final = ("codec", "block_offset", "byte_offset", "start", "evidence")


@dataclass(frozen=True, slots=True, eq=False)
class MomentColours:
    """The colours of CGRAM at one moment.

    Args:
        cgram: uint16[256].
        origins: Where they are stored.
        buffers: Copies in the console's memories, from which the game may refresh CGRAM.
    """

    cgram: NDArray[np.uint16]
    origins: CgramOrigins
    buffers: tuple[Buffer, ...]


class PaletteWatch:
    """Looks up CGRAM over time. Thread-safe.

    Args:
        workspace: The ROM.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._lock = Lock()
        self._tracker: CgramTracker | None = None
        self._last: tuple[Snapshot, MomentColours] | None = None
        self._settled = False
        self._touches: deque[Touched] = deque(maxlen=_MOST_TOUCHES)
        self.is_touched = False
        """Whether there was a touch that may have been of colours."""
        self.made: tuple[ColourEdit, ...] = ()
        """Colours that were stored a moment ago, which the running game may show before its edits are planned."""

    def origins(self, cgram: NDArray[np.uint16]) -> CgramOrigins:
        """Return the origins of the colours; the same object as before if no colour changed.

        Args:
            cgram: uint16[256].
        """
        with self._lock:
            return self._origins(cgram)

    def touched(self, touch: Touched) -> None:
        """Take a touch of the ROM: it tells which of several places of the same plain colours the game has read.

        Cheap, and never waits.
        """
        self._touches.append(touch)
        self.is_touched = self.is_touched or not touch.codec

    def take_read(self, cgram: NDArray[np.uint16]) -> frozenset[int]:
        """Look up CGRAM, and return the file offsets at which the game was seen reading colours that are in it, or were
        since the last call.

        Args:
            cgram: uint16[256].
        """
        with self._lock:
            self._origins(cgram)
            assert self._tracker is not None
            return self._tracker.touched.take_fresh()

    def look(self, snapshot: Snapshot) -> MomentColours:
        """Return the colours of a moment; the same object as before if nothing changed."""
        with self._lock:
            origins = self._origins(snapshot.cgram)
            last = self._last
            if last is not None and last[1].origins is origins and np.array_equal(last[1].cgram, snapshot.cgram):
                if self._settled or last[0] is snapshot:
                    return last[1]
                self._settled = True  # in the frame of a change, a buffer may already hold the next colours
            else:
                self._settled = False
            colours = MomentColours(snapshot.cgram, origins, colour_buffers(snapshot))
            if last is not None and _is_same(last[1], colours):
                colours = last[1]
            self._last = snapshot, colours
            return colours

    def _origins(self, cgram: NDArray[np.uint16]) -> CgramOrigins:
        if self._tracker is None:
            self._tracker = CgramTracker(self._workspace.colours())
            self._tracker.touched.know(self._workspace.colour_reads)
        while self._touches:
            self._tracker.touched.add(self._touches.popleft())
        made = (*self._workspace.running.colours, *self.made)  # the ROM does not hold these
        return self._tracker.update(colours_before(cgram, made) if made else cgram)


def _is_same(last: MomentColours, new: MomentColours) -> bool:
    return last.origins is new.origins and last.buffers == new.buffers and np.array_equal(last.cgram, new.cgram)


def palette_places(workspace: Workspace, update: Update | Snapshot) -> MomentColours | None:
    """Return where the colours of CGRAM are stored in the ROM.

    The colours are looked up only when CGRAM has changed since the last call for the same workspace (3 to 8 ms of CPU;
    the first call also builds the table of the ROM's colours); otherwise the same object is returned, at the cost of
    comparing CGRAM. What a game has faded is known by the colours of earlier calls. May be called from any thread.

    Args:
        workspace: The ROM that runs.
        update: A session's update, or a snapshot.

    Returns:
        `origins` (`CgramOrigins`): `.at(colour)` are the places of colour 0 to 255, best first, each an `Origin` of
        two bytes (codec "raw": `block_offset` is the colour's file offset; else `byte_offset` counts in the decoded
        block); `.runs` are the runs of colours that these come from (`ColourRun`), with `.fade` for faded copies.
        `buffers`: copies in WRAM, BW-RAM and IRAM. `None` while the ROM is not indexed.
    """
    if workspace.built_index is None:
        return None
    return workspace.palettes.look(update if isinstance(update, Snapshot) else update.snapshot)


def describe_palettes(workspace: Workspace, colours: MomentColours) -> dict[str, Any]:
    """Return the JSON of `halscope palette show`: "colours", "runs" and "buffers".

    Args:
        workspace: The ROM.
        colours: What `palette_places` returned.
    """
    describer = OriginDescriber(workspace, ())

    def described(origin: Origin) -> dict[str, Any]:
        value = describer.describe(_proven(workspace, origin))
        return {
            key: value[key] for key in ("codec", "block_offset", "byte_offset", "start", "evidence") if key in value
        }

    return {
        "colours": [
            {
                "index": number,
                "bgr555": word,
                "rgb": rgb_text(word),
                "origins": [described(origin) for origin in colours.origins.at(number)],
            }
            for number, word in enumerate(colours.cgram.tolist())
        ],
        "runs": [
            {
                "first": run.first,
                "count": run.count,
                "origin": described(run.origin),
                "odds": run.odds,
                "fade": run.fade,
            }
            for run in colours.origins.runs
        ],
        "buffers": [
            {"space": one.space, "offset": one.offset, "first": one.first, "count": one.length}
            for one in colours.buffers
        ],
    }


def rgb_text(word: int) -> str:
    """Return a colour as "#rrggbb"; bit 15 does not count."""
    red, green, blue = to_rgb(np.array([word], np.uint16))[0].tolist()
    return f"#{red:02x}{green:02x}{blue:02x}"


def _proven(workspace: Workspace, origin: Origin) -> Origin:
    """Return an origin with the evidence of today: the start may have been traced since the look-up."""
    start = None if origin.codec == RAW_CODEC else workspace.index().start_of(origin.codec, origin.block_offset)
    return origin if start is None else replace(origin, start=start)
