"""SimCity's format: the plainest decoder and minimal size, written from the format's description."""

from __future__ import annotations

import numpy as np
from support.hal_reference import LIMIT, Decoded, FaultError

NEAR = 255


def decode(packed: bytes, offset: int = 0, *, strict: bool = True, stop: int | None = None) -> Decoded:
    """Decode the stream at `offset`; nothing at or after `stop` may be read."""
    source = packed[: min(len(packed) if stop is None else stop, offset + LIMIT)]
    out = bytearray()
    at = offset
    while source[at : at + 1] != b"\xff":
        begin = at

        def take(count: int, begin: int = begin) -> bytes:
            nonlocal at
            taken = source[at : at + count]
            if len(taken) < count:
                raise FaultError(begin)
            at += count
            return taken

        head = take(1)[0]
        kind, count = head // 32, head % 32 + 1
        if kind == 7:
            kind, count = head // 4 % 8, (head % 4 * 256 + take(1)[0]) + 1
        arguments = take({0: count, 1: 1, 3: 1, 6: 1, 7: 1}.get(kind, 2))
        if len(out) + count > LIMIT:
            raise FaultError(begin)
        match kind:
            case 0:
                out += arguments
            case 1 | 2:
                out += (arguments * count)[:count]
            case 3:
                out += bytes((arguments[0] + k) % 256 for k in range(count))
            case _:
                near = kind in (6, 7)
                first = len(out) - arguments[0] if near else int.from_bytes(arguments, "little")
                if first < 0 or (strict and first >= len(out)) or (not near and first + count > LIMIT):
                    raise FaultError(begin)
                for place in range(first, first + count):
                    byte = out[place] if place < len(out) else 0
                    out.append(byte ^ 0xFF if kind in (5, 7) else byte)
    return Decoded(bytes(out), at + 1 - offset)


def outcome(packed: bytes, offset: int, *, strict: bool) -> tuple[bytes, int] | int:
    """The result of `decode`, or the offset of the fault."""
    try:
        return decode(packed, offset, strict=strict)
    except FaultError as fault:
        return fault.offset


def minimum_size(data: bytes) -> int:
    """The length of the smallest strict stream for `data`, by trying every command of every length at every byte."""
    size = len(data)
    text = np.frombuffer(data, np.uint8)
    cheapest = [0] * size + [1]
    for i in reversed(range(size)):
        best = 1 << 40

        def offer(longest: int, price: int, i: int = i, *, raw: bool = False, short: bool = True) -> None:
            nonlocal best
            for count in range(1, longest + 1):
                header = 1 if short and count <= 32 else 2
                best = min(best, header + price + (count if raw else 0) + cheapest[i + count])

        def length(wanted: list[int], longest: int = 1024, i: int = i) -> int:
            count = 0
            while count < min(longest, size - i) and wanted[count] == data[i + count]:
                count += 1
            return count

        rest = min(1024, size - i)
        offer(rest, 0, raw=True)
        offer(length([data[i]] * rest), 1)
        offer(length([(data[i] + k) % 256 for k in range(rest)]), 1)
        offer(length([data[min(i + k % 2, size - 1)] for k in range(rest)]), 2)
        for source in range(i):
            same = length(text[source : source + rest].tolist())
            inverted = length((text[source : source + rest] ^ 0xFF).tolist())
            offer(same, 2)
            offer(inverted, 2)
            if i - source <= NEAR:
                offer(same, 1)
                offer(min(inverted, 768), 1, short=False)
        cheapest[i] = best
    return cheapest[0]
