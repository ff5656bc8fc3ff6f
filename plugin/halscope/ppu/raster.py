"""What HDMA wrote to the PPU while a picture was drawn, from the state at the start of the vblank after it."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Final

import numpy as np
from halscope_hooks import RASTER_DTYPE, CpuRegisters, DmaChannel, RasterEffects, RasterWrites, Snapshot
from numpy.typing import NDArray

import halscope._codec as _codec
from halscope.ppu import registers

_ROW: Final = struct.Struct("<BBHBBH")
_IRQS: Final = 0x30  # of NMITIMEN ($4200): vertical and horizontal
_NO_BYTES: Final = np.empty(0, np.uint8)
_NO_PAGES: Final = np.empty(0, np.int64)


def with_raster(
    snapshot: Snapshot,
    rom: NDArray[np.uint8] | None = None,
    pages: NDArray[np.int64] | None = None,
    *,
    before: RasterWrites | None = None,
) -> Snapshot:
    """Return the snapshot with the writes of HDMA, and with what is known about raster effects.

    It is returned as it is if it has the writes, if its host has answered, or if it has no CPU registers.

    Args:
        snapshot: The state at the start of vblank. HDMA tables in WRAM are read from its `wram`.
        rom: The ROM's headerless image, for tables in the ROM.
        pages: int64[512], the ROM offset mapped into each half bank, or -1 (`halscope.rom.mapping.page_table`).
        before: The writes of an earlier snapshot: if they are equal, the new one gets the same array.
    """
    cpu = snapshot.cpu
    if snapshot.raster is not None or snapshot.raster_effects != "unknown" or cpu is None or cpu.hdmaen is None:
        return snapshot
    raster, complete = _walk(snapshot, cpu, rom, pages)
    if before is not None and raster.tobytes() == before.tobytes():  # numpy compares structured arrays in Python
        raster = before
    effects: RasterEffects = "some" if raster.size else "none"
    if not complete or cpu.nmitimen is None or cpu.nmitimen & _IRQS:
        effects = "unknown"
    return replace(snapshot, raster=raster, raster_effects=effects)


def _walk(
    snapshot: Snapshot, cpu: CpuRegisters, rom: NDArray[np.uint8] | None, pages: NDArray[np.int64] | None
) -> tuple[RasterWrites, bool]:
    """Return the writes, and whether they are all."""
    enabled = cpu.hdmaen or 0
    if not enabled or not cpu.dma:
        return _rows(b""), not enabled
    writes, complete = _codec.snes_walk_hdma(
        b"".join(map(_row, cpu.dma)),
        enabled,
        _NO_BYTES if snapshot.wram is None else snapshot.wram,
        _NO_BYTES if snapshot.bwram is None else snapshot.bwram,
        _NO_BYTES if snapshot.iram is None else snapshot.iram,
        _NO_BYTES if rom is None else rom,
        _NO_PAGES if rom is None or pages is None else pages,
        1 + registers.screen_lines(snapshot.ppu),
        snapshot.ppu.cgadd is not None,
    )
    return _rows(writes), complete


def _row(channel: DmaChannel) -> bytes:
    return _ROW.pack(channel.dmap, channel.bbad, channel.a1t, channel.a1b, channel.dasb, channel.a2a)


def _rows(data: bytes) -> RasterWrites:
    return np.frombuffer(data, RASTER_DTYPE)  # read-only, as bytes are
