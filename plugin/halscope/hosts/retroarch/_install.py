"""Installing the tap into RetroArch: its core, its configuration and an .info file like that of the core behind it."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from halscope_hooks import HalscopeError, HostError, UsageError

import halscope._codec as _codec
from halscope._files import read_limited, write_atomic
from halscope.hosts.libretro.cores import find_core
from halscope.hosts.retroarch._folders import INFO_FOLDERS, find_folders

_SUFFIX: Final = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
TAP_NAME: Final = f"halscope_tap_libretro{_SUFFIX}"
"""File name of the tap."""
_CONFIG_NAME: Final = "halscope_tap.cfg"
_MOST_BYTES: Final = 1 << 26
# What RetroArch must know before it saves states, rewinds and runs ahead, where the inner core has no .info of its own.
_FALLBACK: Final = {
    "categories": "Emulator",
    "supported_extensions": "smc|sfc|swc|fig|bs|st",
    "systemname": "Super Nintendo Entertainment System",
    "systemid": "super_nes",
    "savestate": "true",
    "cheats": "true",
    "memory_descriptors": "true",
    "libretro_saves": "true",
    "core_options": "true",
    "database": "Nintendo - Super Nintendo Entertainment System",
    "needs_fullpath": "false",
}


@dataclass(frozen=True, slots=True)
class InstalledTap:
    """What was installed.

    Args:
        core: The tap's file in RetroArch's folder of cores.
        info: Its .info file.
        inner: The core that it opens.
        config: RetroArch's configuration file, which is not changed.
    """

    core: Path
    info: Path
    inner: Path
    config: Path


def tap_library() -> Path:
    """Return the tap's file in this installation. Raises HostError if it was not built."""
    path = Path(_codec.__file__).parent / TAP_NAME
    if not path.is_file():
        raise HostError(f"{path}: is missing; install Halscope again: pip install --force-reinstall halscope")
    return path


def install(inner: Path | str, config: Path | None = None) -> InstalledTap:
    """Put the tap where RetroArch looks for cores. An earlier one is replaced.

    Args:
        inner: The core that the tap opens: its path, or a name such as "snes9x".
        config: RetroArch's configuration file; `None` looks for it in the usual places.

    Raises:
        UsageError: The inner core is a tap itself, or there is no configuration.
        HostError: There is no such core.
        HalscopeError: A folder cannot be written to.
    """
    library = tap_library()
    core = find_core(inner).resolve()
    if core.name == TAP_NAME:
        raise UsageError(f"{core}: is Halscope's tap itself; name the core that it is to open")
    folders = find_folders(config)
    info = _info(core, folders.info)
    target = folders.cores / TAP_NAME
    try:
        for folder in (folders.cores, folders.info):
            folder.mkdir(parents=True, exist_ok=True)
        write_atomic(folders.cores / _CONFIG_NAME, f"inner = {core}\n".encode())
        write_atomic(folders.info / f"{target.stem}.info", info.encode())
        write_atomic(target, read_limited(library, _MOST_BYTES, "library"))
        target.chmod(0o755)
        _refresh(folders.info)
    except (HalscopeError, OSError) as error:
        raise HalscopeError(
            f"{error}; RetroArch's folders are named by libretro_directory and libretro_info_path in {folders.config}: "
            "let them name folders of your own (Settings > Directory), or run this command as their owner"
        ) from error
    return InstalledTap(target, folders.info / f"{target.stem}.info", core, folders.config)


def uninstall(config: Path | None = None) -> list[Path]:
    """Remove what `install` put there. Returns the removed files.

    Raises:
        UsageError: There is no configuration.
        HalscopeError: A file cannot be removed.
    """
    folders = find_folders(config)
    removed = []
    for path in (
        folders.cores / TAP_NAME,
        folders.cores / _CONFIG_NAME,
        folders.info / f"{Path(TAP_NAME).stem}.info",
    ):
        try:
            path.unlink()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise HalscopeError(f"{path}: cannot be removed: {error.strerror or error}") from error
        removed.append(path)
    if removed:
        _refresh(folders.info)
    return removed


def _info(core: Path, folder: Path) -> str:
    """Return the tap's .info: the inner core's with another name, so that RetroArch treats both alike."""
    name = f"{core.stem}.info"
    for place in (folder, core.parent, *map(Path, INFO_FOLDERS)):
        path = place / name
        if path.is_file():
            text = read_limited(path, 1 << 20, "libretro .info file").decode(errors="replace")
            break
    else:
        kind = "serialized" if core.name.startswith("bsnes") else "deterministic"
        values = {"display_name": core.stem, **_FALLBACK, "savestate_features": kind}
        text = "".join(f'{key} = "{value}"\n' for key, value in values.items())
    shown = re.search(r'^display_name\s*=\s*"([^"]*)"', text, re.MULTILINE)
    title = f'display_name = "{shown[1] if shown else core.stem} with Halscope"'
    text = re.sub(r"^display_name\s*=.*\n?", "", text, flags=re.MULTILINE)
    return f"{title}\n{text}"


def _refresh(info: Path) -> None:
    """Have RetroArch read the .info files again: it keeps a cache of them, which this file makes it drop."""
    if (info / "core_info.cache").is_file():
        (info / "core_info.refresh").touch()
