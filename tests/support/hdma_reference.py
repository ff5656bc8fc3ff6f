"""HDMA in plain Python, one line after the other, written from the description of the hardware; and random tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from halscope_hooks import DmaChannel
from support.plain_hdma import UNITS

Read = Callable[[int, int], int]
"""The byte at (bank, address)."""


def writes_of(channels: dict[int, DmaChannel], read: Read, lines: int) -> list[tuple[int, int, int]]:
    """(line, register, value) of all writes to $2100 to $213F by these channels, which are all enabled."""
    runs = {n: _Run(channel, read) for n, channel in sorted(channels.items())}
    for run in runs.values():
        run.load()
    writes = []
    for line in range(lines):
        for run in runs.values():
            writes += [(line, port, value) for port, value in run.line() if port < 0x40]
    return writes


class _Run:
    def __init__(self, channel: DmaChannel, read: Read) -> None:
        self.channel, self.read = channel, read
        self.at, self.data = channel.a1t, 0
        self.lines, self.repeats, self.first, self.over = 0, False, False, False

    def load(self) -> None:
        count = self._table()
        self.over = count == 0
        if self.over:
            return
        self.lines = 128 if count == 0x80 else count & 0x7F
        self.repeats = count > 0x80
        self.first = True
        if self.channel.dmap & 0x40:
            self.data = self._table() | self._table() << 8

    def line(self) -> list[tuple[int, int]]:
        if self.over:
            return []
        writes = []
        if self.first or self.repeats:
            for port in UNITS[self.channel.dmap & 7]:
                value = self._data() if self.channel.dmap & 0x40 else self._table()
                writes.append(((self.channel.bbad + port) & 0xFF, value))
        self.first = False
        self.lines -= 1
        if self.lines == 0:
            self.load()
        return [] if self.channel.dmap & 0x80 else writes

    def _table(self) -> int:
        value = self.read(self.channel.a1b, self.at)
        self.at = (self.at + 1) & 0xFFFF
        return value

    def _data(self) -> int:
        value = self.read(self.channel.dasb, self.data)
        self.data = (self.data + 1) & 0xFFFF
        return value


@dataclass(frozen=True)
class Table:
    """A table and the data that it points to, both for one place in memory.

    Args:
        table: The table's bytes; an indirect one points to `data` at the address that it was made for.
        data: The data of an indirect table, or nothing.
    """

    table: bytes
    data: bytes


def random_table(
    rng: np.random.Generator, mode: int, value: Callable[[int], bytes], *, indirect: bool, data_at: int = 0
) -> Table:
    """A table for a whole picture: entries that repeat, that do not, and $80; some end early.

    Args:
        rng: Source of randomness.
        mode: Transfer mode.
        value: Called with the line; the bytes of one transfer.
        indirect: Whether the table holds addresses.
        data_at: Address of the data in its bank.
    """
    table, data, line = bytearray(), bytearray(), 0
    size = len(UNITS[mode])
    end = 230 if rng.integers(3) else int(rng.integers(1, 200))
    while line < end:
        count = int(rng.choice([0x80, rng.integers(1, 0x80), rng.integers(1, 20), rng.integers(0x81, 0x100), 0x83]))
        lines = 128 if count == 0x80 else count & 0x7F
        transfers = range(line, line + lines) if count > 0x80 else range(line, line + 1)
        content = b"".join(value(each) for each in transfers)
        assert len(content) == size * len(transfers)
        table.append(count)
        if indirect:
            table += ((data_at + len(data)) & 0xFFFF).to_bytes(2, "little")
            data += content
        else:
            table += content
        line += lines
    table += b"\0\0\0"
    return Table(bytes(table), bytes(data))
