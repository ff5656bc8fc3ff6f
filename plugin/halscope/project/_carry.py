"""Carrying edits over to another build of the ROM: each block is found again by the bytes of its tiles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from halscope_hooks import NO_TRANSFORM, RAW_CODEC, TILE_BYTES, Codec, InjectError, Origin

from halscope.inject import (
    COLOURS,
    MODE7_MAP,
    PROVEN_STARTS,
    LayerMap,
    Moved,
    Sheet,
    SheetEdit,
    TileChange,
    TileIndex,
    as_read,
    stored_tile,
)
from halscope.project._carried_blocks import (
    Block,
    BlockFinder,
    Known,
    Place,
    block_of,
    is_telling,
    moved_origin,
    named,
    offset_in,
)
from halscope.project._carried_colours import LostColoursError, are_plain_colours, places_of_colours
from halscope.project._edit_list import Edit
from halscope.project._state import LeftEdit, LeftState, ProjectState, RomBase
from halscope.rom.image import Rom


@dataclass(frozen=True, slots=True)
class CarriedEdit:
    """What became of the changes of a sheet.

    Args:
        edit: The changes in the new ROM, or `None` if that has no place for them.
        sheet: Its sheet in the new ROM, if it was given.
        moved: Whether any of its tiles are elsewhere than before.
        left: Why the new ROM has no place for it; "there" if it has the edited tiles already.
        reason: The same in words.
        places: Where each of its blocks is in the new ROM, if that has a place for it.
    """

    edit: SheetEdit | None
    sheet: Sheet | None = None
    moved: bool = False
    left: LeftState = "lost"
    reason: str = ""
    places: Mapping[Block, Place] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CarriedProject:
    """A project in another ROM.

    Args:
        state: The project, whose base is the new ROM.
        sheets: The sheets that differ from those of the project before, by name.
        moved: Ids of the edits of which tiles are elsewhere than before.
        returned: Ids of edits that the ROM before had no place for.
    """

    state: ProjectState
    sheets: Mapping[str, Sheet]
    moved: frozenset[int] = frozenset()
    returned: frozenset[int] = frozenset()


def carry_over(
    state: ProjectState,
    sheet: Callable[[str], Sheet | None],
    rom: Rom,
    codecs: Sequence[Codec],
    index: TileIndex,
    *,
    force: bool = False,
) -> CarriedProject:
    """Return the project with another ROM as its base.

    Each edit keeps its id and its history. An edit of the current state that cannot be carried over is left aside with
    the reason, and returns with the first ROM that has its tiles again. Older versions that cannot be carried over are
    dropped from the history.

    Args:
        state: The project.
        sheet: Returns the sheet of this name, or `None`.
        rom: The new ROM.
        codecs: The codecs of the new ROM.
        index: The index of the new ROM.
        force: Also carry edits into blocks whose start is not proven.
    """
    if rom.sha256 == state.base.sha256:
        return CarriedProject(state, {})
    ground = _Ground(rom, codecs, index, force=force)
    carried = {edit: ground.carry(edit.sheet, _of_its_rom(edit, sheet)) for edit in state.versions()}

    def new(edit: Edit) -> Edit | None:
        changes = carried[edit].edit
        return None if changes is None else replace(edit, sheet=changes)

    edits = state.edits.mapped(new, rom.sha256)
    ids, names = {edit.id for edit in edits.edits}, {edit.name for edit in edits.edits}
    left: list[LeftEdit] = []
    returned: list[Edit] = []
    for edit in (*state.edits.edits, *(one.edit for one in state.left)):
        now = new(edit)
        if now is None:
            left.append(LeftEdit(edit, carried[edit].reason, carried[edit].left))
        elif edit.id in ids:
            continue
        elif edit.name in names:
            left.append(LeftEdit(edit, "its sheet has another edit now"))
        else:
            returned.append(now)
            ids.add(edit.id)
            names.add(edit.name)
    edits = edits.restore(returned)
    lineage = tuple(past for past in (*state.lineage, state.base) if past.sha256 != rom.sha256)
    waiting = {one.edit.name for one in left} - {edit.name for edit in edits.edits}
    sheets = {old.name: one.sheet for old, one in carried.items() if one.sheet is not None and old.name not in waiting}
    return CarriedProject(
        ProjectState(RomBase.of(rom), edits, lineage, tuple(left), _carry_moved(state, carried)),
        sheets,
        frozenset(edit.id for edit in state.edits.edits if carried[edit].moved),
        frozenset(edit.id for edit in returned),
    )


def carry_edit(
    edit: SheetEdit, sheet: Sheet | None, rom: Rom, codecs: Sequence[Codec], index: TileIndex, *, force: bool = False
) -> tuple[SheetEdit, Sheet | None]:
    """Return the changes of a sheet, and the sheet if there is one, in another ROM. Arguments as for `carry_over`.

    Raises:
        InjectError: The ROM has no place for them; the message says why.
    """
    carried = _Ground(rom, codecs, index, force=force).carry(edit, sheet)
    if carried.edit is None:
        raise InjectError(f"{edit.name}: was exported from another build of {rom.name}, and {carried.reason}")
    return carried.edit, carried.sheet


def _carry_moved(state: ProjectState, carried: Mapping[Edit, CarriedEdit]) -> tuple[Moved, ...]:
    """Return where moved blocks have been put, as of the new ROM. Those of no carried edit are left out, and those that
    the new ROM itself has there."""
    places: dict[Block, Place] = {}
    for step in (*state.edits.states, state.edits.edits):  # the current edits last: they count most
        for edit in step:
            places |= carried[edit].places
    moved: dict[tuple[str, int], Moved] = {}
    for before in state.moved:
        place = places.get(Block(before.codec, before.old))
        if place is not None and place.block.codec == before.codec and place.block.offset != before.new:
            now = before._replace(old=place.block.offset)
            moved.setdefault(now.key, now)
    return tuple(sorted(moved.values()))


def _of_its_rom(edit: Edit, sheet: Callable[[str], Sheet | None]) -> Sheet | None:
    """Return an edit's sheet, unless it was exported from another ROM than the edit is of: then it was painted anew."""
    its = sheet(edit.name)
    return None if its is None or its.rom_sha256 != edit.sheet.rom_sha256 else its


