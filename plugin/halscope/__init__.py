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

from halscope import hal
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
]
