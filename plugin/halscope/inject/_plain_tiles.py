"""Give blank and one-coloured tiles the place beside the tiles that they stand beside in VRAM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from halscope_hooks import TILE_BYTES, Codec, Frame, Origin, VramOrigins

from halscope.inject._transforms import stored_tile
from halscope.inject.settle import PAGE_SIDE, Content, origin_at, place_of
from halscope.rom.image import Rom


def place_plain_tiles(
    frame: Frame, settled: Mapping[int, Origin | None], origins: VramOrigins, rom: Rom, codecs: Sequence[Codec]
) -> dict[int, Origin | None]:
    """Derive the origins of plain tiles from the nearest known tile to their left and right.

    A plain tile says nothing by itself. But what is side by side in VRAM is mostly consecutive in its block: if the
    bytes are there, at a place that no other tile of the same rows comes from, the tile is that one. Where both sides
    name different places it stays unknown.

    Args:
        frame: The decoded frame.
        settled: The origins of the sprites' tiles so far, by VRAM tile number.
        origins: Origins of the tiles in its VRAM.
        rom: The ROM.
        codecs: The codecs that the origins name.

    Returns:
        The origins, with those that could be derived.
    """
    result = dict(settled)
    content = Content(rom, codecs)
    for number in [number for number, origin in settled.items() if origin is None and not origins.informative[number]]:
        found = {place for step in (-1, 1) if (place := _beside(frame, number, step, settled, origins, content))}
        if len(found) == 1 and not found & _claimed(number, settled, origins):
            (result[number],) = found
    return result


def _beside(
    frame: Frame,
    number: int,
    step: int,
    settled: Mapping[int, Origin | None],
    origins: VramOrigins,
    content: Content,
) -> Origin | None:
    """Return the place that the nearest known tile on one side gives a plain tile, if all plain tiles between fit."""
    row = number // PAGE_SIDE
    plain = [number]
    other = number + step
    while other // PAGE_SIDE == row and other >= 0:
        known = _origin(other, settled, origins)
        if known is not None:
            source, at = place_of(known)
            places = [(tile, at - (other - tile) * source.tile_bytes) for tile in plain]
            if all(_holds(frame, tile, content, known, place) for tile, place in places):
                return origin_at(source, known.start, places[0][1])
            return None
        if origins.informative[other]:
            return None
        plain.append(other)
        other += step
    return None


def _holds(frame: Frame, tile: int, content: Content, known: Origin, place: int) -> bool:
    source, _ = place_of(known)
    data = frame.snapshot.vram[tile * TILE_BYTES :][:TILE_BYTES].tobytes()
    stored = stored_tile(source.transform, data)
    return place >= 0 and stored is not None and content[source][place : place + source.tile_bytes] == stored


def _origin(number: int, settled: Mapping[int, Origin | None], origins: VramOrigins) -> Origin | None:
    if settled.get(number) is not None:
        return settled[number]
    best = origins.at(number * TILE_BYTES) if origins.informative[number] else ()
    return best[0] if best else None


def _claimed(number: int, settled: Mapping[int, Origin | None], origins: VramOrigins) -> set[Origin]:
    """Return the places of the known tiles in this row of the page, the one above and the one below."""
    first = (number // PAGE_SIDE - 1) * PAGE_SIDE
    rows = range(max(0, first), min(len(origins.origins), first + 3 * PAGE_SIDE))
    return {origin for tile in rows if (origin := _origin(tile, settled, origins)) is not None}
