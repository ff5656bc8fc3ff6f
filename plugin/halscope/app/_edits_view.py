"""The edits of a running game, for people who look at them: what each wrote, how full its blocks are, what was said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from halscope_hooks import RAW_CODEC

from halscope.app._edit_steps import step_changes
from halscope.app._edited_files import is_palette
from halscope.app._rom_edits import RomEdits
from halscope.inject import COLOURS, BlockEdit, read_sheet
from halscope.ppu.cgram import to_rgb
from halscope.project import Edit, step_picture
from halscope.rom.mapping import snes_text

NewsKind = Literal["applied", "shown", "refused", "undone", "note"]
MOST_NEWS: Final = 40
"""Lines that are kept for a page that comes later."""
_MOST_PLACES: Final = 8


@dataclass(frozen=True, slots=True)
class EditNews:
    """A line about the edits of a running game.

    Args:
        kind: "applied" (a saved file is in the game), "shown" (the game shows it), "refused" (it is not in the game),
            "undone" (a step was undone, redone or reverted), or "note".
        text: The line.
        sheet: The file in the watched folder that it is about; empty for none.
    """

    kind: NewsKind
    text: str
    sheet: str = ""


@dataclass(frozen=True, slots=True)
class WrittenBlock:
    """A block that an edit changes, or all its uncompressed tiles or colours together.

    Args:
        codec: Codec of the block, or "raw".
        block_offset: File offset of the block in the headerless image; for "raw" of the first tile.
        tiles: Tiles that change.
        colours: Colours that change.
        packed: Size in bytes of the block with all edits.
        room: Bytes that it had in the ROM, and that stand unused behind it where it takes some of them.
        moved_to: File offset of the new place, or `None`.
        places: What the ROM's bytes are written at: file offsets [begin, end).
        pointers: File offsets of the pointers that are rewritten.
        snes: The address of the block's first byte for the console, as text.
    """

    codec: str
    block_offset: int
    tiles: int
    colours: int
    packed: int
    room: int
    moved_to: int | None
    places: tuple[tuple[int, int], ...]
    pointers: tuple[int, ...]
    snes: str

    @property
    def text(self) -> str:
        """Say how full the block is: `1,204 of 1,251 bytes`."""
        if self.codec == RAW_CODEC:
            return f"{self.packed:,} bytes"
        moved = "" if self.moved_to is None else f", moved to {self.moved_to:#x}"
        return f"{self.packed:,} of {self.room:,} bytes{moved}"


@dataclass(frozen=True, slots=True)
class EditView:
    """An edit in the list.

    Args:
        id: Its id, which `revert` takes.
        sheet: Its file in the watched folder, or its path.
        made: When it was saved last, ISO 8601.
        state: "applied": the game contains it; "waiting": it is written as soon as the game takes it.
        palette: Whether it is a palette.
        blocks: What it writes; empty while it waits.
    """

    id: int
    sheet: str
    made: str
    state: Literal["applied", "waiting"]
    palette: bool
    blocks: tuple[WrittenBlock, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A change of one edit in the history.

    Args:
        step: Number of the step, from 1.
        what: "made", "changed" or "reverted".
        id: The edit's id.
        sheet: Its file.
        made: When it was saved, ISO 8601.
        undone: Whether the step is undone now.
    """

    step: int
    what: Literal["made", "changed", "reverted"]
    id: int
    sheet: str
    made: str
    undone: bool


@dataclass(frozen=True, slots=True)
class EditsView:
    """All edits of the running game.

    Args:
        folder: The watched folder; `None` for none.
        project: The project's folder; `None` for none.
        undo: Number of steps that can be undone.
        redo: Number of steps that can be done again.
        edits: The edits, in the order in which they were first saved.
        refused: Saved files that are not in the game, and why.
        steps: What each step changed, oldest first, also those that are undone.
        news: The last lines, oldest first.
    """

    folder: str | None
    project: str | None
    undo: int
    redo: int
    edits: tuple[EditView, ...]
    refused: Mapping[str, str]
    steps: tuple[Step, ...]
    news: tuple[EditNews, ...]

    def describe(self) -> dict[str, Any]:
        """Return the JSON form."""
        found = asdict(self)
        for edit, view in zip(found["edits"], self.edits, strict=True):
            for block, written in zip(edit["blocks"], view.blocks, strict=True):
                block["text"] = written.text
        return found


