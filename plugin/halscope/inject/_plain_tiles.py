"""Give blank and one-coloured tiles the place beside the tiles that they stand beside in VRAM."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from halscope_hooks import TILE_BYTES, Codec, Frame, Origin, VramOrigins

from halscope.inject._transforms import stored_tile
from halscope.inject.settle import PAGE_SIDE, WIDEST_ROW, Content, origin_at
from halscope.rom.image import Rom


def place_plain_tiles(
    frame: Frame, settled: Mapping[int, Origin | None], origins: VramOrigins, rom: Rom, codecs: Sequence[Codec]
) -> dict[int, Origin | None]:
    """Derive the origins of plain tiles from the nearest known tiles beside them in VRAM.

    A plain tile says nothing by itself. But what is side by side in VRAM is mostly consecutive in its block: if the
    bytes are there, at a place that no other tile of the same rows comes from, the tile is that one. Where neither side
    says anything, the tiles above and below do: the rows of a block are as far apart as the next two known ones. Where
    two sides name different places it stays unknown.

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
    alone: list[int] = []
    for number in [number for number, origin in settled.items() if origin is None and not origins.informative[number]]:
        found = {place for step in (-1, 1) if (place := _beside(frame, number, step, settled, origins, content))}
        if len(found) == 1 and not found & _claimed(number, settled, origins):
            (result[number],) = found
        elif not found:
            alone.append(number)
    given = {origin for origin in result.values() if origin is not None}
    vertical: dict[int, Origin] = {}
    for number in alone:
        found = {place for step in (-1, 1) if (place := _above(frame, number, step, result, origins, content))}
        if len(found) == 1 and not found & (_claimed(number, result, origins) | given):
            (vertical[number],) = found
    named = Counter(vertical.values())  # a place that two tiles would get is neither's
    return result | {number: origin for number, origin in vertical.items() if named[origin] == 1}


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
            source, at = content.place_of(known)
            places = [(tile, at - (other - tile) * source.tile_bytes) for tile in plain]
            if all(_holds(frame, tile, content, known, place) for tile, place in places):
                return origin_at(source, known.start, places[0][1])
            return None
        if origins.informative[other]:
            return None
        plain.append(other)
        other += step
    return None


def _above(
    frame: Frame,
    number: int,
    step: int,
    settled: Mapping[int, Origin | None],
    origins: VramOrigins,
    content: Content,
) -> Origin | None:
    """Return the place that the nearest known tile above (step -1) or below (1) gives a plain tile.

    The row distance is that between this tile and the one beyond it, which must be of the same block.
    """
    plain = [number]
    other = number + step * PAGE_SIDE
    while _in_page(other, number) and _origin(other, settled, origins) is None:
        if origins.informative[other]:
            return None
        plain.append(other)
        other += step * PAGE_SIDE
    beyond = other + step * PAGE_SIDE
    if not (_in_page(other, number) and _in_page(beyond, number)):
        return None
    known, next_known = _origin(other, settled, origins), _origin(beyond, settled, origins)
    if known is None or next_known is None:
        return None
    (source, at), (next_source, next_at) = content.place_of(known), content.place_of(next_known)
    distance = (next_at - at) * step
    if source != next_source or distance % source.tile_bytes or not 0 < distance <= WIDEST_ROW * source.tile_bytes:
        return None
    places = [(tile, at - (len(plain) - row) * step * distance) for row, tile in enumerate(plain)]
    if all(_holds(frame, tile, content, known, place) for tile, place in places):
        return origin_at(source, known.start, places[0][1])
    return None


def _in_page(tile: int, number: int) -> bool:
    """Whether a tile is in the same page of 16 × 16 tiles as another one."""
    return tile // PAGE_SIDE**2 == number // PAGE_SIDE**2


def _holds(frame: Frame, tile: int, content: Content, known: Origin, place: int) -> bool:
    source, _ = content.place_of(known)
    data = frame.snapshot.vram[tile * TILE_BYTES :][:TILE_BYTES].tobytes()
    stored = stored_tile(source.transform, data, content.transforms)
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
