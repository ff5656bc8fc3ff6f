"""Questions about colours and registers: places of colours in the ROM, colours tried and stored, registers in words."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from halscope_hooks import CGRAM_COLOURS, Host, HostError, PpuRegisters, UsageError

from halscope.formats.palettes import is_exact, parse_palette
from halscope.ppu import describe_registers

if TYPE_CHECKING:
    from halscope.inspector._asking import Asker, Question
    from halscope.inspector._messages import Request


async def _located(asker: Asker, _: Request) -> dict[str, Any] | None:
    return await asker.about("palettes", lambda update: asker.describer.recolouring.located(update.snapshot))


async def _colour(asker: Asker, request: Request) -> dict[str, Any] | None:
    colour, describe = request.integer("colour", 0, CGRAM_COLOURS - 1), asker.describer.recolouring.describe
    return await asker.about("colour", lambda update: describe(update.snapshot, colour), request.id)


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
    edits = asker.edits

    def write(host: Host) -> None:
        host.write(writes)
        if edits is not None:
            edits.wrote(writes)

    await asker.game(write)


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


async def _palette_file(asker: Asker, request: Request) -> dict[str, Any] | None:
    """Read a palette file that the page has sent; colours that the console lacks become the nearest."""
    name, data = request.text("name"), asker.uploads.take(request.text("upload"))

    def read(_: object) -> dict[str, Any]:
        palette = parse_palette(data, name)
        colours = palette.colours(nearest=True)
        exact = palette.words is not None or is_exact(palette.rgb)
        return {"format": palette.format, "colours": colours.tolist(), "exact": exact}

    return await asker.about("palette_file", read, request.id)


async def _registers(asker: Asker, request: Request) -> list[dict[str, Any]] | None:
    known = [one.name for one in fields(PpuRegisters)]
    only = None if request.fields.get("only") is None else request.names("only", known)
    update = asker.update
    return None if update is None else describe_registers(update.snapshot.ppu, only)


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
    "palette_file": _palette_file,
    "registers": _registers,
}