@dataclass(frozen=True, slots=True)
class EditPicture:
    """What an edit shows.

    Args:
        png: A PNG with the figure before the edit on the left, and after it on the right; `None` for a palette.
        before: The colours of the palette as `#rrggbb`, before the edit; empty for a sheet.
        after: The same after it.
    """

    png: bytes | None
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


def edit_picture(edit: Edit) -> EditPicture:
    """Return what an edit shows, from its file. Raises HalscopeError if that cannot be read."""
    if is_palette(edit.name):
        return EditPicture(
            None,
            *(
                tuple(
                    f"#{red:02x}{green:02x}{blue:02x}"
                    for words in colours
                    for red, green, blue in to_rgb(np.frombuffer(words, "<u2").astype(np.uint16)).tolist()
                )
                for colours in zip(*((change.old, change.new) for change in edit.sheet.changes), strict=True)
            ),
        )
    return EditPicture(step_picture(read_sheet(Path(edit.name), nearest=True).sheet, edit.sheet))


def sheet_in(folder: Path | None, name: str) -> str:
    """Return a file's path in the watched folder, or its whole path if it is elsewhere."""
    path = Path(name)
    return path.relative_to(folder).as_posix() if folder is not None and path.is_relative_to(folder) else name


def view_edits(running: RomEdits, folder: Path | None) -> tuple[EditView, ...]:
    """Return the edits of the ROM that runs.

    Args:
        running: The edits.
        folder: The watched folder.
    """
    blocks = {} if running.plan is None else {block.key: block for block in running.plan.blocks}
    applied = running.missing is None
    return tuple(
        EditView(
            edit.id,
            sheet_in(folder, edit.name),
            edit.made.isoformat(timespec="seconds"),
            "applied" if applied else "waiting",
            is_palette(edit.name),
            _written(running, edit, blocks) if applied else (),
        )
        for edit in running.kept.edits
    )


def view_steps(running: RomEdits, folder: Path | None) -> tuple[Step, ...]:
    """Return the history of the edits of the ROM that runs; arguments as for `view_edits`."""
    return tuple(
        Step(
            *(one.step, one.what, one.edit.id, sheet_in(folder, one.edit.name)),
            one.edit.made.isoformat(timespec="seconds"),
            one.undone,
        )
        for one in step_changes(running.kept)
    )


def _written(running: RomEdits, edit: Edit, blocks: Mapping[tuple[str, int], BlockEdit]) -> tuple[WrittenBlock, ...]:
    room = running.room
    raw: list[BlockEdit] = []
    found: list[WrittenBlock] = []
    for key, changes in edit.blocks.items():
        if key[0] == RAW_CODEC:
            raw += [block for block in blocks.values() if block.codec == RAW_CODEC and _holds(block, key[1])]
            continue
        block = blocks.get(key)
        if block is None:
            continue  # the ROM has these tiles already
        move = room.move_of(key)
        slack = room.slack.get(key, 0)
        places = block.ranges if move is None else ((move.new, move.new + move.size),)
        colours = sum(_colours(change.old, change.new) for change in changes if change.origin.transform == COLOURS)
        found.append(
            WrittenBlock(
                *key,
                sum(change.origin.transform != COLOURS for change in changes),
                colours,
                len(block.new_packed),
                block.old_packed_size + slack,
                None if move is None else move.new,
                places,
                () if move is None else tuple(one.reference.offset for one in move.pointers),
                f"${snes_text(running.workspace.rom.to_snes(key[1]))}",
            )
        )
    if raw:
        once = [*{block.block_offset: block for block in raw}.values()]
        first = min(block.block_offset for block in once)
        size = sum(block.old_packed_size for block in once)
        found.append(
            WrittenBlock(
                RAW_CODEC,
                first,
                sum(block.tiles for block in once),
                sum(block.colours for block in once),
                size,
                size,
                None,
                _joined([one for block in once for one in block.ranges])[:_MOST_PLACES],
                (),
                f"${snes_text(running.workspace.rom.to_snes(first))}",
            )
        )
    return tuple(found)


def _holds(block: BlockEdit, offset: int) -> bool:
    return any(begin <= offset < end for begin, end in block.ranges)


def _colours(old: bytes, new: bytes) -> int:
    return int((np.frombuffer(old, "<u2") != np.frombuffer(new, "<u2")).sum())


def _joined(ranges: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Return ranges with those joined that touch, ascending."""
    found: list[tuple[int, int]] = []
    for begin, end in sorted(ranges):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return tuple(found)
