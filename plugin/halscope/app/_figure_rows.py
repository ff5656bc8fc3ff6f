"""The figures of a frame as rows of a table and as JSON: where they are, what they show, and where that is from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from halscope_hooks import TILE_BYTES, Frame, Origin, VramOrigins

from halscope.app._known_figures import known_figures
from halscope.app._pictures import Source, source_of
from halscope.app._workspace import Workspace
from halscope.ppu.cgram import obj_palette
from halscope.ppu.grouping import Metasprite, group_sprites


@dataclass(frozen=True, slots=True)
class FigureRow:
    """A figure on the screen.

    Args:
        name: Name of its edit sheet; empty without a ROM.
        key: The name that it has by the rules, whatever the user calls it; empty without a ROM.
        x: Left edge on the screen.
        y: Top edge on the screen.
        width: Width in pixels.
        height: Height in pixels.
        sprites: Its OAM entries.
        palettes: The OBJ palettes that it uses.
        source: Where its tiles are from, as text.
        blocks: The best origins of its tiles by block, and the number of tiles from each.
        unknown: VRAM byte addresses of its telling tiles whose place in the ROM is unknown, ascending; empty without a
            ROM.
    """

    name: str
    key: str
    x: int
    y: int
    width: int
    height: int
    sprites: tuple[int, ...]
    palettes: tuple[int, ...]
    source: Source
    blocks: tuple[tuple[Origin, int], ...]
    unknown: tuple[int, ...] = ()

    def describe(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "name": self.name,
            "key": self.key,
            "x": self.x,
            "y": self.y,
            "width": self.width,
            "height": self.height,
            "sprites": list(self.sprites),
            "palettes": list(self.palettes),
            "origins": [
                {"codec": one.codec, "block_offset": one.block_offset, "start": one.start, "tiles": tiles}
                for one, tiles in self.blocks
            ],
            "tiles": self.source.telling + self.source.plain,
            "unknown": list(self.unknown),
        }


def figure_rows(frame: Frame, origins: VramOrigins | None, workspace: Workspace | None) -> list[FigureRow]:
    """Return the figures of a frame, by their first OAM entry.

    Args:
        frame: The frame.
        origins: Where the tiles of its VRAM are from; `None` without a ROM.
        workspace: The ROM, or `None`.
    """
    if workspace is not None and origins is not None:
        figures = known_figures(workspace, frame, origins).figures
        return [_row(frame, one.group, origins, one.name, one.key) for one in figures]
    groups = (group_sprites if workspace is None else workspace.plugins.group_sprites)(frame)
    return [_row(frame, group, origins) for group in groups if group.pixels.any()]


def _row(frame: Frame, group: Metasprite, origins: VramOrigins | None, name: str = "", key: str = "") -> FigureRow:
    cells = np.concatenate([frame.sprites[index].cells.ravel() for index in group.indices])
    counts: Counter[tuple[str, int]] = Counter()
    first: dict[tuple[str, int], Origin] = {}
    unknown: set[int] = set()
    if origins is not None:
        for tile in (cells // TILE_BYTES).tolist():
            if not origins.informative[tile]:
                continue
            if not origins.origins[tile]:
                unknown.add(tile * TILE_BYTES)
            else:
                best = origins.origins[tile][0]
                counts[best.codec, best.block_offset] += 1
                first.setdefault((best.codec, best.block_offset), best)
    return FigureRow(
        name=name,
        key=key,
        x=group.x,
        y=group.y,
        width=group.width,
        height=group.height,
        sprites=group.indices,
        palettes=group.palettes,
        source=source_of(cells, origins, {}),
        blocks=tuple((first[block], count) for block, count in counts.most_common()),
        unknown=tuple(sorted(unknown)),
    )


def palette_texts(frame: Frame, numbers: Sequence[int]) -> dict[int, list[str]]:
    """Return the colours of OBJ palettes as `#rrggbb`, by the palette's number."""
    return {
        number: [
            f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in obj_palette(frame.palettes, number).tolist()
        ]
        for number in sorted(set(numbers))
    }
