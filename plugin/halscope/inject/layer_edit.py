"""Split an edited layer into edited tiles and map entries: what is there already is used again, also mirrored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple, NoReturn

import numpy as np
from halscope_hooks import InjectError, Origin
from numpy.typing import NDArray

from halscope.inject.model import TILE, EditedSheet, LayerMap, Sheet
from halscope.inject.split import TileChange, changed_tiles
from halscope.ppu.tilemap import HFLIP, NUMBER, PALETTE_SHIFT, VFLIP
from halscope.ppu.tiles import encode_tiles

_FLIPS: Final = ((0, 0), (HFLIP, 0), (0, VFLIP), (HFLIP, VFLIP))
_NAMED: Final = 8


def layer_changes(edited: EditedSheet) -> tuple[TileChange, ...]:
    """Find the tiles and the map entries that an edited layer changes.

    An entry that now looks like another tile of the layer, also mirrored or in another palette, is pointed at that
    tile. What remains of a tile's entries shows the edited tile; if they were edited in several ways, the others get
    tiles that no entry shows any more. Entries whose place in the ROM is not known cannot be pointed anywhere: then
    only their tile is edited.

    Returns:
        One change for each tile, in the order of the sheet's cells, then one for each 32 bytes of the map.

    Raises:
        InjectError: A tile that cannot be changed was painted, an entry has colours of several palettes, or the layer
            needs more tiles than it has. The message names the places.
    """
    sheet = edited.sheet
    if sheet.map is None or not any(origin is not None for origin in sheet.map.origins):
        return changed_tiles(edited)
    layer = _Layer(edited, sheet.map)
    if not layer.changed:
        return ()
    return layer.changes()


class _Use(NamedTuple):
    """What an entry is to show: the number of a tile, flips, and the number of a palette."""

    number: int
    flips: int
    palette: int


@dataclass(slots=True, eq=False)
class _Layer:
    edited: EditedSheet
    map: LayerMap
    changed: dict[int, NDArray[np.uint8]] = field(default_factory=dict)
    """The entries that were painted: the pictures that they are to show, as stored with the entry's flips."""
    palettes: dict[int, int] = field(default_factory=dict)
    """Their palettes."""
    shown: dict[int, NDArray[np.uint8]] = field(default_factory=dict)
    """The picture of each tile number as stored; with large entries, of all of its tiles."""
    entries: dict[int, list[int]] = field(default_factory=dict)
    """The entries of each tile number."""

    def __post_init__(self) -> None:
        before = _stored(self.sheet.composition.pixels & np.uint8(self.sheet.colours - 1), self)
        after, palettes = self._painted()
        for entry, word in enumerate(self.map.words):
            number = word & NUMBER
            self.entries.setdefault(number, []).append(entry)
            self.shown.setdefault(number, before[entry])
        own = np.array([self.map.palettes.index(self._palette(word)) for word in self.map.words])
        differs = (before != after).any(axis=(1, 2)) | (own != palettes)
        for entry in np.flatnonzero(differs).tolist():
            self.changed[entry] = after[entry]
            self.palettes[entry] = int(palettes[entry])

    @property
    def sheet(self) -> Sheet:
        return self.edited.sheet

    def _palette(self, word: int) -> int:
        return 0 if self.sheet.bpp == 8 else word >> PALETTE_SHIFT & 7

    def place(self, entry: int) -> str:
        """The place of an entry in the picture."""
        cells = self.sheet.cells[entry * self.map.tiles : (entry + 1) * self.map.tiles]
        return f"({min(cell.x for cell in cells)}, {min(cell.y for cell in cells)})"

    def _painted(self) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Return the pictures of all entries as stored, uint8[n, h, w], and their palettes, int64[n].

        Raises InjectError if an entry has colours of several palettes.
        """
        sheet, pixels = self.sheet, self.edited.pixels
        after = _stored(pixels & np.uint8(sheet.colours - 1), self)
        slots = _stored(pixels.astype(np.int32) // sheet.colours, self)
        own = np.array([self.map.palettes.index(self._palette(word)) for word in self.map.words])
        foreign = ((slots != own[:, None, None]) & (after != 0)).any(axis=(1, 2))
        for entry in np.flatnonzero(foreign).tolist():
            colours = sheet.palettes[slots[entry], after[entry]]
            found = self._in_one_palette(colours, after[entry] != 0)
            if found is None or not self.can_point(entry):
                why = "which is not in one palette" if found is None else "and its map entry cannot be changed"
                raise InjectError(
                    f"{self.edited.name}: the tile at {self.place(entry)} is painted in colours of another palette, "
                    f"{why}; paint it in the colours that it had"
                )
            own[entry], after[entry] = found
        return after, own

    def _in_one_palette(
        self, colours: NDArray[np.uint16], opaque: NDArray[np.bool_]
    ) -> tuple[int, NDArray[np.uint8]] | None:
        """Return the palette that has all of these colours, and the picture in it."""
        for slot, palette in enumerate(self.sheet.palettes):
            match = colours[:, :, None] == palette[None, None, 1:]
            if match.any(axis=2)[opaque].all():
                return slot, np.where(opaque, match.argmax(axis=2) + 1, 0).astype(np.uint8)
        return None

    def can_point(self, entry: int) -> bool:
        """Whether an entry can be pointed at another tile."""
        return self.map.origins[entry // self.map.unit_entries] is not None

    def changes(self) -> tuple[TileChange, ...]:
        """Return the changes of tiles and of the map."""
        uses: dict[int, _Use] = {}
        for entry, palette in self.palettes.items():
            word = self.map.words[entry]
            if palette != self.map.palettes.index(self._palette(word)):
                uses[entry] = _Use(word & NUMBER, word & (HFLIP | VFLIP), palette)
        painted: dict[int, list[int]] = {}
        for entry in self.changed:
            if (self.changed[entry] != self.shown[self.map.words[entry] & NUMBER]).any():
                painted.setdefault(self.map.words[entry] & NUMBER, []).append(entry)
        kept = self._used_again(painted, uses)
        new: dict[int, NDArray[np.uint8]] = {}
        homeless: list[tuple[int, list[int]]] = []  # a tile number, and entries with one more picture of their own
        for number, rest in kept.items():
            wanted = sorted(rest.values(), key=lambda entries: (-len(entries), entries[0]))
            new[number] = self.changed[wanted[0][0]]
            homeless += [(number, entries) for entries in wanted[1:]]
        free = iter(self._free_numbers(uses, new))
        for number, entries in homeless:
            spare = next(free, None) if all(self.can_point(entry) for entry in entries) else None
            if spare is None:
                self._refuse(number, homeless)
            new[spare] = self.changed[entries[0]]
            for entry in entries:
                uses[entry] = _Use(spare, self.map.words[entry] & (HFLIP | VFLIP), self.palettes[entry])
        return (*self._tile_changes(new), *self._map_changes(uses))

    def _used_again(self, painted: dict[int, list[int]], uses: dict[int, _Use]) -> dict[int, dict[bytes, list[int]]]:
        """Point entries at tiles that look so already and stay as they are.

        Args:
            painted: The painted entries of each tile number.
            uses: Gets what the entries show that were pointed at a tile.

        Returns:
            The entries that are left, by tile number and picture.
        """
        edited: set[int] = set()
        while True:
            pictures = self._pictures_but(edited)
            found: dict[int, _Use] = {}
            left: dict[int, dict[bytes, list[int]]] = {}
            for number, editors in painted.items():
                for entry in editors:
                    known = pictures.get(self.changed[entry].tobytes()) if self.can_point(entry) else None
                    if known is None:
                        left.setdefault(number, {}).setdefault(self.changed[entry].tobytes(), []).append(entry)
                    else:
                        flips = self.map.words[entry] & (HFLIP | VFLIP)
                        found[entry] = _Use(known[0], flips ^ known[1], self.palettes[entry])
            if left.keys() <= edited:
                uses.update(found)
                return left
            edited |= left.keys()  # their tiles change, so nothing may be pointed at them

    def _pictures_but(self, edited: Set[int]) -> dict[bytes, tuple[int, int]]:
        """Return all tiles but those of some numbers by their pictures, also mirrored: the number and the flips."""
        keys = {self._key(cell) for number in edited for cell in self._cells(number)}
        pictures: dict[bytes, tuple[int, int]] = {}
        mirrored = _FLIPS if self.map.entry_bytes == 2 else _FLIPS[:1]  # mode 7 has no flips
        for flips in mirrored:  # a tile that need not be mirrored is found first
            for number, picture in self.shown.items():
                if number not in edited and not any(self._key(cell) in keys for cell in self._cells(number)):
                    pictures.setdefault(_flipped(picture, sum(flips)).tobytes(), (number, sum(flips)))
        return pictures

    def _cells(self, number: int) -> range:
        """Return the cells of the first entry of a tile number."""
        first = self.entries[number][0] * self.map.tiles
        return range(first, first + self.map.tiles)

    def _key(self, cell: int) -> Origin | int | None:
        """What two cells have in common that show the same tile of the ROM, or else of VRAM."""
        one = self.sheet.cells[cell]
        return one.vram_byte if one.origin is None else one.origin

    def _free_numbers(self, uses: dict[int, _Use], new: dict[int, NDArray[np.uint8]]) -> Iterator[int]:
        """Yield the tile numbers that no entry shows any more, and whose tiles nothing else of the layer shows."""
        kept = Counter(
            self._key(cell)
            for entry, word in enumerate(self.map.words)
            if uses.get(entry, _Use(word & NUMBER, 0, 0)).number == word & NUMBER
            for cell in range(entry * self.map.tiles, (entry + 1) * self.map.tiles)
        )
        targets = {use.number for use in uses.values()}
        for number in self.shown:
            cells = self._cells(number)
            is_free = not any(kept[self._key(cell)] for cell in cells)
            can_change = all(self.sheet.cells[cell].origin is not None for cell in cells)
            if is_free and can_change and number not in targets and number not in new:
                yield number

    def _refuse(self, number: int, homeless: Sequence[tuple[int, list[int]]]) -> NoReturn:
        ways = [entries for of, entries in homeless if of == number]
        first = next(entry for entry in self.entries[number] if entry in self.changed)
        places = [self.place(entry) for entry in (first, *(entry for entries in ways for entry in entries))]
        shown = ", ".join(places[:_NAMED]) + (", ..." if len(places) > _NAMED else "")
        stuck = [entry for entries in ways for entry in entries if not self.can_point(entry)]
        why = (
            f"the place of the map entry at {self.place(stuck[0])} in the ROM is not known, so it cannot show another"
            if stuck
            else f"the layer needs {len(homeless)} tiles more than it has"
        )
        raise InjectError(
            f"{self.edited.name}: the cells at {shown} show one tile of the ROM, and were painted in {len(ways) + 1} "
            f"ways: {why}; paint them alike, or like other tiles of the layer"
        )

    def _tile_changes(self, new: dict[int, NDArray[np.uint8]]) -> Iterator[TileChange]:
        sheet = self.sheet
        changed: dict[Origin | int | None, tuple[int, bytes]] = {}
        for number, picture in new.items():
            for part, tile in enumerate(self._parts(picture)):
                cell = self._number_cells(number)[part]
                if tile == sheet.cells[cell].tile:
                    continue
                if sheet.cells[cell].origin is None:
                    raise InjectError(
                        f"{self.edited.name}: the painted tile at {sheet.cells[cell].place} has no known place in the "
                        "ROM and cannot be changed; undo the painting there"
                    )
                other = changed.setdefault(self._key(cell), (cell, tile))
                if other[1] != tile:
                    raise InjectError(
                        f"{self.edited.name}: the tiles at {sheet.cells[other[0]].place} and {sheet.cells[cell].place} "
                        "are one tile in the ROM, but were edited in different ways; paint both the same"
                    )
        if not changed:
            return
        users: dict[Origin | int | None, list[int]] = {}
        for cell in range(len(sheet.cells)):
            if (key := self._key(cell)) in changed:
                users.setdefault(key, []).append(cell)
        for key, cells in users.items():
            first, tile = sheet.cells[cells[0]], changed[key][1]
            vram = {at for cell in cells if (at := sheet.cells[cell].vram_byte) is not None}
            assert first.origin is not None
            yield TileChange(first.origin, first.tile, tile, tuple(cells), tuple(sorted(vram)))

    def _number_cells(self, number: int) -> list[int]:
        """Return the cells of a tile number in the order in which its tiles are stored: row by row, not mirrored."""
        word = self.map.words[self.entries[number][0]]
        cells = np.array(self._cells(number)).reshape(self.map.rows, self.map.columns)
        return _flipped(cells, word).reshape(-1).tolist()

    def _parts(self, picture: NDArray[np.uint8]) -> list[bytes]:
        """Return the tiles of a picture as stored, row by row."""
        rows, columns = self.map.rows, self.map.columns
        tiles = picture.reshape(rows, TILE, columns, TILE).swapaxes(1, 2).reshape(-1, TILE, TILE)
        return [row.tobytes() for row in encode_tiles(tiles, self.sheet.bpp)]

    def _map_changes(self, uses: dict[int, _Use]) -> Iterator[TileChange]:
        """Yield the changed parts of the map, 32 bytes each."""
        words = list(self.map.words)
        for entry, use in uses.items():
            kept = words[entry] & ~(NUMBER | HFLIP | VFLIP | (0 if self.sheet.bpp == 8 else 7 << PALETTE_SHIFT))
            palette = 0 if self.sheet.bpp == 8 else self.map.palettes[use.palette] << PALETTE_SHIFT
            words[entry] = kept | use.number | use.flips | palette
        old, new = self.map.units(), self.map.units(words)
        for unit in np.flatnonzero((old != new).any(axis=1)).tolist():
            origin = self.map.origins[unit]
            assert origin is not None
            at = self.map.unit_vram_byte(unit)
            yield TileChange(origin, old[unit].tobytes(), new[unit].tobytes(), (), (at,))


def _stored[Item: np.generic](picture: NDArray[Item], layer: _Layer) -> NDArray[Item]:
    """Return what a picture of the layer shows at each entry, [n, h, w], without the entry's flips."""
    cells = layer.sheet.cells[:: layer.map.tiles]  # the upper left one of each entry comes first
    high, wide = TILE * layer.map.rows, TILE * layer.map.columns
    rows = np.array([cell.y for cell in cells])[:, None] + np.arange(high)
    columns = np.array([cell.x for cell in cells])[:, None] + np.arange(wide)
    parts = picture[rows[:, :, None], columns[:, None, :]]
    words = np.array(layer.map.words)[:, None, None]
    parts = np.where(words & HFLIP, parts[:, :, ::-1], parts)
    return np.ascontiguousarray(np.where(words & VFLIP, parts[:, ::-1], parts))


