"""Questions that paint: what is pointed at as palette indices, saved as its sheet in the watched folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from halscope.inspector._asking import Asker, Question
    from halscope.inspector._messages import Request

_LONGEST_SIDE: Final = 4096


async def _painting(asker: Asker, request: Request) -> dict[str, Any] | None:
    """Open a sprite's figure, a tile in VRAM, a block, or an opened sheet again."""
    pixels = asker.describer.pixels
    if "name" in request.fields:
        name, revision = request.text("name"), request.text("revision")
        return await asker.about("painting", lambda _: pixels.again(name, revision), request.id)
    if "sprite" in request.fields:
        sprite = request.integer("sprite", 0, 127)
        return await asker.about(
            "painting", lambda update: pixels.of_sprite(update, sprite), request.id, request.frame()
        )
    if "vram" in request.fields:
        vram, bpp = request.integer("vram", 0, 0xFFFF), request.integer("bpp", 2, 8)
        return await asker.about("painting", lambda update: pixels.of_tile(update, vram, bpp), request.id)
    codec, offset = request.text("codec"), request.integer("offset", 0, 1 << 24)
    return await asker.about("painting", lambda update: pixels.of_block(update, codec, offset), request.id)


async def _paint(asker: Asker, request: Request) -> dict[str, str] | None:
    name, revision, text = request.text("name"), request.text("revision"), request.text("pixels")
    size = request.integer("width", 1, _LONGEST_SIDE), request.integer("height", 1, _LONGEST_SIDE)
    save = asker.describer.pixels.save
    return await asker.about("paint", lambda _: save(name, revision, size, text), request.id)


async def _mend(asker: Asker, request: Request) -> dict[str, Any] | None:
    name, mend = request.text("name"), asker.describer.pixels.mend
    return await asker.about("mend", lambda _: mend(name), request.id)


QUESTIONS: Final[dict[str, Question]] = {"painting": _painting, "paint": _paint, "mend": _mend}
