"""Background layers of any BG mode as values, with everything that each depends on."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Final, NamedTuple

import numpy as np
from halscope_hooks import Layer, PpuRegisters, Snapshot
from numpy.typing import NDArray

import halscope._codec as _codec
from halscope.ppu import registers

_EVERY_LAYER: Final = ("bgmode", "mosaic", "setini")
_PLACE: Final = tuple((f"bg{layer}sc", f"bg{layer}hofs", f"bg{layer}vofs") for layer in range(1, 5))
_CHARACTERS: Final = ("bg12nba", "bg12nba", "bg34nba", "bg34nba")
_MODE_7: Final = ("m7sel", "m7a", "m7b", "m7c", "m7d", "m7x", "m7y", "m7hofs", "m7vofs")


class DrawnLayer(NamedTuple):
    """A layer and everything that it depends on. It stays valid while none of that changes.

    Args:
        layer: The layer; its arrays are read-only.
        depends: Its registers and, with raster writes, those.
        tiles: bool[2048], the 32-byte units of VRAM that were read for it.
    """

    layer: Layer
    depends: Hashable
    tiles: NDArray[np.bool_]


def draw_layers(
    snapshot: Snapshot, kept: Mapping[int, DrawnLayer] | None = None
) -> tuple[dict[int, DrawnLayer], tuple[str, ...]]:
    """Draw all layers of the BG mode, whether they are displayed or not, each row with the registers of its line.

    Args:
        snapshot: VRAM, the registers and the raster writes.
        kept: Layers whose VRAM has not changed since they were drawn. They are reused if their registers are the same.

    Returns:
        (the layers by number, 1 to 4; for each layer that could not be drawn, the register that is not known).
    """
    ppu = snapshot.ppu
    drawn: dict[int, DrawnLayer] = {}
    unknown: list[str] = []
    missing = registers.unknown(ppu, "bgmode") or (
        registers.unknown(ppu, "setini") if registers.known(ppu.bgmode) & 7 == 7 else ()
    )
    if missing:
        return drawn, (f"the background layers: {registers.not_known(missing)}",)
    raster = registers.raster_bytes(snapshot)
    for index in range(1, 5) if raster is not None else range(1, _layer_count(ppu) + 1):
        depends = (ppu, raster) if raster is not None else _depends(ppu, index)
        before = None if kept is None else kept.get(index)
        if before is not None and before.depends == depends:
            drawn[index] = before
            continue
        bpp, colours, opaque, priority, tiles, missing = _codec.snes_layer(
            snapshot.vram, snapshot.cgram, snapshot.oam, index - 1, registers.values(ppu), raster
        )
        if missing:
            unknown.append(f"BG{index}: {registers.not_known(missing)}")
        elif bpp:
            layer = Layer(index=index, bpp=bpp, colours=colours, opaque=opaque, priority=priority)
            drawn[index] = DrawnLayer(layer, depends, tiles)
    return drawn, tuple(unknown)


def _layer_count(ppu: PpuRegisters) -> int:
    mode = registers.known(ppu.bgmode) & 7
    if mode == 7:
        return 2 if registers.known(ppu.setini) & 0x40 else 1  # BG2 with EXTBG
    return sum(bpp != 0 for bpp in _codec.snes_layer_depths()[mode])


def _depends(ppu: PpuRegisters, index: int) -> tuple[int | None, ...]:
    """Return the values of everything but VRAM that the layer's pixels depend on."""
    mode = registers.known(ppu.bgmode) & 7
    names: tuple[str, ...] = _MODE_7 if mode == 7 else (_CHARACTERS[index - 1], *_PLACE[index - 1])
    if mode in (2, 4, 6):  # columns with a scroll of their own, from BG3's map
        names = (*names, *_PLACE[2])
    return tuple(getattr(ppu, name) for name in (*_EVERY_LAYER, *names))
