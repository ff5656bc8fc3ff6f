"""Turn the art into unpacked blocks: sheets, fonts, tile sets, maps and palettes."""

import numpy as np
from art import PALETTES, Background, SpriteSheet, backgrounds, fonts, sprite_sheets
from numpy.lib.stride_tricks import sliding_window_view

from demobuild.graphics import Pixels, bgr555, carve, planar, punch, sheet_tiles, tile_background
from demobuild.model import Block, Scene

RAW_SHEET = "boss"
FIRST_BG_SLOT, BG_SLOTS = 2, 6  # CGRAM palettes 0 and 1 are for text

# Bytes before the tiles: frame count, vblanks per frame, frame width and height in tiles, then the sheet's name.
LEADS = {
    "owl": 1,
    "beetle": 1,
    "star": 1,
    "frog": 3,
    "bat": 3,
    "coin": 3,
    "pip_jump": 3,
    "ghost": 15,
    "mushroom": 15,
    "pip_sleep": 15,
    "jelly": 18,
    "explosion": 18,
    "pip_cheer": 18,
    "snail": 7,
    "fish": 2,
    "leaf": 4,
}
# Number of collision boxes (left, top, right, bottom, kind) after the tiles.
TAILS = {"bird": 5, "heart": 11, "slime": 7, "lantern": 1, "bomb": 10, "crab": 20, "pip_idle": 9}
# Sheets whose tiles are in the order of the whole sheet, not frame by frame, so that one DMA can send them to VRAM.
STRIPS = {"owl", "frog", "ghost", "mushroom", "bird", "heart", "logo", "leaf"}
TICKS = {"coin": 6, "bat": 5, "star": 7, "bird": 6, "explosion": 5, "frog": 9, "ghost": 10, "jelly": 9, "owl": 12}


def header(sheet: SpriteSheet, frames: int, ticks: int, size: int) -> bytes:
    """Return the header bytes of a block."""
    full = bytes([frames, ticks, sheet.frame_width // 8, sheet.frame_height // 8]) + sheet.name.encode().ljust(14)
    return full[:size]


def boxes(sheet: SpriteSheet, size: int) -> bytes:
    """Return the collision boxes that follow a sheet's tiles."""
    wide, high = sheet.frame_width, sheet.frame_height
    return bytes(value for n in range(4) for value in (2 + n, 2 + n, wide - 3, high - 3, n + 1))[:size]


def sprite_block(sheet: SpriteSheet) -> Block:
    """Return a sheet as a block, with its header and boxes."""
    layout = "strip" if sheet.name in STRIPS else "frames"
    tiles = [planar(tile, 4) for tile in sheet_tiles(sheet.pixels, sheet.frame_width, layout)]
    frames = sheet.pixels.shape[1] // sheet.frame_width
    ticks, lead = TICKS.get(sheet.name, 8), LEADS.get(sheet.name, 0)
    return Block(
        sheet.name,
        "sprites",
        header(sheet, frames, ticks, lead) + b"".join(tiles) + boxes(sheet, TAILS.get(sheet.name, 0)),
        lead,
        frames,
        len(tiles) * 32 // frames,
        sheet.frame_width,
        sheet.frame_height,
        ticks,
        layout,
        sheet.palette,
    )


def raw_sheet() -> tuple[bytes, int]:
    """Return the boss: its frames' tiles row by row, and the number of frames."""
    sheet = next(sheet for sheet in sprite_sheets() if sheet.name == RAW_SHEET)
    tiles = sheet_tiles(sheet.pixels, sheet.frame_width, "frames")
    return b"".join(planar(tile, 4) for tile in tiles), sheet.pixels.shape[1] // sheet.frame_width


def font_block() -> Block:
    """The font, 2bpp."""
    font = fonts()[0]
    tiles = sheet_tiles(font.pixels, font.pixels.shape[1], "strip")
    return Block("font", "font", b"".join(planar(tile, 2) for tile in tiles))


class SceneGraphics:
    """A scene's backgrounds and colours."""

    def __init__(self, scene: Scene) -> None:
        self.name = name = scene.name
        self.hole = scene.hole
        both = {background.name: background for background in backgrounds()}
        self.front: Background = both[f"{name}_front"]
        self.back: Background = both[f"{name}_back"]
        self.names = list(dict.fromkeys([*self.front.palettes, *self.back.palettes]))
        if len(self.names) > BG_SLOTS:
            raise ValueError(f"scene {name}: {len(self.names)} BG palettes, {BG_SLOTS} at most")

    def _punched(self) -> Pixels:
        """The back layer with its holes."""
        if self.hole is None:
            return self.back.pixels
        if self.hole.mouths:
            return carve(self.back.pixels, self.hole.mouths)
        number = self.back.palettes.index(self.hole.palette)
        return punch(self.back.pixels, [number << 4 | index for index in self.hole.indices])

    def _slots(self, background: Background) -> dict[int, int]:
        return {number: FIRST_BG_SLOT + self.names.index(name) for number, name in enumerate(background.palettes)}

    def blocks(self) -> list[Block]:
        """Tile sets and maps of both layers."""
        blocks = []
        for background, pixels in (
            (self.front, self.front.pixels),
            (self.back, self._punched()),
        ):
            tiled = tile_background(pixels, background.priority, self._slots(background))
            blocks += [
                Block(f"{background.name}_tiles", "tiles", tiled.tiles),
                Block(f"{background.name}_map", "map", tiled.tilemap),
            ]
        return blocks

    def palettes(self, obj_palettes: list[str]) -> Block:
        """All of CGRAM: text, backgrounds, sprites. Entry 0 is the backdrop, the colour of the back layer's holes."""
        colors = np.zeros((16, 16, 3), np.uint8)
        colors[0] = PALETTES["font"]  # four palettes of four colours
        for slot, name in enumerate(self.names, FIRST_BG_SLOT):
            colors[slot] = PALETTES[name]
        for slot, name in enumerate(obj_palettes, 8):
            colors[slot] = PALETTES[name]
        if self.hole is not None:
            colors[0, 0] = PALETTES[self.hole.palette][self.hole.indices[0]]
        return Block(f"{self.name}_palettes", "palettes", bgr555(colors.reshape(256, 3)))

    def ground_line(self, level: int | None) -> bytes:
        """Return the ground line for each of 512 columns: the level, or the top of the front's lowest solid run."""
        if level is not None:
            return bytes([level]) * 512
        return ground_from(self.front.pixels)


def ground_from(pixels: Pixels) -> bytes:
    """Return the top of the ground for 512 columns, without the trees and columns that stand on it."""
    height, width = pixels.shape
    solid = pixels & 15 != 0
    tops = np.where(solid.all(axis=0), 0, height - np.argmin(solid[::-1], axis=0))
    calm = np.percentile(sliding_window_view(np.pad(tops, 16, "wrap"), 33), 65, axis=1)
    smooth = sliding_window_view(np.pad(calm, 4, "wrap"), 9).mean(axis=1)
    return bytes(round(float(top)) for top in np.resize(smooth[:width], 512))
