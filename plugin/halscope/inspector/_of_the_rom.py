"""Questions about the ROM: where a tile comes from, figures, blocks; and the sheet of a figure to edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from halscope.inspector._asking import Asker, Question
    from halscope.inspector._messages import Request


MOST_RAW: Final = 0x8000
"""Bytes of the ROM that a page may ask for at once."""
_LARGEST_ROM: Final = 1 << 24
_MODE_7: Final = 7  # as a depth


async def _origin(asker: Asker, request: Request) -> list[dict[str, Any]] | None:
    vram, bpp = request.integer("vram", 0, 0xFFFF), request.integer("bpp", 2, 8)
    origins = asker.describer.origins
    return await asker.about(
        *("origin", lambda update: origins(update, vram, "mode7" if bpp == _MODE_7 else bpp), request.id),
        request.frame(),
    )


async def _figures(asker: Asker, request: Request) -> list[dict[str, Any]] | None:
    return await asker.about("figures", asker.describer.figures, frame=request.frame())


async def _blocks(asker: Asker, _: Request) -> dict[str, Any] | None:
    return await asker.about("blocks", asker.describer.blocks)


async def _block(asker: Asker, request: Request) -> dict[str, Any] | None:
    codec, offset = request.text("codec"), request.integer("offset", 0, _LARGEST_ROM)
    describe = asker.describer.block
    return await asker.about("block", lambda update: describe(update, codec, offset), request.id)


async def _tile_origins(asker: Asker, request: Request) -> dict[str, Any] | None:
    last, describe = request.text("last"), asker.describer.tile_origins
    return await asker.about("tile_origins", lambda update: describe(update, last))


async def _in_vram(asker: Asker, request: Request) -> dict[str, Any] | None:
    last, describe = request.text("last"), asker.describer.in_vram
    return await asker.about("in_vram", lambda update: describe(update, last))


async def _rom_map(asker: Asker, request: Request) -> dict[str, Any] | None:
    cells, describe = request.integer("cells", 256, 16384), asker.describer.rom_map
    return await asker.about("rom_map", lambda update: describe(update, cells))


async def _pointers(asker: Asker, request: Request) -> dict[str, Any] | None:
    codec, offset = request.text("codec"), request.integer("offset", 0, _LARGEST_ROM)
    describe = asker.describer.pointers
    return await asker.about("pointers", lambda _: describe(codec, offset), request.id)


async def _raw(asker: Asker, request: Request) -> dict[str, Any] | None:
    offset, length = request.integer("offset", 0, _LARGEST_ROM), request.integer("length", 1, MOST_RAW)
    describe = asker.describer.raw
    return await asker.about("raw", lambda _: describe(offset, length), request.id)


async def _edit(asker: Asker, request: Request) -> str | None:
    sprite, edit = request.integer("sprite", 0, 127), asker.describer.edit
    return await asker.about("edit", lambda update: edit(update, sprite), request.id, request.frame())


QUESTIONS: Final[dict[str, Question]] = {
    "origin": _origin,
    "figures": _figures,
    "blocks": _blocks,
    "block": _block,
    "tile_origins": _tile_origins,
    "in_vram": _in_vram,
    "rom_map": _rom_map,
    "pointers": _pointers,
    "raw": _raw,
    "edit": _edit,
}
