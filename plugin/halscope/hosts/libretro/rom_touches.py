"""The game's reads from the ROM: the first touch of each page of the core's copy in a frame, and some later ones."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Final, final

from halscope_hooks import HostError

import halscope._codec as _codec

_MOST_COPIES: Final = 4  # copies of the ROM that are watched at once until the game has read one of them
_MOST_KEPT: Final = 1 << 16  # touches that nobody has taken: some minutes of play


@final
class RomTouches:
    """Watches the core's copy of the ROM while the core runs: use it in a `with` statement around each frame.

    Of several copies, the one that the first frames touch most is the one that the game runs from.

    Args:
        copies: Addresses of copies of the ROM in this process, the likeliest first.
        size: Bytes of the ROM.

    Raises:
        HostError: There is no copy, or the system does not let pages be watched.
    """

    def __init__(self, copies: Sequence[int], size: int) -> None:
        if not copies:
            raise HostError("the core exposes no memory that equals the ROM file, so its reads cannot be observed")
        self._size = size
        try:
            self._watches = [_codec.PageWatch(address, size) for address in copies[:_MOST_COPIES]]
        except (RuntimeError, ValueError) as error:
            raise HostError(f"reads of the ROM cannot be observed: {error}") from error
        self._found: list[tuple[int, int]] = []  # offset of the read, and of its page
        self.latest: list[tuple[int, int]] = []
        """The touches that were stamped last: offset of the read, and of its page."""
        self._kept: list[tuple[int, int, int]] = []  # frame, offset and page
        self._first = 0  # number of the first touch in `_kept`, counted from the first one ever

    def watch(self, ranges: Sequence[tuple[int, int]]) -> None:
        """Watch exactly these file offset ranges (end exclusive). Raises HostError if one is not in the ROM."""
        for begin, end in ranges:
            if not 0 <= begin <= end <= self._size:
                raise HostError(f"{begin:#x} to {end:#x} is not a range of a ROM of {self._size:#x} bytes")
        for watch in self._watches:
            watch.watch(list(ranges))

    def stamp(self, frame: int) -> None:
        """Keep what the last run touched as reads of this frame."""
        self._kept.extend((frame, offset, page) for offset, page in self._found)
        self.latest, self._found = self._found, []
        if len(self._kept) > _MOST_KEPT:
            surplus = len(self._kept) - _MOST_KEPT // 2  # moving the rest takes long, so it is done seldom
            self._first += surplus
            del self._kept[:surplus]

    @property
    def count(self) -> int:
        """How many touches there were so far."""
        return self._first + len(self._kept)

    def touches(self, first: int) -> tuple[int, list[tuple[int, int, int]]]:
        """Return the number of the next touch to come, and the touches from number `first` on, oldest first: the
        arguments of a `Touched` each.

        Earlier ones are dropped. An interrupted caller asks again with the same number.
        """
        del self._kept[: max(0, first - self._first)]
        self._first = max(first, self._first)
        return self.count, list(self._kept)

    def close(self) -> None:
        """Stop watching. Idempotent."""
        for watch in self._watches:
            watch.close()
        self._watches = []

    def __enter__(self) -> None:
        for watch in self._watches:
            watch.begin_frame()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        found = [watch.end_frame() for watch in self._watches]
        if len(found) > 1 and any(len(one) for one in found):
            best = max(range(len(found)), key=lambda n: len(found[n]))
            for n, watch in enumerate(self._watches):
                if n != best:
                    watch.close()
            self._watches, found = [self._watches[best]], [found[best]]
        for watch, offsets in zip(self._watches[:1], found[:1], strict=True):
            lead, size = watch.first_page, watch.page_bytes
            self._found.extend((offset, offset - (offset - lead) % size) for offset in offsets.tolist())
