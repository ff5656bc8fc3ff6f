"""Permissions: what a plugin may do beyond reading, by the names that its manifest requests them with."""

from __future__ import annotations

from typing import Final, Literal, get_args

Permission = Literal["live-writes", "rom-writes", "network"]
"""`live-writes`: change the running game's VRAM, WRAM and CGRAM; `rom-writes`: change the ROM image it runs from;
`network`: open connections."""

PERMISSIONS: Final[tuple[Permission, ...]] = get_args(Permission)
