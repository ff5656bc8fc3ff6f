"""The libretro host: runs snes9x or bsnes-mercury in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halscope_hooks import HostError

from halscope.hosts.libretro.cores import CORE_VARIABLE, INSTALL_HINT, KNOWN_CORES, CoreFile, available_cores, find_core

if TYPE_CHECKING:
    from halscope.hosts.libretro.host import LibretroHost

__all__ = [
    "CORE_VARIABLE",
    "INSTALL_HINT",
    "KNOWN_CORES",
    "CoreFile",
    "LibretroHost",
    "available_cores",
    "check_installed",
    "find_core",
]


def check_installed() -> None:
    """Raise HostError, which says what to install, where the optional dependency libretro.py is missing."""
    __getattr__("LibretroHost")


def __getattr__(name: str) -> object:
    """Import `LibretroHost` on first use, as libretro.py is an optional dependency."""
    if name != "LibretroHost":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from halscope.hosts.libretro.host import LibretroHost
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "libretro":
            raise
        raise HostError(
            "running a core needs libretro.py; install it with: pip install 'halscope[emulator]'"
        ) from error
    return LibretroHost
