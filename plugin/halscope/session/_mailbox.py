"""The mailbox between the emulator's thread and the decoding thread: newest wins, and one thread at a time decodes."""

from __future__ import annotations

from typing import NamedTuple

from halscope.session._cells import Cell
from halscope.session._locks import Rank
from halscope.session._rights import Claim, Right


class Counts(NamedTuple):
    """Counts of items by outcome. While no work is in progress, seen = done + failed + dropped + waiting."""

    seen: int = 0
    done: int = 0
    failed: int = 0
    dropped: int = 0
    waiting: int = 0


class _Box[T](NamedTuple):
    counts: Counts = Counts()
    item: T | None = None
    counted: bool = False  # whether `item` came from `put`; only those are counted
    at_work: T | None = None
    at_work_counted: bool = False
    paused: bool = False


class Mailbox[T]:
    """A slot for the newest item, and the right to work on it.

    `put` never waits. The holder of the right calls `take` and `settle` until the slot is empty, releases the right,
    and checks again. So no item is left behind, and only one thread works at a time.
    """

    def __init__(self) -> None:
        self._box: Cell[_Box[T]] = Cell(_Box(), Rank.QUEUE)
        self._right = Right()

    @property
    def counts(self) -> Counts:
        """Counts of all items by outcome."""
        box = self._box.value
        lost = box.at_work_counted and not self._right.held  # the work on it was interrupted
        return box.counts._replace(dropped=box.counts.dropped + lost, waiting=int(box.counted))

    @property
    def waiting(self) -> bool:
        """Whether an item can be taken."""
        box = self._box.value
        return box.item is not None and not box.paused

    @property
    def unattended(self) -> bool:
        """Whether an item waits and no thread is working, which would take it next."""
        return self.waiting and not self._right.held

    @property
    def mine(self) -> bool:
        """Whether the calling thread holds the right to work."""
        return self._right.mine

    def claim(self, timeout: float = 0.0) -> Claim:
        """Claim the right to work; see `Right.claim`."""
        return self._right.claim(timeout)

    def put(self, item: T) -> None:
        """Store the newest item."""

        def put(box: _Box[T]) -> _Box[T]:
            seen, done, failed, dropped, _ = box.counts
            counts = Counts(seen + 1, done, failed, dropped + box.counted)
            # No `_replace` here, nor anywhere else that runs once per frame: it takes five times as long.
            return _Box(counts, item, True, box.at_work, box.at_work_counted, box.paused)

        self._box.change(put)

    def put_if_empty(self, item: T) -> None:
        """As `put`, for an item that is not new: it is not counted, and any waiting or later item replaces it."""
        self._box.change(lambda box: box._replace(item=item, counted=False) if box.item is None else box)

    def take(self) -> T | None:
        """Begin work on the newest item; `None` if none waits, or during a pause."""
        _, box = self._box.change(lambda box: _cleared(box) if box.item is None or box.paused else _taking(box))
        return box.at_work

    def feed(self, item: T) -> None:
        """Begin work on an item that bypasses the slot; the waiting item is older, and is dropped."""

        def feed(box: _Box[T]) -> _Box[T]:
            box = _dropping(_cleared(box))
            counts = box.counts._replace(seen=box.counts.seen + 1)
            return box._replace(at_work=item, at_work_counted=True, counts=counts)

        self._box.change(feed)

    def settle(self, *, done: bool) -> None:
        """Record the outcome of the item at work."""

        def settle(box: _Box[T]) -> _Box[T]:
            counts = box.counts
            if box.at_work_counted:
                seen, so_far, failed, dropped, _ = counts
                counts = Counts(seen, so_far + done, failed + (not done), dropped)
            return _Box(counts, box.item, box.counted, None, False, box.paused)

        self._box.change(settle)

    def drop(self) -> None:
        """Drop the waiting item."""
        self._box.change(_dropping)

    def supersede(self) -> None:
        """Drop the waiting item if it is counted: a newer one is about to be fed."""
        self._box.change(lambda box: _dropping(box) if box.counted else box)

    @property
    def paused(self) -> bool:
        """Whether `take` returns `None` until `resume`."""
        return self._box.value.paused

    def pause(self) -> None:
        """Make `take` return `None` until `resume`; the newest item is kept."""
        self._box.change(lambda box: box._replace(paused=True))

    def resume(self) -> None:
        """End a pause."""
        self._box.change(lambda box: box._replace(paused=False))

    def renew(self) -> None:
        """Reset after a fork: no other thread exists in the child."""
        self._box.renew()
        self._right.renew()


def _dropping[T](box: _Box[T]) -> _Box[T]:
    if box.item is None:
        return box
    counts = box.counts._replace(dropped=box.counts.dropped + box.counted)
    return box._replace(item=None, counted=False, counts=counts)


def _cleared[T](box: _Box[T]) -> _Box[T]:
    """Return the box without an item at work: that work was interrupted and has lost the right."""
    if box.at_work is None:
        return box
    counts = box.counts._replace(dropped=box.counts.dropped + box.at_work_counted)
    return box._replace(at_work=None, at_work_counted=False, counts=counts)


def _taking[T](box: _Box[T]) -> _Box[T]:
    return _Box(_cleared(box).counts, None, False, box.item, box.counted, box.paused)
