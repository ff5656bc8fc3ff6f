"""Access to the PPU registers, of which a host may know only some."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Final

from halscope_hooks import PpuRegisters, Snapshot

import halscope._codec as _codec

_all_values: Final = attrgetter(*_codec.snes_register_names())


def unknown(ppu: PpuRegisters, *names: str) -> tuple[str, ...]:
    """Return those of the registers that the host does not know."""
    return tuple(name for name in names if getattr(ppu, name) is None)


def not_known(names: Sequence[str]) -> str:
    """Return the message of an error about registers that are not known."""
    return (
        f"PPU registers {', '.join(name.upper() for name in names)} are not known here: use a host or a savestate that "
        "has them"
    )


def known(value: int | None) -> int:
    """Return the value, or 0 if unknown. Use only where the caller reports it, or where 0 makes no difference."""
    return 0 if value is None else value


def values(ppu: PpuRegisters) -> tuple[int | None, ...]:
    """Return all registers in the order in which the native code takes them."""
    everything: tuple[int | None, ...] = _all_values(ppu)
    return everything


def raster_bytes(snapshot: Snapshot) -> bytes | None:
    """Return the raster writes as the native code takes them, `None` if there are none."""
    raster = snapshot.raster
    return None if raster is None or not len(raster) else raster.tobytes()


def row_changes(snapshot: Snapshot) -> bytes:
    """Return what HDMA changes from row to row of the picture, as little-endian uint16 words: row, what, value.

    `what` is a colour of CGRAM, or 256 and the number of a register as `PpuRegisters` counts them. Row 0 has what
    differs there from the snapshot, which holds what the last row left. It is empty where HDMA changes nothing.
    """
    raster = raster_bytes(snapshot)
    if raster is None:
        return b""
    return _codec.snes_row_changes(snapshot.cgram, values(snapshot.ppu), raster, screen_lines(snapshot.ppu))


def half_height(ppu: PpuRegisters) -> bool:
    """Whether each field shows every second row of a sprite (SETINI, $2133, bit 1); unknown counts as not."""
    return bool(known(ppu.setini) & 0x02)


def screen_lines(ppu: PpuRegisters) -> int:
    """Return the lines of a field: 239 with overscan (SETINI, $2133, bit 2), otherwise or if unknown 224."""
    return 239 if known(ppu.setini) & 0x04 else 224
