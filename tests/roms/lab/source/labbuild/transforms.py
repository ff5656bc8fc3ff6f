"""What happens to tiles on their way to VRAM."""

from __future__ import annotations

# transform: (bytes of a stored tile, bytes of a tile in VRAM, routine in expand.s)
TRANSFORMS = {
    "3bpp-low": (24, 32, "expand_3bpp_low"),
    "3bpp-high": (24, 32, "expand_3bpp_high"),
}

# Those that need no code: where in VRAM's words the bytes go.
SENDERS = {"mode7": "send_mode7", "mode7-map": "send_mode7_map"}
