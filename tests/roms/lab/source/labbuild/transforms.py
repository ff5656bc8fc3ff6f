"""What happens to tiles on their way to VRAM."""

from __future__ import annotations

# transform: (bytes of a stored tile, bytes of a tile in VRAM, routine in expand.s)
TRANSFORMS = {
    "3bpp-low": (24, 32, "expand_3bpp_low"),
    "3bpp-high": (24, 32, "expand_3bpp_high"),
    "2bpp": (16, 32, "expand_2bpp"),
    "1bpp": (8, 16, "expand_1bpp"),
    "1bpp-colour3": (8, 16, "expand_1bpp_colour3"),
    "1bpp-4bpp": (8, 32, "expand_1bpp_4bpp"),
    "1bpp-4bpp-colour15": (8, 32, "expand_1bpp_4bpp_colour15"),
}

# Those that need no code: where in VRAM's words the bytes go.
SENDERS = {"mode7": "send_mode7", "mode7-map": "send_mode7_map"}
