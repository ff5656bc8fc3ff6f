"""One frame of a recording: a snapshot as one array of bytes, and that array packed whole or as what changed."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Final, NamedTuple

import numpy as np
from halscope_hooks import FormatError, PpuRegisters, RasterEffects, RomIdentity, Snapshot, UsageError
from numpy.typing import NDArray

from halscope.formats.memories import CGRAM_BYTES, OAM_BYTES, VRAM_BYTES, WRAM_BYTES

PAGE: Final = 64
MOST_PICTURE_SIDE: Final = 1024
REGISTER_NAMES: Final = tuple(field.name for field in fields(PpuRegisters))
_RASTER: Final[tuple[RasterEffects, ...]] = ("none", "some", "unknown")


class Layout(NamedTuple):
    """What a frame holds; a keyframe and its deltas have the same."""

    wram: bool
    height: int
    width: int
    registers: int

    def size(self) -> int:
        """Bytes of the frame, a multiple of the page."""
        used = VRAM_BYTES + CGRAM_BYTES + OAM_BYTES + 3 * self.registers + 1
        used += (WRAM_BYTES if self.wram else 0) + self.height * self.width * 3
        return -(-used // PAGE) * PAGE


def from_snapshot(snapshot: Snapshot) -> tuple[Layout, NDArray[np.uint8]]:
    """Put a snapshot's arrays and registers into one array. Raises UsageError for a picture that is too large."""
    registers = [getattr(snapshot.ppu, name) for name in REGISTER_NAMES]
    height, width = snapshot.picture.shape[:2] if snapshot.picture is not None else (0, 0)
    if max(height, width) > MOST_PICTURE_SIDE:
        raise UsageError(f"a picture of {width}×{height} pixels is too large for a recording ({MOST_PICTURE_SIDE})")
    layout = Layout(snapshot.wram is not None, height, width, len(registers))
    parts: list[NDArray[Any]] = [
        snapshot.vram,
        snapshot.cgram.astype("<u2", copy=False).view(np.uint8),
        snapshot.oam,
        np.array([value or 0 for value in registers], "<u2").view(np.uint8),
        np.array([value is not None for value in registers], np.uint8),
        np.array([_RASTER.index(snapshot.raster_effects)], np.uint8),
    ]
    if snapshot.wram is not None:
        parts.append(snapshot.wram)
    if snapshot.picture is not None:
        parts.append(snapshot.picture.reshape(-1))
    data = np.zeros(layout.size(), np.uint8)
    np.concatenate(parts, out=data[: sum(map(len, parts))])
    return layout, data


def to_snapshot(
    layout: Layout, data: NDArray[np.uint8], register_names: Sequence[str], frame: int, rom: RomIdentity | None
) -> Snapshot:
    """Return the snapshot; its arrays are read-only views of `data`, so nothing is copied.

    Args:
        layout: What `data` holds.
        data: uint8[layout.size()], read-only.
        register_names: As the recording has them; those that are no register of ours are left out.
        frame: The frame number.
        rom: The recording's ROM.

    Raises:
        FormatError: The raster effects are none of the known.
    """
    at = 0

    def take(size: int) -> NDArray[np.uint8]:
        nonlocal at
        at += size
        return data[at - size : at]

    vram, cgram, oam = take(VRAM_BYTES), take(CGRAM_BYTES).view("<u2"), take(OAM_BYTES)
    values, known, raster = take(2 * layout.registers).view("<u2"), take(layout.registers), int(take(1)[0])
    if raster >= len(_RASTER):
        raise FormatError(f"unknown raster effects {raster}")
    registers = {
        name: int(value)
        for name, value, is_known in zip(register_names, values, known, strict=True)
        if is_known and name in REGISTER_NAMES
    }
    wram = take(WRAM_BYTES) if layout.wram else None
    picture = None
    if layout.height and layout.width:
        picture = take(layout.height * layout.width * 3).reshape(layout.height, layout.width, 3)
    return Snapshot(
        vram=vram,
        cgram=cgram,
        oam=oam,
        ppu=PpuRegisters(**registers),
        frame=frame,
        wram=wram,
        picture=picture,
        rom=rom,
        raster_effects=_RASTER[raster],
    )


def pack(data: NDArray[np.uint8], previous: NDArray[np.uint8] | None) -> bytes:
    """Pack a frame: whole without `previous`, else the pages that differ (empty where none does)."""
    if previous is None:
        return zlib.compress(data, 1)
    difference = (previous.view(np.uint64) ^ data.view(np.uint64)).reshape(-1, PAGE // 8)
    changed = np.bitwise_or.reduce(difference, axis=1) != 0
    if not changed.any():
        return b""
    return zlib.compress(np.packbits(changed).tobytes() + difference[changed].tobytes(), 1)


def unpack(payload: bytes, size: int, previous: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
    """Undo `pack`.

    Returns:
        uint8[size], read-only.

    Raises:
        FormatError: The payload is damaged, or is not a frame of this size.
    """
    if previous is None:
        return np.frombuffer(_inflate(payload, size, size), np.uint8)
    if len(previous) != size:
        raise FormatError("the frame does not continue the one before it")
    if not payload:
        return previous
    pages = size // PAGE
    bitmap_bytes = -(-pages // 8)
    unpacked = _inflate(payload, bitmap_bytes + size)
    changed = np.flatnonzero(np.unpackbits(np.frombuffer(unpacked[:bitmap_bytes], np.uint8), count=pages))
    if len(unpacked) != bitmap_bytes + len(changed) * PAGE:
        raise FormatError("the frame unpacks to another size than it should")
    data = previous.copy()
    data.reshape(-1, PAGE)[changed] ^= np.frombuffer(unpacked, np.uint8, offset=bitmap_bytes).reshape(-1, PAGE)
    data.flags.writeable = False
    return data


def _inflate(payload: bytes, most: int, least: int = 0) -> bytes:
    """Unpack zlib data that may not become larger than `most` bytes, whatever it claims."""
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(payload, most + 1)  # the byte more lets it come to the end of the stream
    except zlib.error as error:
        raise FormatError(f"the frame does not unpack: {error}") from error
    if not unpacker.eof or unpacker.unused_data or not least <= len(data) <= most:
        raise FormatError("the frame unpacks to another size than it should")
    return data
