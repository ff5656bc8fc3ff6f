"""Plans of edited sheets, as tests make them. The product plans edits of files, which may be palettes too."""

from collections.abc import Sequence
from dataclasses import replace

from halscope.inject import EditedSheet, EditPlan, TileIndex, plan_changes, sheet_edit
from halscope.rom.image import Rom
from halscope_hooks import CancelSignal, Codec


def plan_edit(
    rom: Rom,
    codecs: Sequence[Codec],
    edited: EditedSheet,
    *,
    index: TileIndex | None = None,
    force: bool = False,
    everywhere: bool = False,
    cancel: CancelSignal | None = None,
) -> EditPlan:
    """Plan the edit of one sheet; see `plan_changes`."""
    return plan_edits(rom, codecs, [edited], index=index, force=force, everywhere=everywhere, cancel=cancel)


def plan_edits(
    rom: Rom,
    codecs: Sequence[Codec],
    edited: Sequence[EditedSheet],
    *,
    index: TileIndex | None = None,
    force: bool = False,
    everywhere: bool = False,
    cancel: CancelSignal | None = None,
) -> EditPlan:
    """Plan the edits of several sheets; see `plan_changes`."""
    edits = [replace(sheet_edit(one), everywhere=everywhere) for one in edited]
    return plan_changes(rom, codecs, edits, index=index, force=force, cancel=cancel)
