"""The console's controller ports and a pad's buttons."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from halscope_hooks import HostError

BUTTONS: Final = ("b", "y", "select", "start", "up", "down", "left", "right", "a", "x", "l", "r")
"""Names of a pad's buttons, in the order of libretro's joypad ids."""

PORTS: Final = 2
"""Controller ports of the console."""


def check_pad(buttons: Collection[str], port: int) -> None:
    """Raise HostError for an unknown button or port."""
    unknown = sorted(set(buttons) - set(BUTTONS))
    if unknown:
        raise HostError(f"{', '.join(unknown)}: no such button; the pad has {', '.join(BUTTONS)}")
    if not 0 <= port < PORTS:
        raise HostError(f"no controller port {port}; the console has 0 and 1")


def mask_of(buttons: Collection[str]) -> int:
    """Return the buttons as bits: bit n is libretro's joypad id n."""
    return sum(1 << BUTTONS.index(button) for button in set(buttons))
