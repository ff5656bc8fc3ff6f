"""The agreement of neighbouring tiles in plain Python: what `_codec.locate_support` must return, by its definition."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from halscope_hooks import TILE_BYTES

_ROW = 16
_WIDEST = 32
_FAR = 1 << 16


class Place(NamedTuple):
    """A tile's number, and its offset in the only source: the ROM."""

    tile: int
    at: int


def support(rom: bytes, tiles: Sequence[bytes], places: Sequence[Place]) -> list[tuple[int, int, int, int]]:
    """Return patch, run, width and gap of each place, which are all places of informative tiles in one source."""
    silent = [len(set(tile)) < 3 for tile in tiles]
    known = set(places)

    def holds(place: Place, tile: int) -> bool:
        at = place.at + (tile - place.tile) * TILE_BYTES
        return at >= 0 and rom[at : at + TILE_BYTES] == tiles[tile]

    def right_of(place: Place) -> int:
        tile = place.tile + 1
        while tile < len(tiles) and silent[tile] and holds(place, tile):
            tile += 1
        return tile

    def left_of(place: Place) -> int:
        tile = place.tile
        while tile > 0 and silent[tile - 1] and holds(place, tile - 1):
            tile -= 1
        return tile

    beside = {
        place: after
        for place in places
        if (after := Place(right_of(place), place.at + (right_of(place) - place.tile) * TILE_BYTES)) in known
    }
    runs = _sets(places, beside.items())
    patch, run, width = dict[Place, int](), dict[Place, int](), dict[Place, int]()
    best: dict[int, list[tuple[int, int, int]]] = {}
    joined: dict[Place, frozenset[Place]] = {}
    for place in places:
        one = runs[place]
        patch[place], width[place], joined[place] = len({p.tile for p in one}), 0, one
        run[place] = max(map(right_of, one)) - min(map(left_of, one))
    for rows in range(1, _WIDEST + 1):
        below = [(p, Place(p.tile + _ROW, p.at + rows * TILE_BYTES)) for p in places]
        sets = _sets(places, [*beside.items(), *(pair for pair in below if pair[1] in known)])
        for place in places:
            size = len({p.tile for p in sets[place]})
            if size > patch[place]:
                patch[place], width[place], joined[place] = size, rows, sets[place]
    for place in places:
        best.setdefault(place.tile, []).append((patch[place], run[place], -width[place]))
    likely = {p for p in places if (patch[p], run[p], -width[p]) == max(best[p.tile])}

    def gap_of(one: frozenset[Place]) -> int:
        first, last = min(one), max(one)
        ends = [(first, left_of(first) - 1), (last, right_of(last))]
        return min([_FAR, *(abs(p.at - end.at) for end, tile in ends for p in likely if p.tile == tile)])

    gaps = {place: sum(map(gap_of, {runs[p] for p in joined[place]})) for place in places}
    return [(patch[place], run[place], width[place], gaps[place]) for place in places]


def _sets(places: Sequence[Place], pairs: Iterable[tuple[Place, Place]]) -> dict[Place, frozenset[Place]]:
    """Return the set that each place is joined into by the pairs."""
    sets = {place: {place} for place in places}
    for one, other in pairs:
        if sets[one] is not sets[other]:
            sets[one] |= sets[other]
            for place in sets[other]:
                sets[place] = sets[one]
    return {place: frozenset(members) for place, members in sets.items()}
