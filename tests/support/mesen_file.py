"""Writes states as Mesen does, for tests; the layout was read in its `SaveStateManager.cpp` and `Serializer.cpp`."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

import numpy as np
from halscope_hooks import Snapshot
from support.mesen_state import state_of


def values_of(snapshot: Snapshot, *, scanline: int = 225) -> dict[str, bytes]:
    """The values of a machine that shows this snapshot."""
    values = {key.decode(): _number(value) for key, value in state_of(snapshot).items()}
    ppu = snapshot.ppu
    for n in range(4):
        values[f"ppu.maskLogic[{n}]"] = _number((ppu.wbglog or 0) >> 2 * n & 3)
    for n in (4, 5):
        values[f"ppu.maskLogic[{n}]"] = _number((ppu.wobjlog or 0) >> 2 * (n - 4) & 3)
    values["ppu.colorMathPreventMode"] = _number((ppu.cgwsel or 0) >> 4 & 3)
    values["ppu.colorMathClipMode"] = _number((ppu.cgwsel or 0) >> 6 & 3)
    values["ppu.scanline"] = struct.pack("<H", scanline)
    values["ppu.oddFrame"] = bytes([snapshot.field or 0])
    values["ppu.frameCount"] = struct.pack("<I", snapshot.frame)
    values["ppu.vram"] = snapshot.vram.tobytes()
    values["ppu.oamRam"] = snapshot.oam.tobytes()
    values["ppu.cgram"] = snapshot.cgram.astype("<u2").tobytes()
    if snapshot.wram is not None:
        values["memoryManager.workRam"] = snapshot.wram.tobytes()
    if snapshot.iram is not None:
        values["cart.coprocessor.iRam"] = snapshot.iram.tobytes()
    values["cart.saveRam"] = b"" if snapshot.bwram is None else snapshot.bwram.tobytes()
    return values


def build_file(
    values: Mapping[str, bytes],
    *,
    version: int = 4,
    console: int = 0,
    packed: bool = True,
    rom_name: str = "game.sfc",
    screen: np.ndarray[tuple[int, ...], np.dtype[np.uint16]] | None = None,
) -> bytes:
    """A file with these values. The screenshot is uint16[239, 256], RGB555, red lowest."""
    if screen is None:
        screen = np.zeros((239, 256), np.uint16)
    pixels = screen.astype("<u2").tobytes()
    shot = zlib.compress(pixels)
    machine = b"".join(key.encode() + b"\0" + struct.pack("<I", len(one)) + one for key, one in values.items())
    body = zlib.compress(machine, 1)
    return b"".join(
        [
            b"MSS",
            struct.pack("<II", 0x20201, version),
            b"0" * 40 if version <= 3 else b"",
            struct.pack("<I", console),
            struct.pack("<5I", len(pixels), screen.shape[1], screen.shape[0], 100, len(shot)),
            shot,
            struct.pack("<I", len(rom_name)),
            rom_name.encode(),
            b"\1" + struct.pack("<II", len(machine), len(body)) + body if packed else b"\0" + machine,
        ]
    )


def _number(value: object) -> bytes:
    if isinstance(value, bool):
        return bytes([value])
    assert isinstance(value, int)
    return struct.pack("<i", value)
