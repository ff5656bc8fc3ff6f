"""A plain greedy packer for HAL, LZ1, LZ2 and SimCity's format, from their descriptions: valid, good, not minimal."""

from __future__ import annotations

from collections import defaultdict
from typing import Final, Literal

Format = Literal["hal", "lz1", "lz2", "simcity"]

REVERSED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
INVERTED: Final = bytes(range(255, -1, -1))

_GRAM: Final = 4
_DEPTH: Final = 24
_LONGEST: Final = 1024


def pack(data: bytes, *, lazy: bool = True, mirrors: bool = True, format: Format = "hal") -> bytes:  # noqa: A002
    """Pack to a stream.

    Args:
        data: 0 to 65,536 bytes.
        lazy: Defer a match by one byte if the next position has a longer one.
        mirrors: Also use bit-reversed and backward copies, or inverted ones. LZ1 and LZ2 have none.
        format: The format to pack to.
    """
    return _Packer(data, mirrors, format).run(lazy)


class _Packer:
    def __init__(self, data: bytes, mirrors: bool, format: Format) -> None:  # noqa: A002
        self.data = data
        self.reversed = data.translate(REVERSED)
        self.inverted = data.translate(INVERTED)
        self.mirrors = mirrors and format == "hal"
        self.near = format == "simcity"
        self.inverts = mirrors and self.near
        self.pair_bytes = 2 if format == "hal" else 1  # the unit of RLE16's count
        self.order: Literal["little", "big"] = "little" if format in ("lz1", "simcity") else "big"
        self.forward: defaultdict[bytes, list[int]] = defaultdict(list)
        self.backward: defaultdict[bytes, list[int]] = defaultdict(list)
        self.indexed = 0

    def run(self, lazy: bool) -> bytes:
        out, raw, at = bytearray(), bytearray(), 0
        while at < len(self.data):
            self._index(at)
            gain, kind, count, argument = self._best(at)
            if gain > 0 and lazy and at + 1 < len(self.data) and self._best(at + 1)[0] > gain + 1:
                gain = 0
            if gain <= 0:
                raw.append(self.data[at])
                at += 1
                continue
            _flush(out, raw)
            out += _header(kind, count) + argument
            at += self.pair_bytes * count if kind == 2 else count
        _flush(out, raw)
        return bytes(out) + b"\xff"

    def _index(self, at: int) -> None:
        while self.indexed + _GRAM <= at:
            begin = self.indexed
            self.forward[self.data[begin : begin + _GRAM]].append(begin)
            self.backward[self.data[begin : begin + _GRAM][::-1]].append(begin + _GRAM - 1)
            self.indexed += 1

    def _best(self, at: int) -> tuple[int, int, int, bytes]:
        """(bytes saved over raw, kind, count, argument) of the best command at `at`; 0 bytes if none saves any."""
        data, end = self.data, len(self.data)
        best = (0, 0, 0, b"")

        def offer(kind: int, count: int, argument: bytes) -> None:
            nonlocal best
            size = self.pair_bytes * count if kind == 2 else count
            gain = size - len(argument) - (1 if count <= 32 and kind < 7 else 2)
            if count and gain > best[0]:
                best = (gain, kind, count, argument)

        run = 1
        while at + run < end and run < _LONGEST and data[at + run] == data[at]:
            run += 1
        offer(1, run if run > 2 else 0, data[at : at + 1])
        pairs = 2
        while at + pairs < end and data[at + pairs] == data[at + pairs - 2]:
            pairs += 1
        pairs = min(pairs // self.pair_bytes, _LONGEST)
        offer(2, pairs if pairs * self.pair_bytes > 2 and at + 2 <= end else 0, data[at : at + 2])
        steps = 1
        while at + steps < end and steps < _LONGEST and data[at + steps] == (data[at] + steps) & 0xFF:
            steps += 1
        offer(3, steps if steps > 2 else 0, data[at : at + 1])

        gram = data[at : at + _GRAM]
        if len(gram) == _GRAM:
            for start in self.forward[gram][-_DEPTH:]:
                count = _GRAM
                while at + count < end and count < _LONGEST and data[start + count] == data[at + count]:
                    count += 1
                offer(4, count, start.to_bytes(2, self.order))
                if self.near and at - start <= 255:
                    offer(6, count, bytes([at - start]))
            if self.inverts:
                for start in self.forward[self.inverted[at : at + _GRAM]][-_DEPTH:]:
                    count = _GRAM
                    while at + count < end and count < _LONGEST and self.inverted[start + count] == data[at + count]:
                        count += 1
                    offer(5, count, start.to_bytes(2, self.order))
                    if at - start <= 255:
                        offer(7, min(count, 768), bytes([at - start]))
            if self.mirrors:
                for start in self.forward[self.reversed[at : at + _GRAM]][-_DEPTH:]:
                    count = _GRAM
                    while at + count < end and count < _LONGEST and self.reversed[start + count] == data[at + count]:
                        count += 1
                    offer(5, count, start.to_bytes(2))
                for last in self.backward[gram][-_DEPTH:]:
                    count = _GRAM
                    while (
                        at + count < end
                        and count <= last
                        and count < _LONGEST
                        and data[last - count] == data[at + count]
                    ):
                        count += 1
                    offer(6, count, last.to_bytes(2))
        return best


def _header(kind: int, count: int) -> bytes:
    if count <= 32 and kind < 7:
        return bytes([kind << 5 | (count - 1)])
    return bytes([0xE0 | kind << 2 | (count - 1) >> 8, (count - 1) & 0xFF])


def _flush(out: bytearray, raw: bytearray) -> None:
    for begin in range(0, len(raw), _LONGEST):
        part = raw[begin : begin + _LONGEST]
        out += _header(0, len(part)) + part
    raw.clear()