def _flipped[Item: np.generic](picture: NDArray[Item], word: int) -> NDArray[Item]:
    """Return a picture with the flips of a map entry."""
    return np.ascontiguousarray(picture[:: -1 if word & VFLIP else 1, :: -1 if word & HFLIP else 1])


def edited(sheet: Sheet, changes: Sequence[TileChange]) -> Sheet:
    """Return a sheet as changes leave it: with the new tiles, and in a layer with the new entries of the map.

    Changes of tiles and parts of the map that the sheet does not have are left out.
    """
    tiles: dict[tuple[Origin | None, bytes], bytes] = {(one.origin, one.old): one.new for one in changes}
    cells = tuple(replace(cell, tile=tiles.get((cell.origin, cell.original), cell.tile)) for cell in sheet.cells)
    if sheet.map is None:
        return replace(sheet, cells=cells)
    layer = sheet.map
    new = b"".join(
        tiles.get((origin, unit.tobytes()), unit.tobytes())
        for origin, unit in zip(layer.origins, layer.units(), strict=True)
    )
    numbers: dict[int, int] = {}  # the first entry of each tile number
    for entry, word in enumerate(layer.words):
        numbers.setdefault(word & NUMBER, entry)
    result, words = list(cells), list(layer.words)
    for entry, word in enumerate(layer.entries(new)):
        first = numbers.get(word & NUMBER)
        if word == layer.words[entry] or first is None:
            continue
        words[entry] = word
        sources = np.arange(first * layer.tiles, (first + 1) * layer.tiles).reshape(layer.rows, layer.columns)
        stored = _flipped(sources, layer.words[first])
        palette = 0 if sheet.bpp == 8 else layer.palettes.index(word >> PALETTE_SHIFT & 7)
        for part, source in enumerate(_flipped(stored, word).reshape(-1).tolist()):
            at, shown = entry * layer.tiles + part, cells[source]
            result[at] = replace(
                shown,
                x=cells[at].x,
                y=cells[at].y,
                hflip=bool(word & HFLIP),
                vflip=bool(word & VFLIP),
                palette=palette,
            )
    return replace(sheet, cells=tuple(result), map=replace(layer, words=tuple(words)))
