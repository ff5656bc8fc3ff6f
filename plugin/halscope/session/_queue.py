"""The ordered queue of a subscriber, tap or consumer, and the right to take items from it."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable
from operator import length_hint
from typing import NamedTuple, final

from halscope.session._cells import Bell, Cell
from halscope.session._locks import Rank
from halscope.session._rights import Claim, Right


@final
class Taken[T]:
    """A group of items in delivery, one after the other.

    The queue keeps it until the last item was delivered, so that after an interrupt the next holder of the right
    continues where the delivery stopped.
    """

    __slots__ = ("_items", "_rest")

    def __init__(self, items: tuple[T, ...]) -> None:
        self._items = items
        self._rest = iter(items)

    @property
    def left(self) -> int:
        """Number of items not yet delivered."""
        return length_hint(self._rest)

    @property
    def item(self) -> T:
        """The next item."""
        return self._items[-self.left]

    def deliver(self, callback: Callable[[T], object]) -> None:
        """Call `callback` with the next item. An interrupt comes either before the item is taken or in the callback."""
        next(map(callback, self._rest))  # takes the item and calls in one step in C

    def amend(self, item: T) -> None:
        """Deliver this in place of the next one."""
        items = (item, *self._items[len(self._items) - self.left + 1 :])
        self._items, self._rest = items, iter(items)

    def take_back(self) -> None:
        """Make the last delivered item the next one again: its delivery was interrupted and had no effect."""
        self._rest = iter(self._items[len(self._items) - self.left - 1 :])

    def skip(self) -> None:
        """Skip the remaining items."""
        self._rest = iter(())


class Group[T](NamedTuple):
    """A group of items, and the key under which a newer group replaces it."""

    items: tuple[T, ...]
    key: Hashable = None
    size: int = 0
    lossy: bool = False  # whether it may be dropped


class Era(NamedTuple):
    """How often the host has changed, and how often its ROM has."""

    change: int = 0
    rom: int = 0


class _Line[T](NamedTuple):
    taken: Taken[T]
    waiting: tuple[Group[T], ...] = ()
    size: int = 0
    dropped: int = 0
    ticket: object = None  # of what came in last with one
    era: Era = Era()
    opened: bool = True  # if not, everything waits for the first item
    finished: bool = False  # accepts no more items
    closed: bool = False  # delivers no more items


class Queue[T]:
    """A queue that any thread fills and one thread at a time empties.

    Args:
        name: Name for the log.
        conflate: Whether newer items replace waiting ones with the same key.
        most: Largest number of waiting groups; `None` for no limit.
        most_size: Largest total size of waiting groups; `None` for no limit.
        opened: Whether items are delivered before `open` is called.
    """

    def __init__(
        self,
        name: str,
        *,
        conflate: bool = False,
        most: int | None = None,
        most_size: int | None = None,
        opened: bool = True,
    ) -> None:
        self.name = name
        self.wake: Callable[[], None] = nobody
        """Called when items were added."""
        self.over: Callable[[], None] = nobody
        """Called when the queue has delivered its last item."""
        self._conflate = conflate
        self._most, self._most_size = most, most_size
        self._line: Cell[_Line[T]] = Cell(_Line(Taken(()), opened=opened), Rank.QUEUE)
        self._right = Right()
        self.bell = Bell()
        """Rung when items were added, and when the queue was closed."""

    def __len__(self) -> int:
        return len(self._line.value.waiting)

    @property
    def pending(self) -> bool:
        """Whether an item waits for delivery."""
        line = self._line.value
        return not line.closed and bool((line.waiting and line.opened) or line.taken.left)

    @property
    def size(self) -> int:
        """Total size of the waiting groups."""
        return self._line.value.size

    @property
    def finished(self) -> bool:
        """Whether the queue accepts no more items."""
        return self._line.value.finished

    @property
    def closed(self) -> bool:
        """Whether the queue delivers no more items."""
        line = self._line.value
        return line.closed or (line.finished and not line.waiting and not line.taken.left)

    @property
    def shut_down(self) -> bool:
        """Whether it was closed by `shut`, which drops waiting items."""
        return self._line.value.closed

    @property
    def dropped(self) -> int:
        """Number of groups dropped or replaced by newer ones."""
        return self._line.value.dropped

    @property
    def mine(self) -> bool:
        """Whether the calling thread is inside a delivery of this queue."""
        return self._right.mine

    def put(
        self,
        items: tuple[T, ...],
        key: Hashable = None,
        *,
        lossy: bool = False,
        merge: Callable[[T, T], T] | None = None,
        size: int = 0,
        ticket: object = None,
        rom: int | None = None,
        runs: int = 0,
        late: Callable[[T], T | None] | None = None,
    ) -> bool:
        """Add a group of items; with a key, it replaces a waiting group of the same key.

        Args:
            items: They are delivered one after the other, without others in between.
            key: What a newer group replaces.
            lossy: Whether they may be left out: a newer group then replaces them only where the queue conflates.
            merge: Makes the item that is delivered of a waiting one and the newer one that replaces it.
            size: Of these items.
            ticket: What came in with the last ticket, and comes again with the same one, comes in only once.
            rom: The era's ROM that the items are about.
            runs: The era's ROM that runs, as far as whoever adds them knows.
            late: Makes the item that is delivered of one that comes after the `turn` to another ROM; `None`: nothing.

        Returns:
            False if the queue was full.
        """
        new = Group(items, key, size, lossy)

        def put(line: _Line[T]) -> _Line[T]:
            if line.closed or line.finished or _is_in(line, ticket) or self._is_full(line, size):
                return line
            waiting = line.waiting
            at = None
            if key is not None and (self._conflate or not lossy):
                at = next((at for at, group in enumerate(waiting) if group.key == key), None)
            if at is None:
                group = new
                if rom is not None and late is not None and rom < max(line.era.rom, runs):
                    item = late(items[0])
                    if item is None:
                        return line
                    group = new._replace(items=(item,))
                waiting = (*waiting, group)
            else:
                # In place, not at the end: else a subscriber that takes one item per turn would never reach the rest.
                group = new if merge is None else new._replace(items=(merge(waiting[at].items[0], items[0]),))
                waiting = (*waiting[:at], group, *waiting[at + 1 :])
            dropped = line.dropped + (lossy and at is not None)
            return _Line(line.taken, waiting, line.size + size, dropped, ticket or line.ticket, line.era, line.opened)

        old, line = self._line.change(put)
        if line is not old:
            self._call_for_taker()
        return line is not old or line.finished or _is_in(line, ticket)

    def open(self, first: T | None) -> None:
        """Put the very first item before those that wait, once, and start delivery; `None` for no such item."""

        def open_(line: _Line[T]) -> _Line[T]:
            if line.opened or line.finished or line.closed:
                return line
            groups = () if first is None else (Group((first,)),)
            return line._replace(opened=True, waiting=(*groups, *line.waiting))

        self._line.change(open_)
        self._call_for_taker()

    def turn(self, item: T | None, era: Era) -> None:
        """Add the item that begins an era, once; `None`: there is none, but the era begins."""

        def turn(line: _Line[T]) -> _Line[T]:
            if line.finished or line.closed or line.era.change >= era.change:
                return line
            groups = () if item is None else (Group((item,)),)
            return line._replace(era=era, waiting=(*line.waiting, *groups))

        self._line.change(turn)
        self._call_for_taker()

    def finish(self, last: T | None = None) -> None:
        """Accept no more items, drop lossy ones, and end with `last`. Only the first call has an effect."""

        def finish(line: _Line[T]) -> _Line[T]:
            if line.closed or line.finished:
                return line
            kept = tuple(group for group in line.waiting if not group.lossy)
            ends = () if last is None else (Group((last,)),)
            dropped = line.dropped + len(line.waiting) - len(kept)
            return line._replace(waiting=(*kept, *ends), dropped=dropped, opened=True, finished=True)

        self._line.change(finish)
        self._call_for_taker()

    def claim(self, timeout: float = 0.0) -> Claim:
        """Claim the right to take items; see `Right.claim`."""
        return self._right.claim(timeout)

    def take(self) -> Taken[T] | None:
        """Return the next group to deliver, or `None`. Only the holder of the right may call it."""

        def take(line: _Line[T]) -> _Line[T]:
            if line.taken.left or line.closed or not line.waiting or not line.opened:
                return line
            group = line.waiting[0]
            return _Line(Taken(group.items), line.waiting[1:], line.size - group.size, *line[3:])

        _, line = self._line.change(take)
        return None if line.closed or not line.taken.left else line.taken

    def clear(self) -> None:
        """Accept no more items, and drop waiting ones."""
        self._line.change(lambda line: line._replace(finished=True, waiting=(), size=0))

    def shut(self) -> None:
        """Close the queue at once: deliver nothing more. May be called in finalizers."""
        self._line.change(lambda line: line._replace(finished=True, closed=True, waiting=(), size=0))
        self.bell.ring()
        self.over()

    def wait(self, timeout: float) -> bool:
        """Wait until no delivery is in progress; True if so, or if the caller is inside one."""
        return self.mine or self._right.wait(timeout)

    def unwatched(self) -> None:
        """Detach the thread that empties the queue; new items wait."""
        self.wake = self.over = nobody

    def renew(self) -> None:
        """Reset after a fork: nothing is delivered in the child, and no other thread exists there."""
        self._line.renew()
        self._right.renew()
        self.unwatched()
        self.shut()

    def _call_for_taker(self) -> None:
        self.bell.ring()
        self.wake()

    def _is_full(self, line: _Line[T], size: int) -> bool:
        if not line.waiting:
            return False
        too_many = self._most is not None and len(line.waiting) >= self._most
        return too_many or (self._most_size is not None and line.size + size > self._most_size)


def _is_in[T](line: _Line[T], ticket: object) -> bool:
    return ticket is not None and line.ticket is ticket


def shut_with[T](handle: object, queue: Queue[T]) -> None:
    """Close the queue once its handle is dropped.

    `weakref` keeps what a finaliser refers to for as long as the handle lives. The queue of a tap refers to the engine,
    and an error in there to its callers' frames: a strong reference would keep the handle, and all of these, for ever.
    """
    weakref.finalize(handle, _shut, weakref.ref(queue)).atexit = False


def _shut[T](reference: weakref.ref[Queue[T]]) -> None:
    queue = reference()
    if queue is not None:
        queue.shut()


def nobody() -> None:
    """Placeholder for `wake` and `over` while no thread empties the queue."""
