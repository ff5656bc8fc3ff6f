"""Halscope: see, trace and edit the graphics of a running SNES game."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from halscope_hooks import (
        Frame,
        HalscopeError,
        Origin,
        Patch,
        PpuRegisters,
        Snapshot,
        Sprite,
        Write,
        hookimpl,
    )

    from halscope import hal, lz
    from halscope.ppu import decode_frame
    from halscope.session import Session

__version__ = "0.1.0"

__all__ = [
    "Frame",
    "HalscopeError",
    "Origin",
    "Patch",
    "PpuRegisters",
    "Session",
    "Snapshot",
    "Sprite",
    "Write",
    "__version__",
    "decode_frame",
    "hal",
    "hookimpl",
    "lz",
]

_ROOMS: Final = {"Session": "halscope.session", "decode_frame": "halscope.ppu"}


def __getattr__(name: str) -> object:
    """Import what is named when it is first asked for: pytest looks in here for everyone who has Halscope installed."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in ("hal", "lz"):
        return importlib.import_module(f"halscope.{name}")
    value = getattr(importlib.import_module(_ROOMS.get(name, "halscope_hooks")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
