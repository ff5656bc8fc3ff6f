"""Painting the pixels of edit sheets in the watched folder: what a pixel editor shows of a sheet, and saving it."""

from __future__ import annotations

import base64
import hashlib
import threading
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, final

import numpy as np
from halscope_hooks import NO_TRANSFORM, HalscopeError, Update, UsageError
from numpy.typing import NDArray

from halscope.app._block_layout import BlockOptions
from halscope.app._block_picture import block_sheet, shown_blocks
from halscope.app._current_sheet import is_older
from halscope.app._doubts import doubts
from halscope.app._extract import write
from halscope.app._figure_names import figure_name
from halscope.app._figure_sheet import region_sheet
from halscope.app._limits import MOST_PAINTED
from halscope.app._rom_notes import sheet_name
from halscope.app._sprite_sheet import figure_of_sprite, kept_name
from halscope.app._workspace import Workspace
from halscope.inject import (
    EditedSheet,
    Misfit,
    MisfitError,
    Sheet,
    colours,
    read_sheet,
    sheet_edit,
    transform_named,
    write_sheet,
)
from halscope.ppu.tiles import TileDepth

_DEPTHS: Final[dict[int, TileDepth]] = {2: 2, 4: 4, 8: 8}


@dataclass(frozen=True, slots=True, eq=False)
class Painting:
    """An edit sheet that is painted.

    Args:
        name: Its path in the folder of the sheets.
        sheet: The sheet as exported.
        pixels: uint8[height, width], the picture as it is saved: palette × 2^bpp + colour, 0 where transparent.
    """

    name: str
    sheet: Sheet
    pixels: NDArray[np.uint8]

    @property
    def revision(self) -> str:
        """Names the saved picture: two pictures with the same pixels have the same one."""
        return hashlib.sha256(self.pixels.tobytes()).hexdigest()[:16]

    @property
    def original(self) -> NDArray[np.uint8]:
        """uint8[height, width]: the picture as the ROM has it, without any edit."""
        cells = tuple(replace(cell, tile=cell.original, rom_tile=None) for cell in self.sheet.cells)
        return replace(self.sheet, cells=cells).composition.pixels

    @property
    def allowed(self) -> NDArray[np.uint8]:
        """uint8[height, width]: the palettes that each pixel may be painted with, a bit each.

        None where there is no tile, and where a tile without a known place in the ROM shows or would be erased.
        """
        sheet = self.sheet
        found = np.zeros((sheet.height, sheet.width), np.uint8)
        closed = np.zeros(found.shape, np.bool_)
        for cell, tile in zip(sheet.cells, sheet.tile_pixels(), strict=True):
            area = np.s_[cell.y : cell.y + 8, cell.x : cell.x + 8]
            if cell.origin is None:
                closed[area] |= tile != 0
            else:
                found[area] |= np.uint8(1 << cell.palette)
        found[closed] = 0
        return found

    def describe(self) -> dict[str, Any]:
        """Return the JSON form. Pictures are base64 of a byte for each pixel, row by row.

        `cells` has for each tile [left, top, palette, 1 if mirrored + 2 if flipped, number of the tile]: cells with the
        same number show one tile of the ROM. The number is -1 for a tile that cannot be painted. `limits` has [number
        of the cell, colours] for tiles that the game keeps in a form that has only some colours.
        """
        sheet = self.sheet
        numbers: dict[tuple[str, int, int, str], int] = {}
        cells: list[list[int]] = []
        limits: list[tuple[int, tuple[int, ...]]] = []
        for at, cell in enumerate(sheet.cells):
            number, origin = -1, cell.origin
            if origin is not None:
                place = origin.codec, origin.block_offset, origin.byte_offset, origin.transform
                number = numbers.setdefault(place, len(numbers))
                if origin.transform != NO_TRANSFORM:
                    transform = transform_named(origin.transform, sheet.known_transforms)
                    kept = () if transform is None else colours(transform)
                    if 0 < len(kept) < sheet.colours:
                        limits.append((at, kept))
            cells.append([cell.x, cell.y, cell.palette, cell.hflip + 2 * cell.vflip, number])
        return {
            "name": self.name,
            "title": sheet.title,
            "width": sheet.width,
            "height": sheet.height,
            "bpp": sheet.bpp,
            "palettes": sheet.rgb.reshape(len(sheet.palettes), -1, 3).tolist(),
            "pixels": _text(self.pixels),
            "original": _text(self.original),
            "allowed": _text(self.allowed),
            "cells": cells,
            "limits": limits,
            "doubts": list(sheet.doubts),
            "revision": self.revision,
        }


