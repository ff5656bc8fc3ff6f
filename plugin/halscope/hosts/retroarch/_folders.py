"""Where RetroArch keeps its configuration, its cores and their .info files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from halscope_hooks import UsageError

from halscope._files import read_limited
from halscope._user_folders import retroarch_folders

_MOST_CONFIG_BYTES: Final = 1 << 20
# On macOS the configuration stands in a folder of its own beside the cores.
_CONFIGS: Final = ("retroarch.cfg", "config/retroarch.cfg")
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
    for folder in retroarch_folders():
        for name in _CONFIGS:
            if (place := folder / name).is_file():
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
