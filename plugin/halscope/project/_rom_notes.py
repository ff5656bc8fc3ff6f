"""What other tools say about a ROM, as values: names of places, and the bytes that were executed or read as data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

Ranges = tuple[tuple[int, int], ...]
"""Stretches of the headerless image: first file offset, and the one behind the last."""


@dataclass(frozen=True, slots=True, order=True)
class RomLabel:
    """The name of a place in the ROM, from a file of labels.

    Args:
        rom_offset: File offset in the headerless image.
        name: The name.
        made: When the file was read, an aware datetime in UTC.
    """

    rom_offset: int
    name: str
    made: datetime


def latest_labels(labels: Iterable[RomLabel]) -> tuple[RomLabel, ...]:
    """Keep the latest label of each place; of several made at once the lexicographically greatest. Ordered by place."""
    latest: dict[int, RomLabel] = {}
    for one in labels:
        present = latest.get(one.rom_offset)
        if present is None or (present.made, present.name) < (one.made, one.name):
            latest[one.rom_offset] = one
    return tuple(latest[offset] for offset in sorted(latest))


def united(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Return the union of stretches, ascending and apart."""
    joined: list[tuple[int, int]] = []
    for start, stop in sorted(ranges):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(stop, joined[-1][1])
        else:
            joined.append((start, stop))
    return tuple(joined)
