"""Where RetroArch keeps its configuration, its cores and their .info files."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from halscope_hooks import UsageError

from halscope._files import read_limited

_MOST_CONFIG_BYTES: Final = 1 << 20
# The places of a package from the distribution or the site, of Flatpak, of Snap, of macOS and of Windows.
_CONFIGS: Final = (
    "~/.config/retroarch/retroarch.cfg",
    "~/.var/app/org.libretro.RetroArch/config/retroarch/retroarch.cfg",
    "~/snap/retroarch/current/.config/retroarch/retroarch.cfg",
    "~/Library/Application Support/RetroArch/config/retroarch.cfg",
    "~/AppData/Roaming/RetroArch/retroarch.cfg",
)
INFO_FOLDERS: Final = ("/usr/share/libretro/info",)
"""Where packages of a distribution put .info files."""


@dataclass(frozen=True, slots=True)
class RetroArchFolders:
    """Folders of one RetroArch.

    Args:
        config: Its configuration file.
        cores: Where it looks for cores.
        info: Where it looks for their .info files.
    """

    config: Path
    cores: Path
    info: Path


def find_folders(config: Path | None = None) -> RetroArchFolders:
    """Return the folders that a configuration names.

    Args:
        config: RetroArch's configuration file, or `None` to look for it in the usual places.

    Raises:
        UsageError: There is none, or it cannot be read.
    """
    path = _usual_config() if config is None else config.expanduser()
    text = read_limited(path, _MOST_CONFIG_BYTES, "RetroArch configuration").decode(errors="replace")
    values = dict(re.findall(r'^\s*(\w+)\s*=\s*"?([^"\n]*?)"?\s*$', text, re.MULTILINE))
    beside = path.absolute().parent
    cores = _folder(values.get("libretro_directory", ""), beside) or beside / "cores"
    # Without a folder of their own, RetroArch looks for .info files beside the cores.
    return RetroArchFolders(path, cores, _folder(values.get("libretro_info_path", ""), beside) or cores)


def _usual_config() -> Path:
    places = [Path(place).expanduser() for place in _CONFIGS]
    if sys.platform == "linux" and (home := os.environ.get("XDG_CONFIG_HOME")):
        places.insert(0, Path(home) / "retroarch" / "retroarch.cfg")
    for place in places:
        if place.is_file():
            return place
    raise UsageError(
        "no configuration of RetroArch was found; start RetroArch once, or name its file with --config retroarch.cfg"
    )


def _folder(value: str, beside: Path) -> Path | None:
    """Return a folder as RetroArch understands it: `~` is the home folder, `:` the one of the program's data."""
    if value in ("", "default"):
        return None
    if value.startswith(":"):
        return beside / value[1:].lstrip("/\\")
    return Path(value).expanduser()
