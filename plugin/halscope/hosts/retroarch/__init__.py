"""RetroArch and other libretro frontends, by the tap core: finding them, attaching, and installing the tap."""

from __future__ import annotations

from halscope_hooks import FoundEmulator, Host, HostRequest

from halscope.hosts.retroarch._discovery import SETUP, find_taps, open_tap
from halscope.hosts.retroarch._folders import find_folders
from halscope.hosts.retroarch._install import TAP_NAME, InstalledTap, install, tap_library, uninstall
from halscope.hosts.retroarch.host import RetroArchHost

__all__ = [
    "TAP_NAME",
    "InstalledTap",
    "RetroArchHost",
    "find_folders",
    "find_request",
    "find_taps",
    "install",
    "open_request",
    "open_tap",
    "setup",
    "tap_library",
    "uninstall",
]


def setup() -> str:
    """Return what the user does so that an emulator can be attached to."""
    return SETUP


def open_request(request: HostRequest) -> Host:
    """Attach to what a request names. Raises UsageError or HostError."""
    return open_tap(request.address)


def find_request(request: HostRequest) -> list[FoundEmulator]:
    """Return what can be reached of what a request names. Raises UsageError or HostError."""
    return find_taps(request.address)
