"""A packer without a style: at each byte it picks any of the commands that are good enough.

The choices of an unknown packer are unknown, except that it obeys the format and saves bytes. So this one computes the
minimum cost of the rest from each byte on, and then draws from all commands of all lengths, kinds and sources that
achieve it (or, with `slack`, nearly do): its streams are as small as our encoder's and otherwise unlike them.
"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from support.plain_packer import REVERSED

Ends = Literal["any", "early", "late"]
"""Which of the equally expensive commands to choose: any, the shortest, or the longest."""

_LONGEST: Final = 1024
_FLIP: Final = np.frombuffer(REVERSED, np.uint8)


def pack(data: bytes, rng: np.random.Generator, *, ends: Ends = "any", slack: int = 0, mirrors: bool = True) -> bytes:
    """Pack to a HAL stream.

    Args:
        data: 1 to 65,536 bytes; the work grows with the square.
        rng: Makes the free choices.
        ends: Which of the lengths of equal cost to choose.
        slack: Bytes by which one command in eight may miss the minimum.
        mirrors: Also use bit-reversed copies, backward copies and sequences.
    """
    reach = _reaches(np.frombuffer(data, np.uint8), mirrors)
    cost = _costs(reach, len(data))
    out, at = bytearray(), 0
    while at < len(data):
        spare = slack if slack and rng.random() < 1 / 8 else 0
        kind, length = _drawn(rng, _choices(reach, cost, at, spare), ends)
        source = b""
        if kind >= 4:
            sources = _sources(data, at, kind, length)
            source = int(rng.choice(sources)).to_bytes(2)
        count = length // 2 if kind == 2 else length
        if count <= 32:
            out.append(kind << 5 | (count - 1))
        else:
            out += bytes([0xE0 | kind << 2 | (count - 1) >> 8, (count - 1) & 0xFF])
        out += source or data[at : at + {0: length, 1: 1, 2: 2, 3: 1}[kind]]
        at += length
    return bytes(out) + b"\xff"


def _reaches(data: NDArray[np.uint8], mirrors: bool) -> NDArray[np.int64]:
    """For each byte and kind, the output size of the longest possible command if counts had no limit."""
    size = len(data)
    reach = np.zeros((size, 7), np.int64)
    reach[:, 0] = size - np.arange(size)
    one, two, three = 1, 1, 1
    for at in range(size - 1, -1, -1):
        if at + 1 < size:
            one = one + 1 if data[at] == data[at + 1] else 1
            three = three + 1 if int(data[at]) + 1 & 0xFF == data[at + 1] else 1
            two = two + 1 if at + 2 < size and data[at] == data[at + 2] else 2
        reach[at, 1:4] = one, two & ~1, three if mirrors else 0
    # Longest common extensions of each byte with all earlier ones: each row follows from the next byte's.
    plain = np.zeros(size + 1, np.int32)
    mirror = np.zeros(size + 1, np.int32)
    back = np.zeros(size + 1, np.int32)
    for at in range(size - 1, 0, -1):
        plain[:at] = (plain[1 : at + 1] + 1) * (data[:at] == data[at])
        reach[at, 4] = plain[:at].max()
        if mirrors:
            mirror[:at] = (mirror[1 : at + 1] + 1) * (data[:at] == _FLIP[data[at]])
            back[1:at] = back[: at - 1] + 1
            back[0] = 1
            back[:at] *= data[:at] == data[at]
            reach[at, 5], reach[at, 6] = mirror[:at].max(), back[:at].max()
    return reach


def _lengths(reach: NDArray[np.int64], at: int) -> list[tuple[int, int, int, int]]:
    """(kind, price, first, last): the lengths that a header allows, RLE16's in steps of two."""
    found = []
    for kind in range(7):
        longest = int(reach[at, kind])
        unit = 2 if kind == 2 else 1
        arguments = (0, 1, 2, 1, 2, 2, 2)[kind]
        short, long = 32 * unit, _LONGEST * unit
        if longest >= unit and (not kind or longest > arguments):
            found.append((kind, 1 + arguments, unit, min(longest, short)))
            if longest > short:
                found.append((kind, 2 + arguments, short + unit, min(longest, long)))
    return found


def _ways(
    reach: NDArray[np.int64], cost: NDArray[np.int64], at: int
) -> list[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
    """(kind, lengths, cost of all from `at` on) for each kind and header."""
    ways = []
    for kind, price, first, last in _lengths(reach, at):
        step = 2 if kind == 2 else 1
        lengths = np.arange(first, last + 1, step)
        total = cost[at + first : at + last + 1 : step] + price
        ways.append((kind, lengths, total + lengths if kind == 0 else total))
    return ways


def _costs(reach: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """The minimum packed size of the data from each byte on, without the terminator.

    A command's minimum cost is at one of its last two possible ends (see cpp/hal/parser.hpp); a raw command's may be at
    any end.
    """
    cost = np.zeros(size + 1, np.int64)
    onward = cost + np.arange(size + 1)  # for raw commands
    for at in range(size - 1, -1, -1):
        best = int(onward[at + 1 : at + 33].min()) + 1 - at
        if size - at > 32:
            best = min(best, int(onward[at + 33 : at + 1 + _LONGEST].min()) + 2 - at)
        _, same, pairs, steps, *copies = reach[at].tolist()
        for price, length in ((2, max(same, steps)), (3, max(copies))):
            for header, limit in ((0, 32), (1, _LONGEST)):
                last = at + min(length, limit)
                if length >= price:
                    best = min(best, price + header + int(cost[last]), price + header + int(cost[last - 1]))
        if pairs > 2:
            best = min(best, 3 + int(cost[at + min(pairs, 64)]), 4 + int(cost[at + min(pairs, 2 * _LONGEST)]))
        cost[at] = best
        onward[at] = best + at
    return cost


def _choices(reach: NDArray[np.int64], cost: NDArray[np.int64], at: int, spare: int) -> list[tuple[int, int]]:
    return [
        (kind, int(length))
        for kind, lengths, total in _ways(reach, cost, at)
        for length in lengths[total <= cost[at] + spare]
    ]


def _drawn(rng: np.random.Generator, choices: list[tuple[int, int]], ends: Ends) -> tuple[int, int]:
    if ends != "any":
        lengths = [length for _, length in choices]
        wanted = min(lengths) if ends == "early" else max(lengths)
        choices = [choice for choice in choices if choice[1] == wanted]
    return choices[int(rng.integers(len(choices)))]


def _sources(data: bytes, at: int, kind: int, length: int) -> list[int]:
    """Every source of a copy: where it begins, or for a backward copy its last byte."""
    wanted = data[at : at + length]
    if kind == 6:
        wanted = wanted[::-1]
    elif kind == 5:
        wanted = wanted.translate(REVERSED)
    found: list[int] = []
    begin = data.find(wanted)
    while 0 <= begin < at:
        if kind == 6:
            if begin + length > at:
                break
            found.append(begin + length - 1)
        else:
            found.append(begin)
        begin = data.find(wanted, begin + 1)
    return found
