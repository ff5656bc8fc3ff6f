"""RetroArch and other libretro frontends, by the tap core: finding them, attaching, and installing the tap."""

from __future__ import annotations

from halscope.hosts.retroarch._discovery import SETUP, find_taps, open_tap
from halscope.hosts.retroarch._install import TAP_NAME, InstalledTap, install, tap_library, uninstall
from halscope.hosts.retroarch.host import RetroArchHost

__all__ = [
    "SETUP",
    "TAP_NAME",
    "InstalledTap",
    "RetroArchHost",
    "find_taps",
    "install",
    "open_tap",
    "tap_library",
    "uninstall",
]
