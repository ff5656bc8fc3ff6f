"""Writes states as ZSNES does, for tests: each register as the variables that ZSNES makes of it."""

from __future__ import annotations

import struct
from typing import Final

from halscope_hooks import PpuRegisters, Snapshot

HEAD: Final = {"V143": b"ZSNES Save State File V143\x1a\x8f", "V0.6": b"ZSNES Save State File V0.6\x1a\x3c"}
_SIZES: Final = {"small": (1, 1, 1, 4, 4, 16, 8, 8), "large": (4, 16, 64, 16, 64, 64, 32, 16)}


def build_state(snapshot: Snapshot, *, version: str = "V143") -> bytes:
    """A state that shows this snapshot, with sound memory behind VRAM."""
    raw = {name: getattr(snapshot.ppu, name) or 0 for name in PpuRegisters.__slots__}
    data = bytearray(3019)

    def put(at: int, pattern: str, *values: int) -> None:
        struct.pack_into("<" + pattern, data, at, *values)

    put(6, "BBB", raw["inidisp"] & 15, 0, raw["inidisp"] & 0x80)
    base = (raw["obsel"] & 3) << 14
    second = base + ((raw["obsel"] & 0x18) << 10) & 0xFFFF
    size = raw["obsel"] >> 5
    put(9, "IIBB", base, second, _SIZES["small"][size], _SIZES["large"][size])
    put(30, "BBB", raw["bgmode"] & 7, raw["bgmode"] >> 3 & 1, raw["bgmode"] >> 4)
    put(33, "BB", raw["mosaic"] & 15, raw["mosaic"] >> 4)
    for n in range(4):
        sc, nba = raw[f"bg{n + 1}sc"], raw["bg12nba" if n < 2 else "bg34nba"] >> n % 2 * 4
        put(35 + 2 * n, "H", (sc >> 2) << 11 & 0xFFFF)
        put(67 + n, "B", sc & 3)
        put(71 + 2 * n, "H", nba << 13 & 0xFFFF)
        put(79 + 2 * n, "H", raw[f"bg{n + 1}hofs"])
        put(89 + 2 * n, "H", raw[f"bg{n + 1}vofs"])
    put(108, "BB", raw["tm"], raw["ts"])
    put(111, "H", 239 if raw["setini"] & 4 else 224)
    put(127, "4B", *(raw[f"wh{n}"] for n in range(4)))
    for n, name in enumerate(("w12sel", "w34sel", "wobjsel")):
        put(131 + 2 * n, "BB", raw[name] & 15, raw[name] >> 4)
    put(137, "5B", *(raw[name] for name in ("wbglog", "wobjlog", "tmw", "tsw", "m7sel")))
    put(142, "6H", *(raw[f"m7{letter}"] for letter in "abcdxy"))
    put(450, "3B", *(raw["coldata"] >> 5 * n & 31 for n in range(3)))
    put(454, "BB", raw["cgwsel"], raw["cgadsub"])
    put(2526, "B", raw["setini"] & 0x43)
    data[464 : 464 + 544] = snapshot.oam.tobytes()
    data[1488 : 1488 + 512] = snapshot.cgram.astype("<u2").tobytes()
    assert snapshot.wram is not None
    cpu = bytes(72 - len(HEAD[version]))
    return HEAD[version] + cpu + bytes(data) + snapshot.wram.tobytes() + snapshot.vram.tobytes() + bytes(0x10000)
