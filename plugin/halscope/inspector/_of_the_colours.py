"""Questions about the colours in CGRAM: their places in the ROM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from halscope.inspector._asking import Asker, Question
    from halscope.inspector._messages import Request


async def _located(asker: Asker, _: Request) -> dict[str, Any] | None:
    return await asker.about("palettes", asker.describer.recolouring.located)


async def _colour(asker: Asker, request: Request) -> dict[str, Any] | None:
    colour, describe = request.integer("colour", 0, 255), asker.describer.recolouring.describe
    return await asker.about("colour", lambda update: describe(update, colour))


QUESTIONS: Final[dict[str, Question]] = {"palettes": _located, "colour": _colour}
