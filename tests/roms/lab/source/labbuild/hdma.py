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
