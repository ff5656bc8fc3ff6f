"""Questions about the ROM: where a tile comes from, figures, blocks; and the sheet of a figure to edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from halscope.inspector._asking import Asker, Question
    from halscope.inspector._messages import Request


async def _origin(asker: Asker, request: Request) -> list[dict[str, Any]] | None:
    vram, bpp = request.integer("vram", 0, 0xFFFF), request.integer("bpp", 2, 8)
    origins = asker.describer.origins
    return await asker.about("origin", lambda update: origins(update, vram, bpp), request.id)


async def _figures(asker: Asker, _: Request) -> list[dict[str, Any]] | None:
    return await asker.about("figures", asker.describer.figures)


async def _blocks(asker: Asker, _: Request) -> dict[str, Any] | None:
    return await asker.about("blocks", asker.describer.blocks)


async def _block(asker: Asker, request: Request) -> dict[str, Any] | None:
    codec, offset = request.text("codec"), request.integer("offset", 0, 1 << 24)
    describe = asker.describer.block
    return await asker.about("block", lambda update: describe(update, codec, offset), request.id)


async def _edit(asker: Asker, request: Request) -> str | None:
    sprite, edit = request.integer("sprite", 0, 127), asker.describer.edit
    return await asker.about("edit", lambda update: edit(update, sprite))


QUESTIONS: Final[dict[str, Question]] = {
    "origin": _origin,
    "figures": _figures,
    "blocks": _blocks,
    "block": _block,
    "edit": _edit,
}
