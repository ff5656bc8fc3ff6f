"""What a page asks about a frame: origins of tiles and the figures, as JSON. Computed on the session's preview pool."""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Callable, Hashable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, Literal, Protocol, final
from zlib import crc32

from halscope_hooks import RAW_CODEC, HalscopeError, HostError, Origin, Update, UsageError, VramOrigins

from halscope.app import (
    ROM_KINDS,
    ListedBlock,
    OriginDescriber,
    Recolouring,
    RomMap,
    SeenTiles,
    ShownBlocks,
    Workspace,
    block_picture,
    figure_rows,
    open_in_editor,
    places_in_vram,
    sheet_of_sprite,
    shown_blocks,
    start_evidence,
    tile_states,
    tiles_in_vram,
)
from halscope.inspector._figure_answers import FigureAnswers
from halscope.inspector._pixels import Pixels
from halscope.session import Job, Session, State

_BEGIN_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.02


class Describer(Protocol):
    """Answers about tiles and figures."""

    @property
    def of_figures(self) -> FigureAnswers:
        """Answers about what is done with figures, and about the scene."""

    @property
    def recolouring(self) -> Recolouring:
        """The colours: their places, and changes of them."""

    @property
    def pixels(self) -> Pixels:
        """The sheets that are painted."""

    def origins(self, update: Update, vram_byte: int, bpp: int | Literal["mode7"]) -> list[dict[str, Any]] | None:
        """Return the origins of a tile, best first; `None` while they are not known."""

    def figures(self, update: Update) -> list[dict[str, Any]]:
        """Return the figures of a frame."""

    def blocks(self, update: Update) -> dict[str, Any] | None:
        """Return the blocks of the ROM; `None` while it is not indexed."""

    def block(self, update: Update, codec: str, offset: int) -> dict[str, Any] | None:
        """Return a block as a picture; `None` while the ROM is not indexed. Raises HalscopeError."""

    def tile_origins(self, update: Update, last: str) -> dict[str, Any] | None:
        """Return which tiles of VRAM have a known origin; `None` while none are known."""

    def in_vram(self, update: Update, last: str) -> dict[str, Any] | None:
        """Return what of the ROM is in VRAM; `None` while it is not indexed."""

    def rom_map(self, update: Update, cells: int) -> dict[str, Any] | None:
        """Return what each part of the ROM holds; `None` while it is not indexed."""

    def pointers(self, codec: str, offset: int) -> dict[str, Any] | None:
        """Return what proves the start of a block; `None` while the ROM is not indexed."""

    def raw(self, offset: int, length: int) -> dict[str, Any] | None:
        """Return bytes of the ROM; `None` if its file is unknown."""

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
        force: Also store colours in blocks whose start is not proven.
    """

    def __init__(
        self, workspace: Callable[[], Workspace | None], sheets: Path | None = None, *, force: bool = False
    ) -> None:
        self._workspace = workspace
        self.recolouring: Final = Recolouring(workspace, sheets, force=force)
        self._sheets = sheets
        self.of_figures: Final = FigureAnswers(workspace, sheets)
        self.pixels = Pixels(workspace, sheets)
        self._listed: tuple[Workspace, list[ListedBlock]] | None = None
        self._shown: tuple[Update, ShownBlocks | None] | None = None
        self._describer: tuple[Workspace, OriginDescriber] | None = None
        self._states: tuple[VramOrigins, dict[str, Any]] | None = None
        self._in_vram: tuple[VramOrigins, dict[str, Any]] | None = None
        self._map: tuple[Workspace, RomMap] | None = None
        self.seen = SeenTiles()
        self._mapping = threading.Lock()  # of the map: several pages may ask at once

    def origins(self, update: Update, vram_byte: int, bpp: int | Literal["mode7"]) -> list[dict[str, Any]] | None:
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

        `size` is that of the ROM; each of `blocks` has the keys of `halscope scan --json`, `snes`, its address as the
        console sees it, and `vram`, the number of its tiles in VRAM now (those of which it is the best origin).
        """
        workspace, found = self._workspace(), update.origins
        if workspace is None or found is None or workspace.built_index is None:
            return None
        if self._listed is None or self._listed[0] is not workspace:
            self._listed = workspace, workspace.blocks()
        tiles, to_snes = tiles_in_vram(found), workspace.rom.to_snes
        listed = [
            {**asdict(one), "snes": to_snes(one.offset), "vram": tiles[one.codec, one.offset]}
            for one in self._listed[1]
        ]
        return {"size": int(workspace.rom.data.size), "blocks": listed}

    def tile_origins(self, update: Update, last: str) -> dict[str, Any] | None:
        """As in `Describer`.

        `units` is the base64 of 512 bytes: two bits for each 32-byte unit of VRAM, the lowest first: 0 unknown,
        1 known, 2 too little to tell. `name` is its name; where it is `last`, `units` is left out.
        """
        found = update.origins
        if found is None:
            return None
        if self._states is None or self._states[0] is not found:
            states = tile_states(found).reshape(-1, 4)
            packed = (states[:, 0] | states[:, 1] << 2 | states[:, 2] << 4 | states[:, 3] << 6).tobytes()
            units = base64.b64encode(packed).decode()
            self._states = found, {"name": f"{crc32(packed):08x}", "units": units}
        return _unless_last(self._states[1], last)

    def in_vram(self, update: Update, last: str) -> dict[str, Any] | None:
        """As in `Describer`.

        `blocks` is a list of [codec, file offset, number of its tiles in VRAM]; of uncompressed tiles ("raw") each has
        its own offset. `name` is the list's name; where it is `last`, `blocks` is left out.
        """
        found = update.origins
        if found is None:
            return None
        if self._in_vram is None or self._in_vram[0] is not found:
            listed = sorted([*place, count] for place, count in tiles_in_vram(found).items())
            self._in_vram = found, {"name": f"{crc32(repr(listed).encode()):08x}", "blocks": listed}
        return _unless_last(self._in_vram[1], last)

    def rom_map(self, update: Update, cells: int) -> dict[str, Any] | None:
        """As in `Describer`.

        `kinds` are the names of the kinds, `cells` is the base64 of a byte for each of the equal parts: a number in
        `kinds`. Uncompressed tiles and colours are those that pages have seen since the start.
        """
        workspace = self._workspace()
        if workspace is None or workspace.built_index is None:
            return None
        with self._mapping:
            if self._map is None or self._map[0] is not workspace:
                self._map = workspace, RomMap(workspace)
            self._map[1].see(update)
            found = self._map[1].cells(cells)
        return {"kinds": ROM_KINDS, "cells": base64.b64encode(found.tobytes()).decode()}

    def pointers(self, codec: str, offset: int) -> dict[str, Any] | None:
        """As in `Describer`.

        `start` is the kind of evidence for the start, null if no block is known there; `evidence` as in `halscope scan
        --json`, null if the start is not proven; `snes` has the console's address of each of its `places`.
        """
        workspace = self._workspace()
        index = None if workspace is None else workspace.built_index
        if workspace is None or index is None:
            return None
        if codec not in [one.name for one in workspace.codecs()]:
            raise UsageError(f"{codec!r} is no codec that this ROM is searched with")
        start = index.start_of(codec, offset)
        evidence = None if start is None else start_evidence(workspace, codec, offset, start)
        places = () if evidence is None else evidence.places
        return {
            "start": start,
            "evidence": None if evidence is None else evidence.describe(),
            "snes": [workspace.rom.to_snes(place) for place in places],
        }

    def raw(self, offset: int, length: int) -> dict[str, Any] | None:
        """As in `Describer`.

        `bytes` is their base64, fewer at the end of the ROM; `snes` the console's address of the first one, null if
        there is none, and `size` the ROM's. Edits in the running game are in them.
        """
        workspace = self._workspace()
        if workspace is None:
            return None
        rom = workspace.running.rom or workspace.rom
        size = int(rom.data.size)
        part = rom.data[offset : offset + length]
        address = rom.to_snes(offset) if offset < size else None
        return {"bytes": base64.b64encode(part.tobytes()).decode(), "snes": address, "size": size}

    def block(self, update: Update, codec: str, offset: int) -> dict[str, Any] | None:
        """As in `Describer`.

        `pixels` is the base64 of width × height bytes, each an index into `colours` ([red, green, blue] each).
        `colours_from` is null for greys. `cells` has for each tile [x, y, offset in the decoded block], and `vram` for
        each that is there [that offset, VRAM byte address]; `seen` are the offsets of those that were there since the
        start.
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
            "seen": self.seen.of(codec, offset),
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
    """Run work on the session's preview pool, without blocking the event loop. Raises what it raises.

    A HalscopeError is the answer to who asks, so it is no failed job, which all pages would be told of.
    """
    await _begun(session)
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()

    def tell(_: Job[tuple[T] | HalscopeError]) -> None:
        loop.call_soon_threadsafe(lambda: None if ended.done() else ended.set_result(None))

    def answer(_: object) -> tuple[T] | HalscopeError:
        try:
            return (work(),)
        except HalscopeError as error:
            return error

    job = session.preview(name, answer, key=key)
    job.add_done_callback(tell)
    await ended
    found = job.result(0)
    if isinstance(found, HalscopeError):
        raise found
    return found[0]


async def _begun(session: Session) -> None:
    """Wait until the game's thread, which is the host's, has begun the session. Raises HostError if it does not."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _BEGIN_SECONDS
    while session.state is State.NEW:
        if loop.time() >= until:
            raise HostError("the game has shown no frame yet; ask again when it runs")
        await asyncio.sleep(_LOOK_SECONDS)


def _unless_last(value: dict[str, Any], last: str) -> dict[str, Any]:
    """Return a value, or its name alone if the page has it."""
    return {"name": last} if value["name"] == last else value


def _place(origin: Origin) -> int:
    return origin.block_offset + (origin.byte_offset if origin.codec == RAW_CODEC else 0)
