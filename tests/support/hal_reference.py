"""The plainest HAL decoder and minimal size, written from the format's description and independent of cpp."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

LIMIT = 0x10000
REVERSED = [int(f"{byte:08b}"[::-1], 2) for byte in range(256)]


class Decoded(NamedTuple):
    data: bytes
    consumed: int


class FaultError(Exception):
    """The stream is invalid; `offset` is that of the faulty command."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


def decode(packed: bytes, offset: int = 0, *, strict: bool = True, stop: int | None = None) -> Decoded:
    """Decode the stream at `offset`; nothing at or after `stop` may be read."""
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


def outcome(packed: bytes, offset: int, *, strict: bool) -> tuple[bytes, int] | int:
    """The result of `decode`, or the offset of the fault."""
    try:
        return decode(packed, offset, strict=strict)
    except FaultError as fault:
        return fault.offset


def minimum_size(data: bytes, *, relative: bool = False) -> int:
    """The length of the smallest strict stream for `data`, by trying every command of every length at every byte.

    Args:
        data: The bytes to pack.
        relative: Whether to pack to LC_LZ1 and LC_LZ2, which have only forward copies and whose RLE16 counts bytes.
    """
    size = len(data)
    text = np.frombuffer(data, np.uint8)
    turned = np.array(REVERSED, np.uint8)[text]
    counts = np.arange(1, 1025)
    header = np.where(counts <= 32, 1, 2)
    raw, one_byte, two_bytes = header + counts, header + 1, header + 2
    unit = 1 if relative else 2
    run = rising = pairs = 0  # how many bytes from i on are the same, rise by one each, and repeat two bytes
    cheapest = np.zeros(size + 1, np.int64)
    cheapest[size] = 1
    # Row i of each: the length of the match at i with the source that begins (backward: ends) at column j.
    forward, reversing, backward = (np.zeros(size + 2, np.int32) for _ in range(3))
    for i in reversed(range(size)):
        here = text[i]
        same = text == here
        forward[:size] = (forward[1 : size + 1] + 1) * same
        reversing[:size] = (reversing[1 : size + 1] + 1) * (turned == here)
        backward[1 : size + 1] = (backward[:size] + 1) * same
        run = run + 1 if i + 1 < size and data[i + 1] == data[i] else 1
        rising = rising + 1 if i + 1 < size and data[i + 1] == (data[i] + 1) & 0xFF else 1
        pairs = pairs + 1 if i + 2 < size and data[i] == data[i + 2] else min(2, size - i)
        options = [(1024, 1, raw), (run, 1, one_byte), (rising, 1, one_byte), (pairs // unit, unit, two_bytes)]
        # A source must begin before i. Column j + 1 of `backward` is source j.
        sources = (forward[:i], reversing[:i], backward[1 : i + 1])
        options += [(int(row.max(initial=0)), 1, two_bytes) for row in sources[: 1 if relative else 3]]
        best = []
        for reach, step, price in options:
            reach = min(reach, 1024, (size - i) // step)
            if reach:
                best.append((price[:reach] + cheapest[i + step : i + step * reach + 1 : step]).min())
        cheapest[i] = min(best)
    return int(cheapest[0])
