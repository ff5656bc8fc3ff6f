"""A ROM with the tiles and the map of a background layer, each packed, and the moment at which the game shows them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from halscope.codecs.hal import HAL
from halscope.inject import Sheet, sheet_from_layer
from halscope.ppu.tiles import TileDepth, encode_tiles
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
from halscope.rom.mapping import Mapping
from halscope_hooks import PpuRegisters, Snapshot
from numpy.typing import NDArray
from support.checksums import fix
from support.edit_rom import draw_tiles
from support.roms import make_rom

TILES_AT, MAP_AT = 0x08123, 0x10001
MAP_BYTE, CHARACTER_BYTE = 0x0000, 0x4000
CGRAM = np.random.default_rng(5).permutation(0x7FFF)[:256].astype(np.uint16) + np.uint16(1)


@dataclass(frozen=True)
class Kind:
    """A layer: its BG mode, number and depth, whether its tiles have 16 by 16 pixels, and whether its map is raw."""

    mode: int
    layer: int
    bpp: TileDepth
    large: bool = False
    raw_map: bool = False

    @property
    def high(self) -> int:
        return 2 if self.large else 1

    @property
    def wide(self) -> int:
        return 2 if self.large or self.mode in (5, 6) else 1


KINDS = {
    "mode 0, BG4": Kind(0, 4, 2, raw_map=True),
    "mode 1, BG1": Kind(1, 1, 4),
    "mode 1, BG2, 16x16": Kind(1, 2, 4, large=True),
    "mode 3, BG1": Kind(3, 1, 8, raw_map=True),
    "mode 5, BG1": Kind(5, 1, 4),
}


@dataclass(frozen=True, eq=False)
class LayerScene:
    """A ROM and the layer that its blocks make."""

    kind: Kind
    rom: Rom
    index: RomIndex

    def snapshot(self, image: bytes | None = None) -> Snapshot:
        """The moment, of the ROM or of a patched one."""
        data = self.rom.data.tobytes() if image is None else image
        vram = np.zeros(0x10000, np.uint8)
        tiles = HAL.decode(data, TILES_AT).data
        vram[CHARACTER_BYTE : CHARACTER_BYTE + len(tiles)] = tiles
        vram[MAP_BYTE : MAP_BYTE + 2048] = np.frombuffer(self.map_bytes(data), np.uint8)
        layer = self.kind.layer
        bgmode = self.kind.mode | (int(self.kind.large) << (3 + layer))
        bases = {"bg12nba": 0x22, "bg34nba": 0x22}
        place_registers = {f"bg{layer}sc": MAP_BYTE >> 9}
        ppu = PpuRegisters(bgmode=bgmode, obsel=0, oamadd=0, setini=0, tm=0x1F, ts=0, **bases, **place_registers)
        return Snapshot(vram=vram, cgram=CGRAM, oam=np.zeros(544, np.uint8), ppu=ppu, frame=1)

    def map_bytes(self, data: bytes) -> bytes:
        """The map in the ROM or in a patched one."""
        return data[MAP_AT : MAP_AT + 2048] if self.kind.raw_map else HAL.decode(data, MAP_AT).data.tobytes()

    def sheet(self, image: bytes | None = None) -> Sheet:
        """The layer's sheet."""
        snapshot = self.snapshot(image)
        origins = self.index.locate_vram(snapshot.vram)
        return sheet_from_layer(snapshot, self.kind.layer, origins, self.rom, [HAL])


def colours_of(sheet: Sheet, pixels: NDArray[np.uint8]) -> NDArray[np.int32]:
    """A picture as colours, BGR555, -1 where it is transparent."""
    flat = sheet.palettes.reshape(-1).astype(np.int32)
    return np.where(pixels.astype(np.int32) % sheet.colours == 0, -1, flat[pixels])


def make_layer_scene(kind: Kind, seed: int = 1) -> LayerScene:
    """A layer of 32 by 32 entries: 20 pictures, three palettes, flips and priority."""
    rng = np.random.default_rng(seed)
    count = 20
    drawn = draw_tiles(count * kind.high * kind.wide, seed) & ((1 << kind.bpp) - 1)
    drawn = np.maximum(drawn, 1)  # a pixel of colour 0 looks alike in every palette
    tiles = np.zeros((256 if kind.high * kind.wide > 1 else count, 8, 8), np.uint8)
    numbers = []
    for picture in range(count):
        number = picture * kind.wide % 16 + picture * kind.wide // 16 * 16 * kind.high
        for part in range(kind.high * kind.wide):
            tiles[number + part % kind.wide + 16 * (part // kind.wide)] = drawn[picture * kind.high * kind.wide + part]
        numbers.append(number)
    words = rng.choice(numbers, 1024)
    words[: len(numbers)] = numbers
    words |= rng.integers(0, 8, 1024) << 13  # priority and flips
    if kind.bpp != 8:
        words |= rng.integers(0, 3, 1024) << 10
    image = make_rom(0x40000, seed=seed)
    tile_block, stored_map = HAL.encode(encode_tiles(tiles, kind.bpp).tobytes()), words.astype("<u2").tobytes()
    stored_map = stored_map if kind.raw_map else HAL.encode(stored_map)
    for at, data in ((TILES_AT, tile_block), (MAP_AT, stored_map)):
        image[at : at + len(data)] = data
        assert len(data) < 0x6000
    rom = Rom.from_bytes(fix(image, Mapping.LOROM.header_offset), "layer.sfc")
    starts = [TILES_AT] if kind.raw_map else [TILES_AT, MAP_AT]
    index = RomIndex.build(rom, [HAL], known_starts={"hal": np.array(starts, np.uint32)})
    return LayerScene(kind, rom, index)
