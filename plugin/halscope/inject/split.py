"""Split an edited picture into edited tiles: assign each painted pixel to a cell and update that cell's tile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from halscope_hooks import InjectError, Origin
from numpy.typing import NDArray

from halscope.inject._transforms import colours_text, lost_pixels, transform_named
from halscope.inject.model import TILE, Cell, Composition, EditedSheet, Place, Sheet, place_of
from halscope.ppu.tiles import decode_tiles


@dataclass(frozen=True, slots=True)
class TileChange:
    """A tile that was edited.

    Args:
        origin: Where it is stored.
        old: The tile as the ROM has it, 8 × bpp bytes, planar and not flipped, before any transform to the stored form.
        new: The tile as edited.
        cells: Indices of the sheet's cells that show it, edited or not.
        vram_bytes: VRAM byte addresses of those cells when the sheet was exported, ascending.
        over: Tiles that other edits make there, and that this one takes the place of: the tile as exported, if that was
            edited already. One that is `new` itself was exported so and never painted: any edit takes its place.
    """

    origin: Origin
    old: bytes
    new: bytes
    cells: tuple[int, ...]
    vram_bytes: tuple[int, ...]
    over: tuple[bytes, ...] = ()

    @property
    def place(self) -> Place:
        """Its place in the ROM."""
        return place_of(self.origin)

    @property
    def is_unpainted(self) -> bool:
        """Whether the sheet was exported with it, and no edit that is known has made it."""
        return self.new in self.over


def changed_tiles(edited: EditedSheet) -> tuple[TileChange, ...]:
    """Find the tiles that an edited picture changes.

    A painted pixel belongs to the cell that was visible there; where the sheet was transparent, to the frontmost cell
    whose palette has the colour. Erasing a pixel erases it in every cell at that place. Cells that show the same tile
    (mirrored, or used twice) share an edit: editing one of them is enough, and conflicting edits are an error.

    Returns:
        One change per tile that differs, in the order of the sheet's cells.

    Raises:
        InjectError: A cell without a known origin was painted, one tile was edited in two ways, or a tile has a colour
            that its transform cannot represent.
    """
    sheet = edited.sheet
    original = sheet.composition
    before = sheet.tile_pixels()
    after = before.copy()
    winner = _paint(edited, original, after)
    changed = (after != before).any(axis=(1, 2))
    locked = [cell for cell, is_changed in zip(sheet.cells, changed, strict=True) if is_changed and not cell.origin]
    if locked:
        places = ", ".join(cell.place for cell in locked[:8]) + (", ..." if len(locked) > 8 else "")
        raise InjectError(
            f"{edited.name}: {len(locked)} painted tiles have no known place in the ROM and cannot be changed: "
            f"those at {places} (8x8 pixels each); undo the painting there"
        )
    shown_there = _at_cells(sheet, winner)
    # 1 where the picture shows a cell, 0 where a cell in front hides it.
    visible = ((shown_there < 0) | (shown_there >= np.arange(len(sheet.cells))[:, None, None])).astype(np.uint8)
    visible, stored_before, stored_after = (sheet.flip(array) for array in (visible, before, after))
    merged = stored_before.copy()
    groups = list(_groups(sheet))
    for members in groups:
        editors = [number for number in members if changed[number]]
        if not editors:
            continue
        tile, said_by = stored_before[members[0]].copy(), np.full((TILE, TILE), -1)
        for number in editors:
            says = visible[number].astype(bool)
            clash = says & (said_by >= 0) & (tile != stored_after[number])
            if clash.any():
                first, second = sheet.cells[said_by[clash][0]], sheet.cells[number]
                mirror = _mirror_hint(first.hflip ^ second.hflip, first.vflip ^ second.vflip)
                raise InjectError(
                    f"{edited.name}: the tiles at {first.place} and {second.place} are one tile in the ROM{mirror}, "
                    "but were edited in different ways; paint both the same, or only one of them"
                )
            tile[says], said_by[says] = stored_after[number][says], number
        merged[members] = tile
    new = sheet.encode(sheet.flip(merged))
    _refuse_lost_colours(edited, new)
    changes = []
    for members in groups:
        cell = sheet.cells[members[0]]
        if cell.origin is not None and new[members[0]] != cell.tile:
            vram = {at for number in members if (at := sheet.cells[number].vram_byte) is not None}
            over = () if cell.rom_tile is None else (cell.tile,)
            tile = new[members[0]]
            changes.append(TileChange(cell.origin, cell.original, tile, tuple(members), tuple(sorted(vram)), over))
    return tuple(changes)


def _refuse_lost_colours(edited: EditedSheet, tiles: Sequence[bytes]) -> None:
    """Raise InjectError if a tile has a colour that its transform cannot represent."""
    for cell, tile in zip(edited.sheet.cells, tiles, strict=True):
        if cell.origin is None or tile == cell.tile:
            continue
        transform = transform_named(cell.origin.transform, edited.sheet.known_transforms)
        if transform is None or not (lost := lost_pixels(transform, tile)).any():
            continue
        row, column = np.argwhere(lost)[0].tolist()
        colour = int(decode_tiles(tile, edited.sheet.bpp)[0, row, column])
        x = cell.x + (TILE - 1 - column if cell.hflip else column)
        y = cell.y + (TILE - 1 - row if cell.vflip else row)
        others = f" (and {int(lost.sum()) - 1} more pixels)" if lost.sum() > 1 else ""
        raise InjectError(
            f"{edited.name}: the tile at {cell.place}: the pixel at ({x}, {y}){others} has the colour {colour}, which "
            f"cannot be stored: the game keeps this tile as {transform.name}, in the colours {colours_text(transform)}"
        )


def _paint(edited: EditedSheet, original: Composition, tiles: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Write every changed pixel to its cell in `tiles` (as shown). Return the cell now visible in each pixel, or -1."""
    sheet, pixels = edited.sheet, edited.pixels
    changed = pixels != original.pixels
    painted = changed & (pixels != 0)
    slots = pixels.astype(np.int32) // sheet.colours
    touched = np.flatnonzero(_at_cells(sheet, changed).any(axis=(1, 2))).tolist()
    target = np.full(pixels.shape, -1, np.int32)
    owned = painted & (original.owner >= 0)
    owner_palette = np.array([cell.palette for cell in sheet.cells])[original.owner]
    owned &= owner_palette == slots
    target[owned] = original.owner[owned]
    # Editable cells take precedence over locked ones.
    for number in sorted(touched, key=lambda n: (sheet.cells[n].origin is None, n)):
        cell = sheet.cells[number]
        area = _area(cell)
        takes = painted[area] & (target[area] < 0) & (slots[area] == cell.palette)
        target[area][takes] = number
    homeless = np.argwhere(painted & (target < 0))
    if len(homeless):
        y, x = homeless[0].tolist()
        raise InjectError(f"{edited.name}: the pixel at ({x}, {y}) is painted where there is no tile with its palette")
    for number in touched:
        area = _area(sheet.cells[number])
        # No other cell may cover a painted pixel or show through an erased one.
        tiles[number][changed[area] & ((target[area] < 0) | (number < target[area]))] = 0
        mine = changed[area] & (target[area] == number)
        tiles[number][mine] = pixels[area][mine] & (sheet.colours - 1)
    return np.where(changed, target, original.owner)


def _area(cell: Cell) -> tuple[slice, slice]:
    return np.s_[cell.y : cell.y + TILE, cell.x : cell.x + TILE]


def _at_cells[Item: np.generic](sheet: Sheet, picture: NDArray[Item]) -> NDArray[Item]:
    """Return what a picture holds at each cell: [cells, 8, 8]."""
    side = np.arange(TILE)
    rows = np.array([cell.y for cell in sheet.cells])[:, None] + side
    columns = np.array([cell.x for cell in sheet.cells])[:, None] + side
    return picture[rows[:, :, None], columns[:, None, :]]


def _groups(sheet: Sheet) -> Iterator[list[int]]:
    """Group the cells that show the same tile of the ROM."""
    groups: dict[Place | int, list[int]] = {}
    for number, cell in enumerate(sheet.cells):
        groups.setdefault(number if cell.origin is None else place_of(cell.origin), []).append(number)
    yield from groups.values()


def _mirror_hint(hflip: bool, vflip: bool) -> str:
    if not (hflip or vflip):
        return ""
    return f", mirrored {' and '.join(['left to right'] * hflip + ['top to bottom'] * vflip)}"
