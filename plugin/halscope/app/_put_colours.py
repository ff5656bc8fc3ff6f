"""Single colours that are changed in a project, without a palette file."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final, NamedTuple

from halscope_hooks import RAW_CODEC, InjectError, Origin, UsageError

from halscope.app._project import ProjectPatch, carried_project
from halscope.app._put_sheets import put_edits
from halscope.app._workspace import Workspace
from halscope.inject import ColourEdit, PaletteSheet, SheetEdit, colours_of_edit, origin_after, palette_edit
from halscope.project import Edit, Project

_COLOUR: Final = 0x7FFF
_ROW: Final = 16
_NAME: Final = "palettes/set-"


class _Colour(NamedTuple):
    """A colour before and after, as words."""

    old: int
    new: int

    @property
    def differs(self) -> bool:
        return bool((self.old ^ self.new) & _COLOUR)


def put_colours(
    project: Project, workspace: Workspace, sheet: PaletteSheet, colours: Mapping[int, int], *, force: bool = False
) -> ProjectPatch:
    """Change single colours in a project that is open for changes. All colours that were changed so from one place on
    are one edit; one that gets the ROM's value again is no longer changed. The last value of a colour counts.

    Args:
        project: The project. If the ROM is another build than its base, it becomes the base.
        workspace: The ROM.
        sheet: Consecutive colours of the ROM.
        colours: BGR555 by the index in `sheet`.
        force: Also edit a block whose start is not proven.

    Raises:
        UsageError: Another edit of the project makes one of them another colour.
        InjectError: No colour is changed, or the edit cannot be placed; nothing is written.
        HalscopeError: The project cannot be written.
    """
    first = sheet.colours[0].origin
    assert first is not None
    carried = carried_project(project, workspace, force=force)
    edits = carried.state.edits
    name = _name(first)
    before = edits.find(name)
    changed = {} if before is None else dict(_colours(before.sheet, first))
    changed |= {index: _Colour(sheet.colours[index].word, word) for index, word in colours.items()}
    changed = {index: one for index, one in sorted(changed.items()) if one.differs}
    if not changed and before is None:
        raise InjectError(f"{project.folder}: nothing to do: no colour was changed")
    fresh = [palette_edit(name, sheet.title, sheet.rom_sha256, [*_runs(workspace, changed, first)])]
    for other in edits.edits:
        if other.name == name:
            continue
        if other.name.startswith(_NAME):
            fresh += _without(workspace, other, colours, first)
        else:
            _refuse_other_colour(project, other, changed, first)
    return put_edits(project, workspace, carried, fresh, {}, force=force)


def _name(origin: Origin) -> str:
    inside = "" if origin.codec == RAW_CODEC else f"-{origin.byte_offset:03x}"
    return f"{_NAME}{origin.codec}-{origin.block_offset:06x}{inside}.gpl"


def _colours(edit: SheetEdit, first: Origin) -> Iterator[tuple[int, _Colour]]:
    """Yield the colours that an edit changes in the data of an origin, by their index from there on."""
    for run in colours_of_edit(edit):
        if run.origin.codec != first.codec:
            continue
        raw = first.codec == RAW_CODEC
        if not raw and run.origin.block_offset != first.block_offset:
            continue
        apart = run.origin.block_offset - first.block_offset if raw else run.origin.byte_offset - first.byte_offset
        for number, (old, new) in enumerate(zip(run.old.tolist(), run.new.tolist(), strict=True)):
            if apart % 2 == 0 and _Colour(old, new).differs:
                yield apart // 2 + number, _Colour(old, new)


def _without(workspace: Workspace, other: Edit, colours: Collection[int], first: Origin) -> Iterator[SheetEdit]:
    """Yield what is left of an edit that was set from another place on, if it has any of these colours."""
    theirs = dict(_colours(other.sheet, first))
    left = {index: one for index, one in sorted(theirs.items()) if index not in colours}
    if len(left) < len(theirs):
        yield palette_edit(other.name, other.sheet.title, other.sheet.rom_sha256, [*_runs(workspace, left, first)])


def _refuse_other_colour(project: Project, other: Edit, changed: Mapping[int, _Colour], first: Origin) -> None:
    for index, theirs in _colours(other.sheet, first):
        mine = changed.get(index)
        if mine is not None and (mine.new ^ theirs.new) & _COLOUR:
            raise UsageError(
                f"{project.folder}: edit {other.id}, {other.name}, makes colour {index} ${theirs.new & _COLOUR:04x} "
                f"already; change it there, or take that edit back with `halscope project revert {project.folder} "
                f"{other.id}`"
            )


def _runs(workspace: Workspace, changed: Mapping[int, _Colour], first: Origin) -> Iterator[ColourEdit]:
    """Yield rows of sixteen colours with those that change: by all sixteen they are found in another build."""
    for row in sorted({index // _ROW for index in changed}):
        origin = origin_after(first, 2 * _ROW * row)
        old = workspace.colours().colours_at(origin, _ROW)
        new = old.copy()
        for at in range(len(old)):
            if (one := changed.get(_ROW * row + at)) is not None:
                new[at] = one.new
        yield ColourEdit(origin, old, new)
