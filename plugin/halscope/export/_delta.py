"""Delta: encode one image relative to another with few bytes, as unchanged, moved, repeated and new data.

Unchanged bytes are found by direct comparison; moved and repeated ones through an index of 8-byte windows at every
eighth byte, so any match of 15 bytes contains an indexed window. No index is built while the images are equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

_WINDOW: Final = 8
_CHUNK: Final = 4096
_SHORT_RUN: Final = 4
"""Minimum run of unchanged bytes that gets its own action inside new data."""
_LONG_RUN: Final = 32
"""Run of unchanged bytes from which no better action is searched for."""
_PERIODS: Final = (1, 2, 4, 8, 16, 32)
"""Repeat periods that are searched for: a byte, a word, a row, a bitplane pair, a tile."""
_FILTER_BITS: Final = 22
_HASH_FACTOR: Final = np.uint64(
    0x9E3779B97F4A7C15
)  # 2^64 / golden ratio: spreads neighbouring keys over the upper bits


class Kind(IntEnum):
    """The actions of a BPS patch, by their numbers in the file."""

    SOURCE_READ = 0
    TARGET_READ = 1
    SOURCE_COPY = 2
    TARGET_COPY = 3


@dataclass(frozen=True, slots=True)
class Action:
    """An action that produces the next `length` bytes of the target. Copies read from `start` in source or target."""

    kind: Kind
    length: int
    start: int = 0


def actions(source: NDArray[np.uint8], target: NDArray[np.uint8]) -> Iterator[Action]:
    """Yield the actions that turn `source` (uint8[n]) into `target` (uint8[m]), in order, `m` bytes in total."""
    search = _Search(source, target)
    position = literal = 0
    while position < target.size:
        found = search.best_from(position, literal)
        if found is None:
            position = min(position + _CHUNK, target.size)
            continue
        at, action = found
        if at > literal:
            yield Action(Kind.TARGET_READ, at - literal)
        yield action
        position = literal = at + action.length
        search.moved(at, action)
    if literal < target.size:
        yield Action(Kind.TARGET_READ, target.size - literal)


class _Index:
    """An index of the 8-byte windows at every eighth byte."""

    def __init__(self, data: NDArray[np.uint8]) -> None:
        windows = _windows(data)[::_WINDOW]
        order = np.argsort(windows, kind="stable")
        self._keys = windows[order]
        self._positions = order * _WINDOW
        self._filter = np.zeros(1 << _FILTER_BITS, np.bool_)
        self._filter[_hash(windows)] = True

    def hits(self, keys: NDArray[np.uint64], position: int | None = None) -> NDArray[np.bool_]:
        """Return bool[n]: which windows are indexed. With `position` (of the first key), only earlier places count."""
        known = self._filter[_hash(keys)]  # rejects nearly all unknown keys without a search
        maybe = keys[known]
        at = np.minimum(np.searchsorted(self._keys, maybe), self._keys.size - 1)
        right = self._keys[at] == maybe
        if position is not None:
            right &= self._positions[at] < position + np.flatnonzero(known)
        known[known] = right
        return known

    def places(self, key: np.uint64, near: int) -> list[int]:
        """Return a few positions of a window: the first one, and those around `near`."""
        low, high = np.searchsorted(self._keys, key, "left"), np.searchsorted(self._keys, key, "right")
        if low == high:
            return []
        middle = low + np.searchsorted(self._positions[low:high], near)
        picks = {int(low), int(max(low, middle - 1)), int(min(middle, high - 1))}
        return [int(self._positions[pick]) for pick in sorted(picks)]


def _hash(windows: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return (windows * _HASH_FACTOR) >> np.uint64(64 - _FILTER_BITS)


class _Search:
    def __init__(self, source: NDArray[np.uint8], target: NDArray[np.uint8]) -> None:
        self._source, self._target = source, target
        self._windows = _windows(target)
        self._run_starts, self._run_stops = _equal_runs(source, target)
        self._shift = 0  # position of the last source copy relative to its place in the target
        self._heads = {Kind.SOURCE_COPY: 0, Kind.TARGET_COPY: 0}

    @cached_property
    def _of_source(self) -> _Index:
        return _Index(self._source)

    @cached_property
    def _of_target(self) -> _Index:
        return _Index(self._target)

    def moved(self, at: int, action: Action) -> None:
        """Update the state that later actions depend on after an action at `at`."""
        if action.kind in self._heads:
            self._heads[action.kind] = action.start + action.length
        if action.kind is Kind.SOURCE_COPY:
            self._shift = action.start - at

    def best_from(self, position: int, literal: int) -> tuple[int, Action] | None:
        """Return the first place from `position` on, within a chunk, where an action pays off, and the best action.

        Args:
            position: Where to start searching.
            literal: Start of the pending new bytes. A copy may extend back to there.
        """
        run = int(np.searchsorted(self._run_stops, position, "right"))
        starts, stops = self._run_starts[run:], self._run_stops[run:]
        if starts.size and starts[0] <= position + _WINDOW:  # here, or after a change too small to search
            at = max(position, int(starts[0]))
            if stops[0] - at >= _LONG_RUN:
                return at, Action(Kind.SOURCE_READ, int(stops[0]) - at)
        end = min(position + _CHUNK, self._target.size)
        near = starts[: np.searchsorted(starts, end)]
        long_ones = near[(near > position) & (stops[: near.size] - near >= _LONG_RUN)]
        if long_ones.size:
            end = int(long_ones[0]) + 1
            near = near[near < end]
        for at in self._events(position, end, near):
            found = self._best_at(at, literal, run)
            if found is not None:
                return found
        return None

    def _events(self, position: int, end: int, run_starts: NDArray[np.intp]) -> list[int]:
        """Return the places from `position` to `end` where an action is possible, ascending."""
        keys = self._windows[position:end].copy()
        possible = np.zeros(keys.size, np.bool_)
        if end - position > _WINDOW:  # indexing the whole image does not pay off for an edit of a few bytes
            possible |= self._of_source.hits(keys) | self._of_target.hits(keys, position)
        for period in _PERIODS:
            first = max(0, period - position)
            if first < keys.size:
                before = self._windows[position + first - period : position + keys.size - period]
                possible[first:] |= keys[first:] == before
        flags = np.zeros(end - position, np.bool_)
        flags[: possible.size] = possible
        flags[np.maximum(run_starts, position) - position] = True
        return (np.flatnonzero(flags) + position).tolist()

    def _best_at(self, at: int, literal: int, run: int) -> tuple[int, Action] | None:
        best: tuple[int, Action] | None = None
        best_gain = 1  # an action that saves a single byte splits the new bytes, and so saves nothing
        for kind, start in self._starts(at, run):
            data = self._target if kind is Kind.TARGET_COPY else self._source
            length = _common(self._target, at, data, start)
            back = 0
            while at - back > literal and start - back > 0 and self._target[at - back - 1] == data[start - back - 1]:
                back += 1
            action = Action(kind, length + back, start - back)
            gain = action.length - self._cost(action)
            if length and gain > best_gain:
                best, best_gain = (at - back, action), gain
        return best

    def _starts(self, at: int, run: int) -> Iterator[tuple[Kind, int]]:
        """Yield places to copy the bytes at `at` from, cheapest first."""
        run += int(np.searchsorted(self._run_stops[run:], at, "right"))
        if run < self._run_starts.size and self._run_starts[run] <= at:
            yield Kind.SOURCE_READ, at
            if self._run_stops[run] - at >= _LONG_RUN:
                return
        if 0 <= at + self._shift < self._source.size:
            yield Kind.SOURCE_COPY, at + self._shift
        if at < self._windows.size:
            key = self._windows[at]
            for period in _PERIODS:
                if at >= period and self._windows[at - period] == key:
                    yield Kind.TARGET_COPY, at - period
            for start in self._of_source.places(key, at):
                yield Kind.SOURCE_COPY, start
            for start in self._of_target.places(key, at):
                if start < at:
                    yield Kind.TARGET_COPY, start

    def _cost(self, action: Action) -> int:
        cost = _number_bytes(action.length << 2)
        if action.kind in self._heads:
            cost += _number_bytes(abs(action.start - self._heads[action.kind]) << 1)
        return cost


def _windows(data: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return uint64[max(0, n - 7)]: the eight bytes at every offset, as a view without copying."""
    data = np.ascontiguousarray(data)
    return np.ndarray((max(0, data.size - _WINDOW + 1),), np.uint64, data.data if data.size else None, 0, (1,))


def _equal_runs(source: NDArray[np.uint8], target: NDArray[np.uint8]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return starts and stops of the unchanged runs of four bytes or more, ascending."""
    common = min(source.size, target.size)
    equal = np.zeros(common + 2, np.int8)
    equal[1:-1] = source[:common] == target[:common]
    edges = np.diff(equal)
    starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    kept = stops - starts >= _SHORT_RUN
    return starts[kept], stops[kept]


def _common(a: NDArray[np.uint8], a_start: int, b: NDArray[np.uint8], b_start: int) -> int:
    """Count the equal bytes from both places on."""
    limit = min(a.size - a_start, b.size - b_start)
    done, step = 0, 64
    while done < limit:
        stop = min(done + step, limit)
        different = np.flatnonzero(a[a_start + done : a_start + stop] != b[b_start + done : b_start + stop])
        if different.size:
            return done + int(different[0])
        done, step = stop, step * 4
    return limit


def _number_bytes(value: int) -> int:
    """Return the approximate size of a variable-length number in bytes."""
    return max(1, -(-value.bit_length() // 7))
