"""Bank edges: where a decoder goes on after the last byte of a bank. It is a rule of the decoder, not of the mapping.

Many decoders continue at the beginning of the next bank, which is the next byte of the file; some wrap inside the bank.
A rule that is not known is not guessed: a stream across an edge is then believed only if a pointer leads to it.
"""

from __future__ import annotations

from collections.abc import Mapping as ReadOnlyDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from halscope_hooks import EdgeRule
from numpy.typing import NDArray

from halscope.rom.mapping import Mapping


@dataclass(frozen=True, slots=True)
class Crossing:
    """How a stream that crosses a bank edge was read on.

    Args:
        edge: File offset of the first edge that it crosses.
        wrapped: Whether it was read on at the beginning of the bank; otherwise what follows in the file was read.
        rule: The rule of the game's decoder; `None` if it is not known.
    """

    edge: int
    wrapped: bool
    rule: EdgeRule | None

    def __str__(self) -> str:
        """Say all of it in words."""
        how = "at the beginning of the bank" if self.wrapped else "in the file"
        rule = "whose rule is not known" if self.rule is None else f"whose rule is {self.rule}"
        return f"crosses the bank edge at {self.edge:#x}, read on {how} by a decoder {rule}"

    def describe(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"crosses": self.edge, "wrapped": self.wrapped, "edge_rule": self.rule}


EdgeRules = ReadOnlyDict[str, EdgeRule | None]
"""The rule of the game's decoder of each codec, by the codec's name. A codec that is missing has no known rule."""


def first_edge(mapping: Mapping, offset: int, size: int) -> int | None:
    """Return the file offset of the first bank edge inside `size` bytes from `offset` on, or `None`."""
    window = mapping.window
    edge = (offset // window + 1) * window if window else offset + size
    return edge if edge < offset + size else None


def crossing(mapping: Mapping, offsets: NDArray[np.uint32], sizes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Return bool[n]: which of these stretches of the file have a bank edge inside."""
    if not mapping.window:
        return np.zeros(len(offsets), np.bool_)
    last = offsets.astype(np.int64) + sizes - 1
    crosses: NDArray[np.bool_] = offsets // mapping.window != last // mapping.window
    return crosses


def is_contiguous(mapping: Mapping, rule: EdgeRule) -> bool:
    """Whether a stream that crosses an edge by this rule is contiguous in the file.

    The next bank begins with the next byte of the file: at $8000 of it in LoROM, at $0000 in the linear banks of HiROM.
    """
    return not mapping.window or rule != "wrap"


Ranges = tuple[tuple[int, int], ...]
"""Stretches of the file in the order in which they are read: first offset and the one just past the last."""


def ranges_of(mapping: Mapping, rule: EdgeRule | None, offset: int, size: int) -> Ranges:
    """Return the stretches of the file that a decoder with this rule reads for `size` bytes from an offset on.

    If the rule is not known, they are those of a decoder that reads on in the file.
    """
    edge = first_edge(mapping, offset, size)
    if rule is None or edge is None or is_contiguous(mapping, rule):
        return ((offset, offset + size),)
    bank = edge - mapping.window
    return (offset, edge), (bank, bank + size - (edge - offset))


def overlap(first: Ranges, second: Ranges) -> bool:
    """Whether any of these stretches share a byte."""
    return any(begin < other_end and other < end for begin, end in first for other, other_end in second)


def search_window(mapping: Mapping, rule: EdgeRule | None) -> int:
    """Return the multiple in bytes that streams do not cross in a search of the file; 0 means no limit.

    Streams that are not contiguous in the file are searched for by themselves, see `seams`.
    """
    return 0 if rule is None or is_contiguous(mapping, rule) else mapping.window


def as_read(rom: NDArray[np.uint8], mapping: Mapping, rule: EdgeRule | None, offset: int) -> NDArray[np.uint8]:
    """Return the bytes that a decoder with this rule reads from a file offset on: uint8, to the end of the image, or
    once around the bank."""
    if rule is None or is_contiguous(mapping, rule):
        return rom[offset:]
    bank = offset // mapping.window * mapping.window
    return np.concatenate([rom[offset : bank + mapping.window], rom[bank:offset]])
