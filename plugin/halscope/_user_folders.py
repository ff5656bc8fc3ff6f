"""Where the user's programs keep their files: RetroArch by each way to install it, and the folder that Mesen shares."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

# A package of the distribution or the site, of Flatpak and of Snap.
_RETROARCH: Final = (
    "~/.config/retroarch",
    "~/.var/app/org.libretro.RetroArch/config/retroarch",
    "~/snap/retroarch/current/.config/retroarch",
    "~/Library/Application Support/RetroArch",
    "~/AppData/Roaming/RetroArch",
)
# The folders that the installers for Windows propose, on the drive of the system.
_INSTALLER: Final = ("RetroArch-Win64", "RetroArch-Win32", "RetroArch")
_STEAM: Final = (
    "~/.local/share/Steam",
    "~/.steam/steam",
    "~/.var/app/com.valvesoftware.Steam/.local/share/Steam",
    "~/snap/steam/common/.local/share/Steam",
    "~/Library/Application Support/Steam",
)
_MOST_STEAM_BYTES: Final = 1 << 20


def retroarch_folders() -> Iterator[Path]:
    """Yield the folders in which a RetroArch may keep its configuration and cores, the likeliest first.

    They are those of all systems: a folder of another one is not there. Environment variables say where they begin:
    XDG_CONFIG_HOME; on Windows APPDATA, SystemDrive, ProgramFiles(x86), and PATH for a RetroArch without an installer.
    """
    for variable, name in (("XDG_CONFIG_HOME", "retroarch"), ("APPDATA", "RetroArch")):
        if folder := os.environ.get(variable):
            yield Path(folder) / name
    for place in _RETROARCH:
        yield Path(place).expanduser()
    if drive := os.environ.get("SystemDrive"):  # noqa: SIM112  # Windows spells it so
        for name in _INSTALLER:
            yield Path(drive + os.sep) / name
    for library in _steam_libraries():
        yield library / "steamapps" / "common" / "RetroArch"
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if folder and (Path(folder) / "retroarch.exe").is_file():
            yield Path(folder)


def mesen_folder() -> Path:
    """Return the folder in which a Mesen's script finds Halscope."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", "")) / "halscope" / "mesen"
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "halscope" / "mesen"


def _steam_libraries() -> Iterator[Path]:
    """Yield the folders in which Steam installs games: its own, and those on other drives that it lists."""
    places = [Path(place).expanduser() for place in _STEAM]
    if programs := os.environ.get("ProgramFiles(x86)"):  # noqa: SIM112  # Windows spells it so
        places.append(Path(programs) / "Steam")
    for steam in places:
        yield steam
        try:
            with (steam / "steamapps" / "libraryfolders.vdf").open("rb") as listed:
                text = listed.read(_MOST_STEAM_BYTES).decode(errors="replace")
        except OSError:
            continue
        for path in re.findall(r'"path"\s+"([^"\n]+)"', text):
            if "\0" not in path:
                yield Path(path.replace("\\\\", "\\"))
