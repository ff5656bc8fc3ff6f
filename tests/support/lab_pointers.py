"""The addresses that the pointers of the lab's truth file hold."""

from __future__ import annotations

from typing import Any

SIZES = {"address24": 3, "address32": 4, "address16": 2, "low": 1, "high": 1, "bank": 1, "bank16": 2}
"""Bytes of each part of a pointer."""


def address(pointer: dict[str, Any], image: bytes) -> tuple[int | None, int]:
    """Put a pointer's parts together: the bank, or None if no part holds it, and the address in the bank."""
    low, bank = 0, None
    for part in pointer["parts"]:
        at, size = part["offset"], part["size"]
        assert size == SIZES[part["part"]]
        mask: int = part.get("mask", 0xFFFFFFFF)
        value = int.from_bytes(image[at : at + size], "little") & mask
        match part["part"]:
            case "address24" | "address32":
                low, bank = value & 0xFFFF, value >> 16
            case "high":
                low |= value << 8
            case "bank" | "bank16":
                bank = value
            case _:
                low |= value
    return bank, low
