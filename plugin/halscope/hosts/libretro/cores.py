"""Finding a libretro core: by path, by name, or in the usual installation folders."""

from __future__ import annotations

import glob
import importlib.util
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from halscope_hooks import HostError

from halscope._user_folders import retroarch_folders

CORE_VARIABLE: Final = "HALSCOPE_CORE"
"""Environment variable with the path or name of the core to use when none is given."""

KNOWN_CORES: Final = ("snes9x", "bsnes-mercury-performance", "bsnes-mercury-balanced", "bsnes-mercury-accuracy")
"""The supported cores, in order of preference."""

INSTALL_HINT: Final = (
    "install one with: pip install stable-retro   (snes9x), or on Debian: "
    "apt install libretro-bsnes-mercury-performance   (or -balanced, -accuracy)"
)

_SUFFIX: Final = {"win32": "_libretro.dll", "darwin": "_libretro.dylib"}.get(sys.platform, "_libretro.so")
_SYSTEM_PATTERNS: Final = ("/usr/lib/*/libretro", "/usr/lib/libretro", "/usr/local/lib/libretro")


@dataclass(frozen=True, slots=True)
class CoreFile:
    """An installed core.

    Args:
        name: One of `KNOWN_CORES`.
        path: Path of its shared library.
    """

    name: str
    path: Path


def core_name(path: Path) -> str:
    """Return a core's name from its file name: `bsnes_mercury_accuracy_libretro.so` is `bsnes-mercury-accuracy`."""
    return path.name.removesuffix(_SUFFIX).replace("_", "-")


def available_cores() -> list[CoreFile]:
    """Return the installed supported cores, best first; each name once, from the first folder that has it."""
    found: dict[str, CoreFile] = {}
    for core in _installed():
        found.setdefault(core.name, core)
    return sorted(found.values(), key=lambda core: KNOWN_CORES.index(core.name))


def find_core(name_or_path: Path | str | None = None) -> Path:
    """Return the path of a core.

    Args:
        name_or_path: A core's name (`snes9x`) or the path of its file. `None` takes the core named by the environment
            variable HALSCOPE_CORE, or else the best installed core.

    Raises:
        HostError: No such core, or no core at all, was found; the message says what to install.
    """
    wanted = name_or_path if name_or_path is not None else os.environ.get(CORE_VARIABLE) or None
    if wanted is None:
        cores = available_cores()
        if not cores:
            raise HostError(f"no libretro core for the SNES was found; {INSTALL_HINT}")
        return cores[0].path
    path = Path(wanted).expanduser()
    if path.is_file():
        return path
    if isinstance(wanted, str) and os.sep not in wanted:
        for core in _installed():
            if core.name == wanted.replace("_", "-"):
                return core.path
        if not path.exists():
            names = ", ".join(core.name for core in available_cores()) or "none"
            raise HostError(f"no libretro core named {wanted} was found (installed: {names}); {INSTALL_HINT}")
    problem = "is a directory" if path.is_dir() else "no such file"
    raise HostError(
        f"{path}: {problem}; give the path of a libretro core (*{_SUFFIX}) or one of: {', '.join(KNOWN_CORES)}"
    )


def _installed() -> Iterator[CoreFile]:
    """Yield the supported cores, those of the best folder first. A folder is read when its turn comes."""
    for folder in _folders():
        try:
            paths = sorted(path for path in folder.iterdir() if path.name.endswith(_SUFFIX))
        except OSError:  # most of the folders are those of other systems
            continue
        for path in paths:
            if (name := core_name(path)) in KNOWN_CORES:
                yield CoreFile(name, path)


def _folders() -> Iterator[Path]:
    """Yield the folders where cores are installed, best first."""
    wheel = importlib.util.find_spec("stable_retro")  # not imported: that would load OpenGL and more
    if wheel is not None and wheel.submodule_search_locations:
        yield from (Path(location) / "cores" for location in wheel.submodule_search_locations)
    for folder in retroarch_folders():  # the user's come before the system's
        yield folder / "cores"
    for pattern in _SYSTEM_PATTERNS:
        yield from (Path(folder) for folder in sorted(glob.glob(pattern)))  # noqa: PTH207  # seven times as quick
