"""What a plugin may be allowed to do beside looking, and the names that a manifest asks for it by."""

from __future__ import annotations

from typing import Final, Literal, get_args

Permission = Literal["live-writes", "rom-writes", "network"]
"""`live-writes`: change VRAM, WRAM and CGRAM of the running game; `rom-writes`: change the ROM image that it runs from;
`network`: open connections."""

PERMISSIONS: Final[tuple[Permission, ...]] = get_args(Permission)
