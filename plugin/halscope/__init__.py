"""Halscope: see, trace and edit the graphics of a running SNES game."""

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

__version__ = "0.1.0"

__all__ = [
    "Frame",
    "HalscopeError",
    "Origin",
    "Patch",
    "PpuRegisters",
    "Snapshot",
    "Sprite",
    "Write",
    "__version__",
    "hookimpl",
]
