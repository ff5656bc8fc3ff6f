"""A layer's map is read as the console draws it: any mode, size and place, large tiles, flips, palettes."""

from __future__ import annotations

import numpy as np
import pytest
from halscope import PpuRegisters, Snapshot, decode_frame
from halscope.ppu.tilemap import tile_map
from halscope.ppu.tiles import DEPTHS, decode_tiles, encode_tiles
from numpy.typing import NDArray

LAYERS = {0: (1, 2, 3, 4), 1: (1, 3), 3: (1, 2), 5: (1, 2), 7: (1,)}
CASES = [(mode, layer, large) for mode, layers in LAYERS.items() for layer in layers for large in (False, True)]
CASES.remove((7, 1, True))  # its tiles have one size
MODE_7 = {"m7a": 256, "m7b": 0, "m7c": 0, "m7d": 256, "m7x": 0, "m7y": 0, "m7sel": 0}


def picture(snapshot: Snapshot, layer: int) -> NDArray[np.int64]:
    """The whole map as indices into CGRAM, -1 where it is transparent, tile by tile."""
    layout = tile_map(snapshot, layer)
    width, height = layout.size
    shown = np.full((height, width), -1, np.int64)
    for tile in layout.tiles():
        data = snapshot.vram[np.arange(tile.vram_byte, tile.vram_byte + layout.tile_bytes) % 0x10000]
        if layout.depth == "mode7":
            data = encode_tiles(data[1::2].reshape(1, 8, 8), 8).reshape(-1)
        pixels = decode_tiles(data.tobytes(), next(depth for depth in DEPTHS if depth == layout.bpp))[0]
        pixels = pixels[:: -1 if tile.vflip else 1, :: -1 if tile.hflip else 1].astype(np.int64)
        first = layout.first_colour + (tile.palette << layout.bpp)
        shown[tile.y : tile.y + 8, tile.x : tile.x + 8] = np.where(pixels > 0, pixels + first, -1)
    return shown


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "layer", "large"), CASES)
def test_the_map_is_what_the_layer_draws(mode: int, layer: int, large: bool) -> None:
    rng = np.random.default_rng(16 * mode + 2 * layer + large)
    for size in (3,) if large else range(4):
        hofs, vofs = (int(offset) for offset in rng.integers(0, 1024, 2))
        registers = {
            f"bg{layer}sc": int(rng.integers(0, 64)) << 2 | size,
            f"bg{layer}hofs": hofs,
            f"bg{layer}vofs": vofs,
            "bg12nba": int(rng.integers(0, 256)) & 0x77,
            "bg34nba": int(rng.integers(0, 256)) & 0x77,
        }
        seven = MODE_7 | {"m7hofs": hofs, "m7vofs": vofs}
        ppu = PpuRegisters(bgmode=mode | large << (3 + layer), mosaic=0, setini=0, cgwsel=0, **registers, **seven)
        snapshot = Snapshot(
            vram=rng.integers(0, 256, 0x10000, np.uint8),
            cgram=np.zeros(256, np.uint16),
            oam=np.zeros(544, np.uint8),
            ppu=ppu,
        )
        (drawn,) = [one for one in decode_frame(snapshot, layers=True).layers if one.index == layer]
        shown = picture(snapshot, layer)
        wide = drawn.colours.shape[1] // 256
        rows = (np.arange(224) + vofs + 1) % shown.shape[0]
        columns = (np.arange(256 * wide) + hofs * wide) % shown.shape[1]
        wanted = np.where(drawn.opaque, drawn.colours.astype(np.int64), -1)
        np.testing.assert_array_equal(shown[rows][:, columns], wanted)
        if mode == 7:
            break  # the map of mode 7 has one size and one place
