"""Turn an edited PNG back into tiles, blocks and a verified patch."""

from halscope.inject._lineage import edited_origins, on_original
from halscope.inject._sheet_edit import SheetEdit, Shown, edit_from_json, edit_to_json, sheet_edit
from halscope.inject._transforms import colours, shown_depth, shown_tiles, stored_bytes, stored_tile, transform_named
from halscope.inject.builders import (
    grey_palette,
    sheet_from_block,
    sheet_from_metasprite,
    sheet_from_raw,
    sheet_from_sprite,
)
from halscope.inject.edits import PROVEN_STARTS
from halscope.inject.model import Composition
from halscope.inject.place import apply_patch, to_patch
from halscope.inject.plan import BlockEdit, Change, EditPlan, TileIndex, plan_changes, plan_edit, plan_edits
from halscope.inject.room import (
    Move,
    PointerChange,
    RoomIndex,
    RoomOptions,
    RoomPlan,
    describe_room,
    make_room,
    padding_read,
)
from halscope.inject.running_game import live_writes, rom_writes
from halscope.inject.sheet import Cell, EditedSheet, Sheet, read_sheet, sidecar_path, write_sheet
from halscope.inject.split import TileChange

__all__ = [
    "PROVEN_STARTS",
    "BlockEdit",
    "Cell",
    "Change",
    "Composition",
    "EditPlan",
    "EditedSheet",
    "Move",
    "PointerChange",
    "RoomIndex",
    "RoomOptions",
    "RoomPlan",
    "Sheet",
    "SheetEdit",
    "Shown",
    "TileChange",
    "TileIndex",
    "apply_patch",
    "colours",
    "describe_room",
    "edit_from_json",
    "edit_to_json",
    "edited_origins",
    "grey_palette",
    "live_writes",
    "make_room",
    "on_original",
    "padding_read",
    "plan_changes",
    "plan_edit",
    "plan_edits",
    "read_sheet",
    "rom_writes",
    "sheet_edit",
    "sheet_from_block",
    "sheet_from_metasprite",
    "sheet_from_raw",
    "sheet_from_sprite",
    "shown_depth",
    "shown_tiles",
    "sidecar_path",
    "stored_bytes",
    "stored_tile",
    "to_patch",
    "transform_named",
    "write_sheet",
]
