"""Questions about the colours in CGRAM: their places in the ROM; colours that are tried, and stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from halscope_hooks import CGRAM_COLOURS, HostError, UsageError

if TYPE_CHECKING:
    from halscope.inspector._asking import Asker, Question
    from halscope.inspector._messages import Request


async def _located(asker: Asker, _: Request) -> dict[str, Any] | None:
    return await asker.about("palettes", lambda update: asker.describer.recolouring.located(update.snapshot))


async def _colour(asker: Asker, request: Request) -> dict[str, Any] | None:
    colour, describe = request.integer("colour", 0, CGRAM_COLOURS - 1), asker.describer.recolouring.describe
    return await asker.about("colour", lambda update: describe(update.snapshot, colour))


async def _try(asker: Asker, request: Request) -> None:
    colours, ends = _colours(request), request.flag("end")
    desk, info = asker.describer.recolouring, asker.session.info
    writes = await asker.about("try", lambda update: desk.attempt(update.snapshot, colours, info), request.id)
    if ends:
        desk.end()
    if not writes:
        raise HostError(
            f"{info.emulator} does not let its colours be written: the game shows them once they are stored and it "
            "loads them again"
        )
    await asker.game(lambda host: host.write(writes))


async def _store(asker: Asker, request: Request) -> dict[str, Any] | None:
    colours, everywhere, store = _colours(request), request.flag("everywhere"), asker.describer.recolouring.store
    place = None
    if request.fields.get("codec") is not None:
        place = (
            request.text("codec"),
            request.integer("block_offset", 0, 1 << 24),
            request.integer("byte_offset", 0, 0xFFFF),
        )
    return await asker.about(
        "store", lambda update: store(update.snapshot, colours, everywhere=everywhere, place=place), request.id
    )


def _colours(request: Request) -> dict[int, int]:
    """Return the colours of a request, number in CGRAM → BGR555. Raises UsageError."""
    value = request.fields.get("colours")
    pairs = value if isinstance(value, list) and 0 < len(value) <= CGRAM_COLOURS else []
    found = {
        one[0]: one[1]
        for one in pairs
        if isinstance(one, list) and len(one) == 2 and all(type(each) is int for each in one)
    }
    if not found or len(found) < len(pairs):
        raise UsageError(f"{request.kind}: colours is no list of pairs [number in CGRAM, BGR555]")
    return found


QUESTIONS: Final[dict[str, Question]] = {
    "palettes": _located,
    "colour": _colour,
    "try_colours": _try,
    "store_colours": _store,
}
