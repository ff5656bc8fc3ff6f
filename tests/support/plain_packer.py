"""A plain greedy packer for HAL, LZ1, LZ2 and SimCity's format, from their descriptions: valid, good, not minimal."""

from __future__ import annotations

from typing import Final, Literal

Format = Literal["hal", "lz1", "lz2", "simcity"]

REVERSED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
INVERTED: Final = bytes(range(255, -1, -1))

_GRAM: Final = 4
_DEPTH: Final = 24
_LONGEST: Final = 1024
_STRIDE: Final = 16  # bytes compared at once


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
        self.backward = data[::-1]
        self.places: dict[bytes, list[int]] = {}
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
            gram = self.data[self.indexed : self.indexed + _GRAM]
            if (known := self.places.get(gram)) is None:
                self.places[gram] = [self.indexed]
            else:
                known.append(self.indexed)
            self.indexed += 1

    def _best(self, at: int) -> tuple[int, int, int, bytes]:
        """(bytes saved over raw, kind, count, argument) of the best command at `at`; 0 bytes if none saves any."""
        data, end = self.data, len(self.data)
        most = min(end - at, _LONGEST)
        best = (0, 0, 0, b"")

        def offer(kind: int, count: int, argument: bytes) -> None:
            nonlocal best
            size = self.pair_bytes * count if kind == 2 else count
            gain = size - len(argument) - (1 if count <= 32 and kind < 7 else 2)
            if gain > best[0]:
                best = (gain, kind, count, argument)

        if most > 2:
            if data[at] == data[at + 1] == data[at + 2]:
                offer(1, _common(data, at, data, at + 1, most - 1) + 1, data[at : at + 1])
            if data[at] == data[at + 2]:
                pairs = min((_common(data, at, data, at + 2, end - at - 2) + 2) // self.pair_bytes, _LONGEST)
                if pairs * self.pair_bytes > 2:
                    offer(2, pairs, data[at : at + 2])
            steps = 1
            while steps < most and data[at + steps] == (data[at] + steps) & 0xFF:
                steps += 1
            if steps > 2:
                offer(3, steps, data[at : at + 1])

        if most < _GRAM:
            return best
        least = 3 if self.near else 4  # bytes that a copy must have to save one

        def copies(kind: int, source: bytes, starts: list[int], near_kind: int = 0) -> None:
            wanted = data[at : at + best[0] + least]  # what a copy must begin with to be the best one
            for start in starts:
                if not source.startswith(wanted, start):
                    continue
                if best[0] + least > most:
                    return
                count = _common(source, start, data, at, min(most, end - start))
                offer(kind, count, (end - 1 - start if source is self.backward else start).to_bytes(2, self.order))
                if near_kind and at - start <= 255:
                    offer(near_kind, min(count, 768) if near_kind == 7 else count, bytes([at - start]))
                wanted = data[at : at + best[0] + least]

        places, gram = self.places, data[at : at + _GRAM]
        if found := places.get(gram):
            copies(4, data, found[-_DEPTH:], 6 if self.near else 0)
        if self.inverts and (found := places.get(self.inverted[at : at + _GRAM])):
            copies(5, self.inverted, found[-_DEPTH:], 7)
        if self.mirrors and (found := places.get(self.reversed[at : at + _GRAM])):
            copies(5, self.reversed, found[-_DEPTH:])
        if self.mirrors and (found := places.get(gram[::-1])):
            copies(6, self.backward, [end - _GRAM - start for start in found[-_DEPTH:]])
        return best


def _common(one: bytes, at: int, other: bytes, other_at: int, most: int) -> int:
    """The number of bytes, up to `most`, that are the same in both from these offsets on."""
    count = 0
    while count + _STRIDE <= most:
        if one[at + count : at + count + _STRIDE] != other[other_at + count : other_at + count + _STRIDE]:
            break
        count += _STRIDE
    while count < most and one[at + count] == other[other_at + count]:
        count += 1
    return count


def _header(kind: int, count: int) -> bytes:
    if count <= 32 and kind < 7:
        return bytes([kind << 5 | (count - 1)])
    return bytes([0xE0 | kind << 2 | (count - 1) >> 8, (count - 1) & 0xFF])


def _flush(out: bytearray, raw: bytearray) -> None:
    for begin in range(0, len(raw), _LONGEST):
        part = raw[begin : begin + _LONGEST]
        out += _header(0, len(part)) + part
    raw.clear()