class _Ground:
    """A ROM that edits are carried over to."""

    def __init__(self, rom: Rom, codecs: Sequence[Codec], index: TileIndex, *, force: bool) -> None:
        self._rom = rom
        self._force = force
        self._finder = BlockFinder(rom, codecs, index)

    def carry(self, edit: SheetEdit, sheet: Sheet | None) -> CarriedEdit:
        """Carry the changes of a sheet over, and the sheet."""
        try:
            places = self._places(edit, sheet)
        except _NoPlaceError as error:
            return CarriedEdit(None, left=error.left, reason=str(error))
        changes = tuple(replace(change, origin=moved_origin(change.origin, places)) for change in edit.changes)
        moved = any(place.shift or place.block != block for block, place in places.items())
        carried = None if sheet is None else self._carry_sheet(sheet, places)
        new = replace(edit, rom_sha256=self._rom.sha256, changes=changes)
        carried_edit = new if carried is None or edit.places is None else as_read(new, carried)
        return CarriedEdit(carried_edit, carried, moved, places=places)

    def _places(self, edit: SheetEdit, sheet: Sheet | None) -> dict[Block, Place]:
        """Return where each block of an edit is now. Raises _NoPlaceError."""
        known = self._known(edit.changes, sheet)
        places: dict[Block, Place] = {}
        for block, tiles in known.items():
            if not tiles.needed:
                continue
            found = self._finder.find(block, tiles)
            if found is None and block.codec == RAW_CODEC and are_plain_colours(edit.changes):
                places |= self._colour_places(block, edit)
                continue
            if found is None:
                raise self._no_place(block, edit, sheet)
            if not self._finder.is_sure(found) and (there := self._moved_with_edit(block, edit, sheet)) is not None:
                raise _there(there.block)
            proven = found.start in (None, *PROVEN_STARTS) or found.block.codec == RAW_CODEC
            if not proven and not self._force:
                raise _NoPlaceError(
                    f"its tiles are in the {named(found.block)} of this ROM, but the only evidence that it begins "
                    f"there is {found.start!r}; play the ROM, which proves what is shown, or repeat with --force"
                )
            places[block] = found
        return places

    def _colour_places(self, block: Block, edit: SheetEdit) -> dict[Block, Place]:
        """Return where each run of uncompressed colours is now. Raises _NoPlaceError."""
        try:
            return places_of_colours(self._finder, edit.changes)
        except LostColoursError as error:
            lost = self._no_place(block, edit, None)
            raise (lost if lost.left == "there" else _NoPlaceError(str(error))) from None

    def _no_place(self, block: Block, edit: SheetEdit, sheet: Sheet | None) -> _NoPlaceError:
        edited = _edited(edit)
        there = self._finder.find(block, self._known(edited, None)[block]) or (
            None if sheet is None else self._finder.find(block, self._known(edited, sheet)[block])
        )
        if there is not None:
            return _there(there.block)
        tiles = self._known(edit.changes, sheet)[block]
        if block.codec != RAW_CODEC and self._finder.is_short(tiles):
            return _NoPlaceError(self._too_few(block, tiles))
        old = self._finder.content(block)
        if old is None:
            return _NoPlaceError(f"there is no {named(block)} any more, and its tiles are nowhere in this ROM")
        return _NoPlaceError(f"the {named(block)} has other tiles now, and those that were edited are nowhere")

    def _too_few(self, block: Block, tiles: Known) -> str:
        """Return why a few bytes of a packed block have no place."""
        count = sum(1 for _ in self._finder.proven_blocks(block.codec, tiles))
        size = sum(len(data) for data in tiles.needed.values())
        gone = f"the {named(block)} has other bytes now"
        if not count:
            return f"{gone}, and the {size} that were edited are in no block whose start is proven"
        if not is_telling(tiles.needed.values()):
            return f"{gone}, and the {size} that were edited cannot be told from others: fewer than three words differ"
        return f"{gone}, and the {size} that were edited are in {count} blocks: it is not known which was edited"

    def _moved_with_edit(self, block: Block, edit: SheetEdit, sheet: Sheet | None) -> Place | None:
        """Return the proven place that a block was moved to with the edit in it, or `None`. Its old bytes stay where
        they were."""
        tiles = self._known(_edited(edit), sheet)[block]
        return next(self._finder.copies(block, tiles), None) if all(tiles.needed.values()) else None

    def _carry_sheet(self, sheet: Sheet, places: Mapping[Block, Place]) -> Sheet:
        """Return the sheet in the new ROM. Tiles and parts of a map that are not where their block is are locked."""
        every = dict(places)
        for block, tiles in self._known((), sheet).items():
            if block not in every and (found := self._finder.find(block, tiles)) is not None:
                every[block] = found
        cells = tuple(
            replace(cell, origin=self._proven(cell.origin, cell.original, sheet, every)) for cell in sheet.cells
        )
        layer = sheet.map
        if layer is not None:
            origins = tuple(self._proven(origin, words, sheet, every) for origin, words in _map_units(layer))
            layer = replace(layer, origins=origins)
        return replace(sheet, cells=cells, map=layer, rom_sha256=self._rom.sha256)

    def _proven(self, origin: Origin | None, tile: bytes, sheet: Sheet, places: Mapping[Block, Place]) -> Origin | None:
        """Return an origin in the new ROM, or `None` if its bytes are not there."""
        if origin is None or block_of(origin) not in places:
            return None
        moved = moved_origin(origin, places)
        stored = stored_tile(moved.transform, tile, sheet.known_transforms)
        content, at = self._finder.content(block_of(moved)), offset_in(moved)
        if stored is None or content is None or at < 0 or content[at : at + len(stored)] != stored:
            return None
        return moved

    def _known(self, changes: Sequence[TileChange], sheet: Sheet | None) -> dict[Block, Known]:
        known: dict[Block, Known] = {}
        tiles = [(change.origin, change.old, True) for change in changes]
        if sheet is not None:
            tiles += [(cell.origin, cell.original, False) for cell in sheet.cells if cell.origin is not None]
        if sheet is not None and sheet.map is not None:
            tiles += [(origin, words, False) for origin, words in _map_units(sheet.map) if origin is not None]
        transforms = self._rom.transforms if sheet is None else (*self._rom.transforms, *sheet.transforms)
        for origin, tile, needed in tiles:
            one = known.setdefault(block_of(origin), Known())
            try:
                stored = tile if origin.transform == COLOURS else stored_tile(origin.transform, tile, transforms)
            except InjectError:  # a transform that only the other ROM's game file describes
                stored = None
            if stored is not None:
                (one.needed if needed else one.others)[offset_in(origin)] = stored
                if origin.transform not in (NO_TRANSFORM, COLOURS, MODE7_MAP) and len(tile) == TILE_BYTES:
                    one.shown.append((offset_in(origin), tile, origin.transform))
            elif needed:
                one.needed[offset_in(origin)] = b""  # is nowhere
        return known


class _NoPlaceError(Exception):
    """The ROM has no place for an edit."""

    def __init__(self, reason: str, left: LeftState = "lost") -> None:
        super().__init__(reason)
        self.left = left


def _there(block: Block) -> _NoPlaceError:
    return _NoPlaceError(f"the {named(block)} of this ROM has the edited tiles already", "there")


def _edited(edit: SheetEdit) -> tuple[TileChange, ...]:
    """Return the changes that would take an edit back."""
    return tuple(replace(change, old=change.new, new=change.old) for change in edit.changes)


def _map_units(layer: LayerMap) -> Iterator[tuple[Origin | None, bytes]]:
    """Yield the parts of a map, 32 bytes each, with their origins."""
    return ((origin, unit.tobytes()) for origin, unit in zip(layer.origins, layer.units(), strict=True))