@dataclass(frozen=True, slots=True)
class UnfitSheet:
    """A saved sheet with a colour that is not in its palettes.

    Args:
        name: Its path in the folder of the sheets.
        misfit: The first such pixel.
    """

    name: str
    misfit: Misfit

    def describe(self) -> dict[str, Any]:
        """Return the JSON form: the fields of `Misfit`, with colours as `#rrggbb`, and `name`."""
        named = {"colour": f"#{self.misfit.colour:06x}", "nearest": f"#{self.misfit.nearest:06x}"}
        return {"name": self.name, **asdict(self.misfit), **named}


@final
class Paintings:
    """The sheets of a folder that are painted, by name. For any thread.

    What is not opened here cannot be saved here, so a name that comes from elsewhere leads to no other file.

    Args:
        folder: Folder of the sheets, as `halscope play --watch` writes and watches it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._opened: set[str] = set()
        self._unfit: dict[str, UnfitSheet] = {}  # replaced as a whole
        self._saving = threading.Lock()

    def of_sprite(self, workspace: Workspace, update: Update, sprite: int) -> Painting:
        """Open the sheet of the figure that a sprite belongs to.

        Args:
            workspace: The ROM.
            update: The frame that shows the sprite.
            sprite: Its OAM entry.

        Raises:
            UsageError: The sprite shows nothing, its tiles are not in the ROM, or the ROM is not indexed yet.
            HalscopeError: The sheet cannot be read or written.
        """
        figure = figure_of_sprite(workspace, update, sprite)
        return self._open(workspace, kept_name(figure, self._folder), figure.sheet)

    def of_tile(self, workspace: Workspace, update: Update, vram_byte: int, bpp: int) -> Painting:
        """Open the sheet of a single tile in VRAM, in the colours in which the frame shows it.

        Args:
            workspace: The ROM.
            update: The frame.
            vram_byte: Byte address of the tile.
            bpp: Bits per pixel: 2, 4 or 8.

        Raises:
            UsageError: The tile is not in the ROM, the ROM is not indexed yet, or there are no tiles of this depth.
            HalscopeError: The sheet cannot be read or written.
        """
        if update.origins is None:
            raise UsageError("the ROM is not indexed yet, so it is not known where the tile could be edited")
        if bpp not in _DEPTHS:
            raise UsageError(f"tiles have 2, 4 or 8 bits a pixel, not {bpp}")
        sheet = region_sheet(workspace, update.frame, vram_byte, update.origins, _DEPTHS[bpp])
        if sheet.cells[0].origin is None:
            raise UsageError(f"the tile at VRAM {vram_byte:#06x} is not in the ROM, so an edit of it could not last")
        sheet = replace(sheet, doubts=doubts(update.frame))
        depth = "" if bpp == 4 else f"-{bpp}bpp"  # numbers of tiles count in tiles of their depth
        return self._open(workspace, f"{figure_name(sheet)}{depth}", sheet)

    def of_block(self, workspace: Workspace, update: Update, codec: str, block_offset: int) -> Painting:
        """Open the sheet of a whole block, in the colours in which the frame shows it.

        Args:
            workspace: The ROM.
            update: The frame.
            codec: Name of the block's codec.
            block_offset: Its file offset.

        Raises:
            UsageError: The ROM is not indexed yet, or there is no such codec.
            HalscopeError: No stream begins there, it is smaller than a tile, or its sheet cannot be read or written.
        """
        if workspace.built_index is None:
            raise UsageError("the ROM is not indexed yet")
        shown = shown_blocks(workspace, update)
        sheet, _ = block_sheet(workspace, codec, block_offset, shown, BlockOptions(), edited=True)
        return self._open(workspace, sheet_name(workspace.rom_notes, codec, block_offset), sheet)

    def again(self, name: str, revision: str = "") -> Painting | None:
        """Return an opened sheet as it is saved now; `None` if it still is that revision.

        Raises:
            UsageError: It was not opened, or is gone.
            ImageError: It was saved by another program, and does not fit.
        """
        self._check(name)
        found = self._read(name)
        return None if found.revision == revision else found

    def save(self, name: str, revision: str, pixels: NDArray[np.uint8]) -> Painting:
        """Save a painted picture as an image editor would. It then is the edit of a watched folder like any other.

        Args:
            name: Name of the painting.
            revision: The revision that was painted on.
            pixels: uint8[height, width], palette × 2^bpp + colour.

        Raises:
            UsageError: The sheet was not opened, the picture does not fit it, or the sheet was saved by something else
                meanwhile.
            InjectError: A tile is painted that cannot be.
            HalscopeError: The sheet cannot be read or written.
        """
        self._check(name)
        with self._saving:
            there = self._read(name)
            if there.revision != revision:
                raise UsageError(f"{name} was saved by another program meanwhile; load it again")
            painted = replace(there, pixels=_fitting(there, pixels))
            sheet_edit(
                EditedSheet(painted.sheet, painted.pixels, name)
            )  # refuses what cannot be done, before it is saved
            if painted.revision != revision:
                write_sheet(painted.sheet, painted.pixels, self._path(name))
        return painted

    def mend(self, name: str) -> Painting:
        """Replace the colours of a saved sheet that are not in its palettes by the nearest ones, as --nearest does.

        Raises:
            UsageError: The sheet is not known here.
            HalscopeError: It cannot be read or written, or is refused for another reason.
        """
        self._check(name)
        with self._saving:
            path = self._path(name)
            found = read_sheet(path, nearest=True)
            write_sheet(found.sheet, found.pixels, path)
        return Painting(name, found.sheet, found.pixels)

    def judge(self, path: Path, error: HalscopeError | None) -> str | None:
        """Note what became of a saved sheet (`EditReports.outcome`). Returns its name if it is painted or unfit here.

        Args:
            path: The sheet.
            error: Why it was refused; `None` if it was not.
        """
        try:
            name = path.relative_to(self._folder).as_posix()
        except ValueError:
            return None
        misfit = error.misfit if isinstance(error, MisfitError) else None
        unfit = {key: value for key, value in self._unfit.items() if key != name}
        if misfit is not None:
            self._opened.add(name)
            unfit[name] = UnfitSheet(name, misfit)
        self._unfit = unfit
        return name if name in self._opened else None

    @property
    def unfit(self) -> tuple[UnfitSheet, ...]:
        """The saved sheets whose colours do not fit, as far as `judge` was told."""
        return tuple(self._unfit.values())

    def _open(self, workspace: Workspace, name: str, sheet: Sheet) -> Painting:
        """Return the painting of a sheet: as it is saved if it holds edits, else anew."""
        if sheet.width * sheet.height > MOST_PAINTED:
            raise UsageError(
                f"{sheet.width}x{sheet.height} pixels are too many to paint here; press E to use an image editor"
            )
        path = self._folder / f"{name}.png"
        self._opened.add(f"{name}.png")
        with self._saving:
            if path.exists():
                there = self._read(f"{name}.png")
                edited = bool(sheet_edit(EditedSheet(there.sheet, there.pixels, name)).changes)
                ours = there.sheet.rom_sha256 == workspace.rom.sha256
                if edited and not ours:
                    raise UsageError(f"{path} holds an edit of another ROM; give another folder with --watch")
                as_read = EditedSheet(there.sheet, there.pixels, name)
                if not is_older(as_read, sheet) if edited else ours and _looks_the_same(there.sheet, sheet):
                    return there
            write(sheet, path, overwrite=True)
        return Painting(f"{name}.png", sheet, sheet.composition.pixels)

    def _path(self, name: str) -> Path:
        return self._folder / name

    def _read(self, name: str) -> Painting:
        found = read_sheet(self._path(name))
        return Painting(name, found.sheet, found.pixels)

    def _check(self, name: str) -> None:
        if name not in self._opened:
            raise UsageError(f"{name!r} is not open here; point at what to paint, and choose Paint again")


def _looks_the_same(one: Sheet, other: Sheet) -> bool:
    """Whether two sheets show the same tiles in the same places and colours: one may be of a scene that fades in."""

    def tiles(sheet: Sheet) -> list[tuple[object, ...]]:
        return [(cell.x, cell.y, cell.tile, cell.original, cell.origin is None) for cell in sheet.cells]

    return tiles(one) == tiles(other) and np.array_equal(one.rgb, other.rgb)


def _fitting(there: Painting, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a painted picture with one value for transparent pixels. Raises UsageError if it does not fit."""
    sheet = there.sheet
    if pixels.shape != there.pixels.shape:
        height, width = pixels.shape
        raise UsageError(f"the picture has {width}x{height} pixels, its sheet {sheet.width}x{sheet.height}")
    slots = pixels // sheet.colours
    wrong = np.argwhere(slots >= len(sheet.palettes))
    if len(wrong):
        y, x = wrong[0].tolist()
        raise UsageError(
            f"the pixel at ({x}, {y}) has index {pixels[y, x]}; the sheet has {len(sheet.palettes) * sheet.colours}"
        )
    pixels = np.where(pixels % sheet.colours == 0, 0, pixels).astype(np.uint8)
    allowed = there.allowed
    changed = pixels != there.pixels
    wrong = np.argwhere(changed & ((allowed == 0) | ((pixels != 0) & (allowed >> slots & 1 == 0))))
    if len(wrong):
        y, x = wrong[0].tolist()
        why = f"its tile does not use palette {slots[y, x]}" if allowed[y, x] else "no tile there can be edited"
        raise UsageError(f"the pixel at ({x}, {y}) cannot have index {pixels[y, x]}: {why}")
    return pixels


def _text(pixels: NDArray[np.uint8]) -> str:
    return base64.b64encode(pixels.tobytes()).decode()
