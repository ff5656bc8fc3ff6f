"""Wraps states as RetroArch does, for tests."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable


def rastate(state: bytes, *, before: tuple[tuple[bytes, bytes], ...] = ()) -> bytes:
    """The state in a RASTATE container, behind other blocks (name, data)."""

    def block(name: bytes, data: bytes) -> bytes:
        return name + struct.pack("<I", len(data)) + data + bytes(-len(data) % 8)

    blocks = [*before, (b"MEM ", state), (b"END ", b"")]
    return b"RASTATE\x01" + b"".join(block(name, data) for name, data in blocks)


def rzip(
    data: bytes, *, chunk: int = 128 << 10, version: int = 1, pack: Callable[[bytes], bytes] = zlib.compress
) -> bytes:
    """The data compressed chunk by chunk."""
    out = b"#RZIPv" + bytes([version]) + b"#" + struct.pack("<IQ", chunk, len(data))
    for at in range(0, len(data), chunk):
        packed = pack(data[at : at + chunk])
        out += struct.pack("<I", len(packed)) + packed
    return out
