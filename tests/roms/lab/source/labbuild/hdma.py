"""HDMA tables from what a register is to hold on each row of the picture."""

from __future__ import annotations

from collections.abc import Sequence

REPEAT = 0x80
MOST_LINES = 127  # of one entry


def direct(runs: Sequence[tuple[int, bytes]]) -> bytes:
    """A table that writes at the first line of each run."""
    table = bytearray()
    for lines, data in runs:
        for done in range(0, lines, MOST_LINES):
            table += bytes([min(MOST_LINES, lines - done)]) + data
    return bytes(table) + b"\0"


def repeating(lead: int, first: bytes, lines: Sequence[bytes]) -> bytes:
    """A table that writes `first` and waits `lead` lines, then writes at each line."""
    table = bytearray(direct([(lead, first)])[:-1]) if lead else bytearray()
    for begin in range(0, len(lines), MOST_LINES):
        part = lines[begin : begin + MOST_LINES]
        table += bytes([REPEAT | len(part)]) + b"".join(part)
    return bytes(table) + b"\0"


def indirect(pieces: Sequence[tuple[int, int]], *, repeat: bool) -> bytes:
    """A table of (lines, address of their data). With `repeat` each line has data of its own."""
    table = bytearray()
    for lines, address in pieces:
        if not 0 < lines <= MOST_LINES:
            raise ValueError(f"{lines} lines in one entry, 1 to {MOST_LINES} are possible")
        table += bytes([lines | (REPEAT if repeat else 0)]) + word(address)
    return bytes(table) + b"\0"


def colour(index: int, value: int) -> bytes:
    """What mode 3 writes to $2121 and $2122 to set a colour: the index twice, then the colour."""
    return bytes([index, index]) + word(value)


def word(value: int) -> bytes:
    """A 16-bit value as two writes."""
    return (value & 0xFFFF).to_bytes(2, "little")


def folded(values: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Values of consecutive rows as runs."""
    runs: list[tuple[int, int]] = []
    for value in values:
        if runs and runs[-1][1] == value:
            runs[-1] = (runs[-1][0] + 1, value)
        else:
            runs.append((1, value))
    return tuple(runs)
