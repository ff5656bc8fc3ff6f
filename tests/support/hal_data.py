"""Data and streams that are hard on a HAL codec."""

from __future__ import annotations

import random

from hypothesis import strategies as st
from support.hal_reference import REVERSED

# Around the short and the long commands' longest counts.
LENGTHS = (1, 2, 3, 4, 5, 8, 31, 32, 33, 34, 63, 64, 65, 66)
LONG_LENGTHS = (1023, 1024, 1025, 1026, 2046, 2047, 2048, 2049, 2050)


def pieces(rng: random.Random, size: int, lengths: tuple[int, ...] = LENGTHS, alphabet: int = 256) -> bytes:
    """Raw bytes, runs, pairs (cut at odd bytes too), sequences that wrap, and copies of all kinds that overlap."""
    data = bytearray()
    while len(data) < size:
        length = rng.choice(lengths)
        first, second = rng.randrange(alphabet), rng.randrange(alphabet)
        match rng.randrange(8):
            case 0:
                data += bytes(rng.choices(range(alphabet), k=length))
            case 1:
                data += bytes([first]) * length
            case 2:
                data += (bytes([first, second]) * length)[: 2 * length - rng.randrange(2)]
            case 3:
                data += bytes((255 - length // 2 + k) & 0xFF for k in range(length))
            case 4 if data:
                append_copy(data, rng.randrange(len(data)), length)
            case 5 if data:
                append_copy(data, rng.randrange(len(data)), length, reverse=True)
            case 6 if data:
                last = rng.randrange(len(data))
                data += data[max(0, last - length + 1) : last + 1][::-1]
            case 7 if data:
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(data[:size])


def append_copy(data: bytearray, source: int, length: int, *, reverse: bool = False) -> None:
    """Append byte by byte, so that the copy may overlap its own output."""
    for k in range(length):
        data.append(REVERSED[data[source + k]] if reverse else data[source + k])


def tiles(rng: random.Random, size: int) -> bytes:
    """Planar-looking graphics: rows that repeat, mirror and shift, with plain rows between them."""
    rows = [rng.randrange(256) for _ in range(24)]
    data = bytearray()
    while len(data) < size:
        if len(data) > 64 and rng.random() < 0.4:
            append_copy(data, rng.randrange(len(data) - 32), 32, reverse=rng.random() < 0.3)
            continue
        row = rng.choice(rows)
        for _ in range(8):
            data += bytes([row, row & rng.choice(rows)])
            if rng.random() < 0.5:
                row = (row << 1 | row >> 7) & 0xFF
    return bytes(data[:size])


def header(kind: int, count: int, *, long: bool | None = None) -> bytes:
    """A command's header: the short form if it fits, unless requested otherwise."""
    if long or (long is None and count > 32):
        return bytes([0xE0 | kind << 2 | (count - 1) >> 8, (count - 1) & 0xFF])
    return bytes([kind << 5 | count - 1])


@st.composite
def command(draw: st.DrawFn) -> bytes:
    """One command of any kind, with its reference mostly near the start of the output."""
    kind = draw(st.integers(0, 7))
    longest = 768 if kind == 7 else 1024
    count = draw(st.one_of(st.integers(1, 40), st.integers(1, longest)))
    head = header(kind, count, long=True if kind == 7 or draw(st.booleans()) else None)
    if kind == 0:
        return head + draw(st.randoms(use_true_random=False)).randbytes(count)
    if kind in (1, 3):
        return head + draw(st.binary(min_size=1, max_size=1))
    if kind == 2:
        return head + draw(st.binary(min_size=2, max_size=2))
    return head + draw(st.one_of(st.integers(0, 300), st.integers(0, 0xFFFF))).to_bytes(2, "big")


def streams() -> st.SearchStrategy[bytes]:
    """Sequences of commands, most of them terminated, many of them valid."""
    ends = st.sampled_from([b"\xff", b"\xff", b"\xff\x00\x21", b""])
    return st.builds(lambda commands, end: b"".join(commands) + end, st.lists(command(), max_size=12), ends)


def short_stream(rng: random.Random, commands: int) -> bytes:
    """Short commands whose references are mostly at the limits of what may be read, a few beyond them."""
    packed, written = bytearray(), 0
    for _ in range(commands):
        kind, count = rng.randrange(7 if written else 4), rng.choice((1, 2, 3, 4, 8, 16, 31, 32, rng.randrange(1, 33)))
        if kind == 6 and written < count:
            continue
        packed += header(kind, count)
        if kind == 0:
            packed += rng.randbytes(count)
        elif kind < 4:
            packed += rng.randbytes(2 if kind == 2 else 1)
        else:
            lowest = count - 1 if kind == 6 else 0
            source = rng.choice((lowest, 30, 31, 32, written - count, written - 1, rng.randrange(written)))
            source = min(max(source, lowest), written - 1)
            if rng.random() < 0.003:
                source = rng.choice((written, lowest - 1, rng.randrange(0x10000)))
            packed += max(0, source).to_bytes(2, "big")
        written += 2 * count if kind == 2 else count
    return bytes(packed)


def short_streams() -> st.SearchStrategy[bytes]:
    """Sequences of short commands, most of them valid."""
    return st.builds(
        lambda seed, commands, end: short_stream(random.Random(seed), commands) + end,
        st.integers(0, 1 << 32),
        st.integers(0, 150),
        st.sampled_from([b"\xff", b"\xff", b""]),
    )


def seeded(size: int) -> st.SearchStrategy[bytes]:
    """Up to `size` bytes of `pieces` over alphabets of several sizes."""
    return st.builds(
        lambda seed, length, alphabet: pieces(random.Random(seed), length, alphabet=alphabet),
        st.integers(0, 1 << 32),
        st.integers(0, size),
        st.sampled_from([2, 3, 16, 256]),
    )
