"""Tracing of the embedded host: both sides of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

from halscope_hooks import Touched

if TYPE_CHECKING:
    from halscope.hosts.libretro import LibretroHost
    from halscope.hosts.libretro.rom_touches import RomTouches


class RomTracing:
    """The parent's side, a part of EmbeddedHost: it has the child observe the game's reads of the ROM.

    An observed read is the first one of a page (4 KiB on most systems) in a frame, or after a read of another page.
    See docs/explanation/tracing.md.
    """

    _is_watching = False
    _taken = 0  # touches that were taken

    def watch_rom(self, ranges: Sequence[tuple[int, int]]) -> None:
        """Watch reads of exactly these file offset ranges (end exclusive), replacing earlier ones; none costs nothing.

        Raises HostError if one is not in the ROM, or reads cannot be observed here.
        """
        # What was touched before is still to be taken, also if nothing more is watched.
        self._ask(("watch", tuple(ranges)), "had its ROM watched")
        self._is_watching = self._is_watching or bool(ranges)

    def take_touches(self) -> Sequence[Touched]:
        """Return the reads observed since the last call, oldest first. Raises HostError."""
        taken = self._touched()
        if not self._is_watching or taken == self._taken or 0 < taken < self._taken:  # 0: the process is gone
            return []
        touches = self._touches_in_frames(self._taken)
        if touches is None:  # a frame was missed
            reply = self._ask(("touches", self._taken), "reported what it has read")
            taken, touches = cast("tuple[int, list[tuple[int, int, int]]]", reply)
        self._taken = taken
        return [Touched(frame, offset, page) for frame, offset, page in touches]

    def _ask(self, request: tuple[object, ...], what: str) -> object:
        raise NotImplementedError

    def _touched(self) -> int:
        """How many reads had been observed when the last frame ended that was taken."""
        raise NotImplementedError

    def _touches_in_frames(self, first: int) -> list[tuple[int, int, int]] | None:
        """Return the reads from number `first` on that came with the frames; `None` if some did not."""
        raise NotImplementedError


class Tracer:
    """The child's side.

    Args:
        host: Returns the core's host. Raises HostError if there is none yet.
    """

    def __init__(self, host: Callable[[], LibretroHost]) -> None:
        self._host = host
        self._touches: RomTouches | None = None

    @property
    def touched(self) -> int:
        """How many reads have been observed so far."""
        return 0 if self._touches is None else self._touches.count

    @property
    def latest(self) -> list[tuple[int, int]]:
        """The reads of the last frame: offset, and offset of the page."""
        return [] if self._touches is None else self._touches.latest

    def actions(self) -> dict[str, Callable[..., object]]:
        """The requests of `RomTracing` by name."""
        return {"watch": self._watch, "touches": self._take}

    def _watch(self, ranges: Sequence[tuple[int, int]]) -> None:
        self._touches = self._host().watch_reads(ranges)

    def _take(self, first: int) -> tuple[int, list[tuple[int, int, int]]]:
        return (first, []) if self._touches is None else self._touches.touches(first)
