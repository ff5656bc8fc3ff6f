"""HAL decoding said as plainly as possible in Python, written from the format's description and from nothing in cpp."""

from __future__ import annotations

from typing import NamedTuple

LIMIT = 0x10000
REVERSED = [int(f"{byte:08b}"[::-1], 2) for byte in range(256)]


class Decoded(NamedTuple):
    data: bytes
    consumed: int


class FaultError(Exception):
    """The stream is bad; `offset` is that of the command at fault."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


def decode(packed: bytes, offset: int = 0, *, strict: bool = True, stop: int | None = None) -> Decoded:
    """Decode the stream at `offset`; nothing at or behind `stop` may be read."""
    end = min(len(packed) if stop is None else stop, offset + LIMIT)
    out = bytearray()
    at = offset
    while True:
        if at >= end:
            raise FaultError(at)
        head = packed[at]
        if head == 0xFF:
            return Decoded(bytes(out), at + 1 - offset)
        kind, count, arguments = head >> 5, (head & 31) + 1, at + 1
        if kind == 7:
            if at + 2 > end:
                raise FaultError(at)
            kind, count, arguments = head >> 2 & 7, ((head & 3) << 8 | packed[at + 1]) + 1, at + 2
        following = arguments + (count if kind == 0 else 1 if kind in (1, 3) else 2)
        if following > end:
            raise FaultError(at)
        if len(out) + (2 * count if kind == 2 else count) > LIMIT:
            raise FaultError(at)
        if kind == 0:
            out += packed[arguments:following]
        elif kind in (1, 2):
            out += packed[arguments:following] * count
        elif kind == 3:
            out += bytes((packed[arguments] + k) & 0xFF for k in range(count))
        else:
            source = packed[arguments] << 8 | packed[arguments + 1]
            step = -1 if kind == 6 else 1
            if step < 0 and source - count + 1 < 0:
                raise FaultError(at)
            if strict and source >= len(out):
                raise FaultError(at)
            if step > 0 and source + count > LIMIT:
                raise FaultError(at)
            for k in range(count):
                place = source + step * k
                byte = out[place] if place < len(out) else 0
                out.append(REVERSED[byte] if kind == 5 else byte)
        at = following
