"""Halscope: see, trace and edit the graphics of a running SNES game.

The public API of the package: open a host, open the ROM as a workspace, attach a session, read its events.
Names are imported on first use, so importing this package costs nothing.
"""

# No import here runs at the start of the command, not even `__future__`: until `halscope._start` has run, Ctrl-C prints
# a traceback.
TYPE_CHECKING = False  # importing `typing` would cost more than the rest of this module
if TYPE_CHECKING:
    from halscope_hooks import (
        Attached,
        CgramOrigins,
        Changes,
        ColourRun,
        Detached,
        Event,
        Frame,
        HalscopeError,
        Host,
        HostChanged,
        HostInfo,
        JobFailed,
        JobProgress,
        Origin,
        Patch,
        PatchReady,
        PpuRegisters,
        Snapshot,
        Sprite,
        Touched,
        Update,
        VramOrigins,
        Write,
        hookimpl,
    )

    from halscope import hal, lz
    from halscope._version import __version__
    from halscope.app import Workspace, changed_sprites, open_host
    from halscope.plugins import Plugins
    from halscope.ppu import Differences, compare_snapshots, decode_frame
    from halscope.project import Project
    from halscope.session import Session

__all__ = [
    "Attached",
    "CgramOrigins",
    "Changes",
    "ColourRun",
    "Detached",
    "Differences",
    "Event",
    "Frame",
    "HalscopeError",
    "Host",
    "HostChanged",
    "HostInfo",
    "JobFailed",
    "JobProgress",
    "Origin",
    "Patch",
    "PatchReady",
    "Plugins",
    "PpuRegisters",
    "Project",
    "Session",
    "Snapshot",
    "Sprite",
    "Touched",
    "Update",
    "VramOrigins",
    "Workspace",
    "Write",
    "__version__",
    "changed_sprites",
    "compare_snapshots",
    "decode_frame",
    "hal",
    "hookimpl",
    "lz",
    "open_host",
]

_ROOMS = {
    "Differences": "halscope.ppu",
    "compare_snapshots": "halscope.ppu",
    "Plugins": "halscope.plugins",
    "Project": "halscope.project",
    "Session": "halscope.session",
    "Workspace": "halscope.app",
    "__version__": "halscope._version",
    "changed_sprites": "halscope.app",
    "decode_frame": "halscope.ppu",
    "open_host": "halscope.app",
}
_MODULES = ("hal", "lz")


def __getattr__(name: str) -> object:
    """Import `name` on first use. pytest imports this package in every environment that has Halscope installed."""
    from importlib import import_module

    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in _MODULES:
        return import_module(f"halscope.{name}")
    value = getattr(import_module(_ROOMS.get(name, "halscope_hooks")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
