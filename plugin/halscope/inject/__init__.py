"""Turn an edited PNG back into tiles, blocks and a verified patch."""

from halscope.inject._edited_before import each_with_edited_before, is_version, with_edited_before, yielding
from halscope.inject._lineage import edited_origins, on_original
from halscope.inject._sheet_edit import COLOURS, SheetEdit, Shown, as_read, edit_from_json, edit_to_json, sheet_edit
from halscope.inject._transforms import (
    MODE7_MAP,
    colours,
    shown_depth,
    shown_tiles,
    stored_bytes,
    stored_tile,
    transform_named,
)
from halscope.inject.builders import (
    grey_palette,
    sheet_from_block,
    sheet_from_metasprite,
    sheet_from_raw,
    sheet_from_sprite,
)
from halscope.inject.colour_edits import (
    ColourEdit,
    colours_before,
    colours_of_edit,
    edited_colours,
    origin_after,
    palette_edit,
)
from halscope.inject.edits import PROVEN_STARTS
from halscope.inject.layer import sheet_from_layer
from halscope.inject.layer_edit import edited
from halscope.inject.match import Misfit, MisfitError
from halscope.inject.model import Composition, LayerMap, place_of
from halscope.inject.palette_sheet import (
    SIDECAR_SUFFIX,
    PaletteColour,
    PaletteCopy,
    PaletteSheet,
    palette_of_edit,
    read_edited_palette,
    read_palette_sheet,
    source_path,
    write_palette_sheet,
)
from halscope.inject.place import apply_patch, to_patch
from halscope.inject.plan import BlockEdit, Change, EditPlan, TileIndex, plan_changes
from halscope.inject.png import read_picture
from halscope.inject.region import sheet_from_region
from halscope.inject.room import (
    Area,
    Move,
    Moved,
    PointerChange,
    RoomIndex,
    RoomOptions,
    RoomPlan,
    describe_room,
    free_areas,
    make_room,
    padding_read,
    slack_behind,
)
from halscope.inject.running_game import live_writes, rom_writes
from halscope.inject.sheet import Cell, EditedSheet, Sheet, picture_in_sheet, read_sheet, sidecar_path, write_sheet
from halscope.inject.split import TileChange
from halscope.inject.strip import StripPicture, sheet_from_strip

__all__ = [
    "COLOURS",
    "MODE7_MAP",
    "PROVEN_STARTS",
    "SIDECAR_SUFFIX",
    "Area",
    "BlockEdit",
    "Cell",
    "Change",
    "ColourEdit",
    "Composition",
    "EditPlan",
    "EditedSheet",
    "LayerMap",
    "Misfit",
    "MisfitError",
    "Move",
    "Moved",
    "PaletteColour",
    "PaletteCopy",
    "PaletteSheet",
    "PointerChange",
    "RoomIndex",
    "RoomOptions",
    "RoomPlan",
    "Sheet",
    "SheetEdit",
    "Shown",
    "StripPicture",
    "TileChange",
    "TileIndex",
    "apply_patch",
    "as_read",
    "colours",
    "colours_before",
    "colours_of_edit",
    "describe_room",
    "each_with_edited_before",
    "edit_from_json",
    "edit_to_json",
    "edited",
    "edited_colours",
    "edited_origins",
    "free_areas",
    "grey_palette",
    "is_version",
    "live_writes",
    "make_room",
    "on_original",
    "origin_after",
    "padding_read",
    "palette_edit",
    "palette_of_edit",
    "picture_in_sheet",
    "place_of",
    "plan_changes",
    "read_edited_palette",
    "read_palette_sheet",
    "read_picture",
    "read_sheet",
    "rom_writes",
    "sheet_edit",
    "sheet_from_block",
    "sheet_from_layer",
    "sheet_from_metasprite",
    "sheet_from_raw",
    "sheet_from_region",
    "sheet_from_sprite",
    "sheet_from_strip",
    "shown_depth",
    "shown_tiles",
    "sidecar_path",
    "slack_behind",
    "source_path",
    "stored_bytes",
    "stored_tile",
    "to_patch",
    "transform_named",
    "with_edited_before",
    "write_palette_sheet",
    "write_sheet",
    "yielding",
]
