"""RetroArch and other libretro frontends, by the tap core: finding them, attaching, and installing the tap."""

from __future__ import annotations

from halscope.hosts.retroarch.host import RetroArchHost

__all__ = ["RetroArchHost"]
