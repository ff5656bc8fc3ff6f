"""HDMA by the book, one channel at a time: the plainest reading of a table, independent of cpp."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

UNITS = ((0,), (0, 1), (0, 0), (0, 0, 1, 1), (0, 1, 2, 3), (0, 1, 0, 1), (0, 0), (0, 0, 1, 1))
"""By the transfer mode, DMAP bits 0 to 2: which registers after BBAD are written."""


def writes(channel: dict[str, Any], read: Callable[[int], int], rows: int) -> Iterator[tuple[int, int, int]]:
    """The channel's writes as (row of the picture that they take effect on first, $21xx register, byte).

    Args:
        channel: A record of the lab's truth file.
        read: The byte at a 24-bit address.
        rows: Rows of the picture.
    """

    def bytes_at(place: int, count: int) -> list[int]:
        return [read(place & 0xFF0000 | (place + at & 0xFFFF)) for at in range(count)]

    table, units = channel["table_address"], UNITS[channel["dmap"] & 7]
    indirect = channel["dmap"] & 0x40
    row = 0
    while row < rows:
        (head,) = bytes_at(table, 1)
        if head == 0:
            return
        table += 1
        lines = head & 0x7F if head != 0x80 else 0x80
        repeat = head > 0x80
        if indirect:
            low, high = bytes_at(table, 2)
            data = channel["indirect_bank"] << 16 | high << 8 | low
            table += 2
        for line in range(lines):
            if line and not repeat:
                break
            place = data if indirect else table
            for unit, byte in zip(units, bytes_at(place, len(units)), strict=True):
                if row + line < rows:
                    yield row + line, 0x2100 + channel["bbad"] + unit, byte
            if indirect:
                data += len(units)
            else:
                table += len(units)
        row += lines
