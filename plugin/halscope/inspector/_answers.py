"""What a page asks about a frame: origins of tiles and the figures, as JSON. Computed on the session's preview pool."""

from __future__ import annotations

import asyncio
import base64
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol, final

import numpy as np
from halscope_hooks import RAW_CODEC, Origin, Update, UsageError

from halscope.app import (
    ListedBlock,
    OriginDescriber,
    ShownBlocks,
    Workspace,
    block_picture,
    figure_rows,
    open_in_editor,
    places_in_vram,
    sheet_of_sprite,
    shown_blocks,
)
from halscope.inspector._pixels import Pixels
from halscope.session import Job, Session


class Describer(Protocol):
    """Answers about tiles and figures."""

    @property
    def pixels(self) -> Pixels:
        """The sheets that are painted."""

    def origins(self, update: Update, vram_byte: int, bpp: int) -> list[dict[str, Any]] | None:
        """Return the origins of a tile, best first; `None` while they are not known."""

    def figures(self, update: Update) -> list[dict[str, Any]]:
        """Return the figures of a frame."""

    def blocks(self, update: Update) -> dict[str, Any] | None:
        """Return the blocks of the ROM; `None` while it is not indexed."""

    def block(self, update: Update, codec: str, offset: int) -> dict[str, Any] | None:
        """Return a block as a picture; `None` while the ROM is not indexed. Raises HalscopeError."""

    def edit(self, update: Update, sprite: int) -> str:
        """Open the sheet of the figure that a sprite belongs to in the user's image editor, and return its path.

        Raises HalscopeError if there is none, or no editor.
        """


@final
class Answers:
    """Answers of one ROM.

    Args:
        workspace: Returns the ROM that runs, or `None` if its file is unknown.
        sheets: Folder in which the sheets of figures appear, or `None`.
    """

    def __init__(self, workspace: Callable[[], Workspace | None], sheets: Path | None = None) -> None:
        self._workspace = workspace
        self._sheets = sheets
        self.pixels = Pixels(workspace, sheets)
        self._listed: tuple[Workspace, list[ListedBlock]] | None = None
        self._shown: tuple[Update, ShownBlocks | None] | None = None
        self._describer: tuple[Workspace, OriginDescriber] | None = None

    def origins(self, update: Update, vram_byte: int, bpp: int) -> list[dict[str, Any]] | None:
        """As in `Describer`. Each origin has the keys of `halscope locate --json`, and `snes`, the address of its
        block (or raw tile) as the console sees it."""
        workspace, found = self._workspace(), update.origins
        if workspace is None or found is None:
            return None
        if self._describer is None or self._describer[0] is not workspace:
            self._describer = workspace, OriginDescriber(workspace, found.transforms)
        describer = self._describer[1]
        places = found.at(vram_byte, bpp)
        return [{**describer.describe(one), "snes": workspace.rom.to_snes(_place(one))} for one in places[:8]]

    def figures(self, update: Update) -> list[dict[str, Any]]:
        """As in `Describer`."""
        return [row.describe() for row in figure_rows(update.frame, update.origins, self._workspace())]

    def blocks(self, update: Update) -> dict[str, Any] | None:
        """As in `Describer`.

        `size` is that of the ROM; each of `blocks` has the keys of `halscope scan --json`, and `vram`, the number of
        its tiles that are in VRAM now (those of which it is the best origin).
        """
        workspace, found = self._workspace(), update.origins
        if workspace is None or found is None or workspace.built_index is None:
            return None
        if self._listed is None or self._listed[0] is not workspace:
            self._listed = workspace, workspace.blocks()
        tiles = Counter(
            (places[0].codec, places[0].block_offset)
            for places in (found.origins[unit] for unit in np.flatnonzero(found.informative).tolist())
            if places
        )
        listed = [{**asdict(one), "vram": tiles[one.codec, one.offset]} for one in self._listed[1]]
        return {"size": int(workspace.rom.data.size), "blocks": listed}

    def block(self, update: Update, codec: str, offset: int) -> dict[str, Any] | None:
        """As in `Describer`.

        `pixels` is the base64 of width × height bytes, each an index into `colours` ([red, green, blue] each).
        `colours_from` is null for greys. `cells` has for each tile [x, y, offset in the decoded block], and `vram` for
        each that is there [that offset, VRAM byte address].
        """
        workspace, found = self._workspace(), update.origins
        if workspace is None or found is None or workspace.built_index is None:
            return None
        if self._shown is None or self._shown[0] is not update:
            self._shown = update, shown_blocks(workspace, update)
        picture = block_picture(workspace, codec, offset, self._shown[1])
        height, width = picture.pixels.shape
        return {
            "width": width,
            "height": height,
            "pixels": base64.b64encode(picture.pixels.tobytes()).decode(),
            "colours": picture.rgb.tolist(),
            "colours_from": picture.layout.colours_from,
            "bpp": picture.layout.layout.bpp,
            "lead": picture.layout.lead,
            "cells": picture.cells,
            "vram": places_in_vram(found, codec, offset),
        }

    def edit(self, update: Update, sprite: int) -> str:
        """As in `Describer`."""
        if self._sheets is None:
            raise UsageError("there is no folder for sheets to edit: start Halscope with --watch DIR")
        workspace = self._workspace()
        if workspace is None:
            raise UsageError("the file of the running ROM is not known; give it with --rom")
        path = sheet_of_sprite(workspace, update, sprite, self._sheets)
        open_in_editor(path)
        return str(path)


async def previewed[T](session: Session, name: str, key: Hashable, work: Callable[[], T]) -> T:
    """Run work on the session's preview pool, without blocking the event loop. Raises what it raises."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()

    def tell(_: Job[T]) -> None:
        loop.call_soon_threadsafe(lambda: None if ended.done() else ended.set_result(None))

    job = session.preview(name, lambda _: work(), key=key)
    job.add_done_callback(tell)
    await ended
    return job.result(0)


def _place(origin: Origin) -> int:
    return origin.block_offset + (origin.byte_offset if origin.codec == RAW_CODEC else 0)
