"""The application: builds the plugins and composes the other packages. Only this package does so.

Names are imported on first use, so that a command loads only the rooms that it needs.
"""

from __future__ import annotations

TYPE_CHECKING = False  # importing `typing` would cost more than the rest of this module
if TYPE_CHECKING:
    from halscope.app._animation import write_animation
    from halscope.app._attach import LiveAttach, Target, found_emulators, host_script, watch_frames
    from halscope.app._attached_rom import AttachedRom
    from halscope.app._block_layout import BlockOptions, OriginDescriber, describe_layout, listed_layouts
    from halscope.app._block_picture import BlockPicture, block_picture, places_in_vram, shown_blocks
    from halscope.app._collecting import COLLECTED_KINDS, CollectedKind, Collecting
    from halscope.app._compare import (
        ChangedSprite,
        ComparedMoments,
        changed_sprites,
        compare_files,
        compared_pictures,
        moment_of,
    )
    from halscope.app._controls import Controls
    from halscope.app._coverage_run import measure_coverage
    from halscope.app._doctor import examine
    from halscope.app._doctor_cores import Check
    from halscope.app._doubts import judged_doubts
    from halscope.app._dropped import Dropped, put_picture, put_picture_on
    from halscope.app._edit_steps import STEP_ACTIONS, StepAction, StepChange, step_changes, stepped
    from halscope.app._edits_view import EditNews, EditPicture, EditsView, EditView, Step, WrittenBlock
    from halscope.app._export import export_blocks, write_assembly, write_labels
    from halscope.app._extract import (
        RegionOptions,
        extract_blocks,
        extract_layers,
        extract_raw,
        extract_region,
        extract_sprites,
        extract_strips,
        write_page,
    )
    from halscope.app._figure_rows import FigureRow, figure_rows, palette_texts
    from halscope.app._game_run import (
        BUTTONS,
        Game,
        Press,
        open_game,
        open_host,
        open_recording,
        play_frames,
        record_game,
    )
    from halscope.app._host_start import HostStart
    from halscope.app._image_editor import open_in_editor
    from halscope.app._index_page import check_page
    from halscope.app._indexing import index_meanwhile, report_indexing
    from halscope.app._inject import Injection, inject
    from halscope.app._inspect import Inspection, inspect_files
    from halscope.app._kept_frames import LiveFrames, RecordedFrames
    from halscope.app._known_figures import figure_with, known_figures, merge_figures, name_figure, split_figure
    from halscope.app._known_game import KnownGame
    from halscope.app._limits import MOST_PAINTED, MOST_PICTURE_BYTES
    from halscope.app._listed_blocks import LISTED_SCORE, ListedBlock, bare_stream, to_rom_offset
    from halscope.app._live_edits import LiveEdits
    from halscope.app._live_patch import PATCH_SUFFIXES, ExportedPatch, PatchSuffix
    from halscope.app._live_project import LiveProject
    from halscope.app._moment_sheet import frame_with_sprites, write_moment_sheet
    from halscope.app._moments import all_states, check_rom, missing_end, one_state, recorded_frame, sampled_frames
    from halscope.app._outlining import EDITED, Outlining
    from halscope.app._painting import Painting, Paintings, UnfitSheet
    from halscope.app._palette_places import MomentColours, describe_palettes, palette_places, rgb_text
    from halscope.app._palettes import (
        colours_of_moment,
        frames_before,
        inject_colour_edits,
        inject_palettes,
        palette_name,
        palette_of_moment,
        palette_of_rom,
    )
    from halscope.app._past import Past, picture_of
    from halscope.app._patch_files import block_fill, check_output, pointer_line
    from halscope.app._pictures import Source, on_screen, write_frame_pictures
    from halscope.app._play import Play
    from halscope.app._project import (
        EditRow,
        ProjectPatch,
        apply_project,
        carried_project,
        edit_rows,
        keep_knowledge,
        learn_from_project,
        rebase_lines,
        rebase_project,
        use_project_knowledge,
    )
    from halscope.app._put_colours import put_colours
    from halscope.app._put_sheets import put_sheets
    from halscope.app._recolour import Recolouring
    from halscope.app._reduce import Reduced, reduce_pictures
    from halscope.app._regroup import Figure, Regrouping
    from halscope.app._rom_map import ROM_KINDS, RomMap, RomRange, tile_states, tiles_in_vram
    from halscope.app._rom_notes import learn_cdl, learn_labels
    from halscope.app._run_truth import COMPARED_LIVE, SAMPLED, SAMPLED_LIVE, JudgedFrame, RunTruth
    from halscope.app._scene import Scene, watch_reads
    from halscope.app._searching import TileSearch
    from halscope.app._seen_tiles import SeenTiles
    from halscope.app._shown_blocks import ShownBlocks
    from halscope.app._shown_edits import AppliedEdit
    from halscope.app._sprite_sheet import sheet_of_sprite
    from halscope.app._start_evidence import Evidence, Proven, count_proven, start_evidence
    from halscope.app._start_watch import StartWatch
    from halscope.app._state_ring import last_frame
    from halscope.app._tile_layout import TileLayout, origin_line, tile_layout, tile_origins
    from halscope.app._timeline import Timeline
    from halscope.app._tour import run_tour
    from halscope.app._tour_report import TourReport
    from halscope.app._uses import BlockUse, FigureUse, SheetUse, TileUses, block_use, uses_in_sheets, uses_of_tile
    from halscope.app._workspace import Workspace
    from halscope.plugins import BuiltIn, Grants, Loaded, Manifest, Plugins, Refusal

    plugin: BuiltIn
    """The entry point that `manifest.json` names: the object to register with a plugin manager."""

__all__ = [
    "BUTTONS",
    "COLLECTED_KINDS",
    "COMPARED_LIVE",
    "EDITED",
    "LISTED_SCORE",
    "MOST_PAINTED",
    "MOST_PICTURE_BYTES",
    "PATCH_SUFFIXES",
    "ROM_KINDS",
    "SAMPLED",
    "SAMPLED_LIVE",
    "STEP_ACTIONS",
    "AppliedEdit",
    "AttachedRom",
    "BlockOptions",
    "BlockPicture",
    "BlockUse",
    "BuiltIn",
    "ChangedSprite",
    "Check",
    "CollectedKind",
    "Collecting",
    "ComparedMoments",
    "Controls",
    "Dropped",
    "EditNews",
    "EditPicture",
    "EditRow",
    "EditView",
    "EditsView",
    "Evidence",
    "ExportedPatch",
    "Figure",
    "FigureRow",
    "FigureUse",
    "Game",
    "Grants",
    "HostStart",
    "Injection",
    "Inspection",
    "JudgedFrame",
    "KnownGame",
    "ListedBlock",
    "LiveAttach",
    "LiveEdits",
    "LiveFrames",
    "LiveProject",
    "Loaded",
    "Manifest",
    "MomentColours",
    "OriginDescriber",
    "Outlining",
    "Painting",
    "Paintings",
    "Past",
    "PatchSuffix",
    "Play",
    "Plugins",
    "Press",
    "ProjectPatch",
    "Proven",
    "Recolouring",
    "RecordedFrames",
    "Reduced",
    "Refusal",
    "RegionOptions",
    "Regrouping",
    "RomMap",
    "RomRange",
    "RunTruth",
    "Scene",
    "SeenTiles",
    "SheetUse",
    "ShownBlocks",
    "Source",
    "StartWatch",
    "Step",
    "StepAction",
    "StepChange",
    "Target",
    "TileLayout",
    "TileSearch",
    "TileUses",
    "Timeline",
    "TourReport",
    "UnfitSheet",
    "Workspace",
    "WrittenBlock",
    "all_states",
    "apply_project",
    "bare_stream",
    "block_fill",
    "block_picture",
    "block_use",
    "carried_project",
    "changed_sprites",
    "check_output",
    "check_page",
    "check_rom",
    "colours_of_moment",
    "compare_files",
    "compared_pictures",
    "count_proven",
    "describe_layout",
    "describe_palettes",
    "edit_rows",
    "examine",
    "export_blocks",
    "extract_blocks",
    "extract_layers",
    "extract_raw",
    "extract_region",
    "extract_sprites",
    "extract_strips",
    "figure_rows",
    "figure_with",
    "found_emulators",
    "frame_with_sprites",
    "frames_before",
    "host_script",
    "index_meanwhile",
    "inject",
    "inject_colour_edits",
    "inject_palettes",
    "inspect_files",
    "judged_doubts",
    "keep_knowledge",
    "known_figures",
    "last_frame",
    "learn_cdl",
    "learn_from_project",
    "learn_labels",
    "listed_layouts",
    "measure_coverage",
    "merge_figures",
    "missing_end",
    "moment_of",
    "name_figure",
    "on_screen",
    "one_state",
    "open_game",
    "open_host",
    "open_in_editor",
    "open_recording",
    "origin_line",
    "palette_name",
    "palette_of_moment",
    "palette_of_rom",
    "palette_places",
    "palette_texts",
    "picture_of",
    "places_in_vram",
    "play_frames",
    "plugin",
    "pointer_line",
    "put_colours",
    "put_picture",
    "put_picture_on",
    "put_sheets",
    "rebase_lines",
    "rebase_project",
    "record_game",
    "recorded_frame",
    "reduce_pictures",
    "report_indexing",
    "rgb_text",
    "run_tour",
    "sampled_frames",
    "sheet_of_sprite",
    "shown_blocks",
    "split_figure",
    "start_evidence",
    "step_changes",
    "stepped",
    "tile_layout",
    "tile_origins",
    "tile_states",
    "tiles_in_vram",
    "to_rom_offset",
    "use_project_knowledge",
    "uses_in_sheets",
    "uses_of_tile",
    "watch_frames",
    "watch_reads",
    "write_animation",
    "write_assembly",
    "write_frame_pictures",
    "write_labels",
    "write_moment_sheet",
    "write_page",
]

_MODULES = {
    "all_states": "halscope.app._moments",
    "TileSearch": "halscope.app._searching",
    "last_frame": "halscope.app._state_ring",
    "picture_of": "halscope.app._past",
    "ChangedSprite": "halscope.app._compare",
    "ComparedMoments": "halscope.app._compare",
    "changed_sprites": "halscope.app._compare",
    "compare_files": "halscope.app._compare",
    "compared_pictures": "halscope.app._compare",
    "moment_of": "halscope.app._compare",
    "LiveFrames": "halscope.app._kept_frames",
    "Past": "halscope.app._past",
    "RecordedFrames": "halscope.app._kept_frames",
    "Timeline": "halscope.app._timeline",
    "judged_doubts": "halscope.app._doubts",
    "Dropped": "halscope.app._dropped",
    "put_picture": "halscope.app._dropped",
    "put_picture_on": "halscope.app._dropped",
    "BlockUse": "halscope.app._uses",
    "FigureUse": "halscope.app._uses",
    "SheetUse": "halscope.app._uses",
    "TileUses": "halscope.app._uses",
    "block_use": "halscope.app._uses",
    "uses_in_sheets": "halscope.app._uses",
    "uses_of_tile": "halscope.app._uses",
    "ExportedPatch": "halscope.app._live_patch",
    "PATCH_SUFFIXES": "halscope.app._live_patch",
    "PatchSuffix": "halscope.app._live_patch",
    "STEP_ACTIONS": "halscope.app._edit_steps",
    "StepAction": "halscope.app._edit_steps",
    "StepChange": "halscope.app._edit_steps",
    "step_changes": "halscope.app._edit_steps",
    "stepped": "halscope.app._edit_steps",
    "EditNews": "halscope.app._edits_view",
    "EditPicture": "halscope.app._edits_view",
    "EditsView": "halscope.app._edits_view",
    "EditView": "halscope.app._edits_view",
    "Step": "halscope.app._edits_view",
    "WrittenBlock": "halscope.app._edits_view",
    "reduce_pictures": "halscope.app._reduce",
    "Reduced": "halscope.app._reduce",
    "palette_of_rom": "halscope.app._palettes",
    "palette_of_moment": "halscope.app._palettes",
    "palette_name": "halscope.app._palettes",
    "inject_palettes": "halscope.app._palettes",
    "inject_colour_edits": "halscope.app._palettes",
    "frames_before": "halscope.app._palettes",
    "colours_of_moment": "halscope.app._palettes",
    "MomentColours": "halscope.app._palette_places",
    "describe_palettes": "halscope.app._palette_places",
    "palette_places": "halscope.app._palette_places",
    "rgb_text": "halscope.app._palette_places",
    "AttachedRom": "halscope.app._attached_rom",
    "Recolouring": "halscope.app._recolour",
    "BUTTONS": "halscope.app._game_run",
    "EDITED": "halscope.app._outlining",
    "BlockOptions": "halscope.app._block_layout",
    "OriginDescriber": "halscope.app._block_layout",
    "BuiltIn": "halscope.plugins",
    "Check": "halscope.app._doctor_cores",
    "BlockPicture": "halscope.app._block_picture",
    "Controls": "halscope.app._controls",
    "CollectedKind": "halscope.app._collecting",
    "COLLECTED_KINDS": "halscope.app._collecting",
    "Collecting": "halscope.app._collecting",
    "Scene": "halscope.app._scene",
    "Figure": "halscope.app._regroup",
    "watch_reads": "halscope.app._scene",
    "figure_with": "halscope.app._known_figures",
    "known_figures": "halscope.app._known_figures",
    "merge_figures": "halscope.app._known_figures",
    "name_figure": "halscope.app._known_figures",
    "split_figure": "halscope.app._known_figures",
    "Evidence": "halscope.app._start_evidence",
    "Proven": "halscope.app._start_evidence",
    "StartWatch": "halscope.app._start_watch",
    "count_proven": "halscope.app._start_evidence",
    "start_evidence": "halscope.app._start_evidence",
    "FigureRow": "halscope.app._figure_rows",
    "Game": "halscope.app._game_run",
    "Grants": "halscope.plugins",
    "HostStart": "halscope.app._host_start",
    "Injection": "halscope.app._inject",
    "Inspection": "halscope.app._inspect",
    "JudgedFrame": "halscope.app._run_truth",
    "KnownGame": "halscope.app._known_game",
    "LISTED_SCORE": "halscope.app._listed_blocks",
    "ListedBlock": "halscope.app._listed_blocks",
    "LiveAttach": "halscope.app._attach",
    "AppliedEdit": "halscope.app._shown_edits",
    "LiveEdits": "halscope.app._live_edits",
    "LiveProject": "halscope.app._live_project",
    "Loaded": "halscope.plugins",
    "Manifest": "halscope.plugins",
    "Outlining": "halscope.app._outlining",
    "MOST_PAINTED": "halscope.app._limits",
    "MOST_PICTURE_BYTES": "halscope.app._limits",
    "Painting": "halscope.app._painting",
    "Paintings": "halscope.app._painting",
    "UnfitSheet": "halscope.app._painting",
    "Play": "halscope.app._play",
    "Plugins": "halscope.plugins",
    "Press": "halscope.app._game_run",
    "Refusal": "halscope.plugins",
    "Regrouping": "halscope.app._regroup",
    "SeenTiles": "halscope.app._seen_tiles",
    "ROM_KINDS": "halscope.app._rom_map",
    "RomMap": "halscope.app._rom_map",
    "RomRange": "halscope.app._rom_map",
    "tile_states": "halscope.app._rom_map",
    "tiles_in_vram": "halscope.app._rom_map",
    "RunTruth": "halscope.app._run_truth",
    "COMPARED_LIVE": "halscope.app._run_truth",
    "SAMPLED": "halscope.app._run_truth",
    "SAMPLED_LIVE": "halscope.app._run_truth",
    "ShownBlocks": "halscope.app._shown_blocks",
    "Source": "halscope.app._pictures",
    "Target": "halscope.app._attach",
    "TileLayout": "halscope.app._tile_layout",
    "TourReport": "halscope.app._tour_report",
    "Workspace": "halscope.app._workspace",
    "bare_stream": "halscope.app._listed_blocks",
    "block_fill": "halscope.app._patch_files",
    "check_output": "halscope.app._patch_files",
    "EditRow": "halscope.app._project",
    "apply_project": "halscope.app._project",
    "carried_project": "halscope.app._project",
    "edit_rows": "halscope.app._project",
    "keep_knowledge": "halscope.app._project",
    "learn_from_project": "halscope.app._project",
    "ProjectPatch": "halscope.app._project",
    "put_colours": "halscope.app._put_colours",
    "put_sheets": "halscope.app._put_sheets",
    "rebase_lines": "halscope.app._project",
    "rebase_project": "halscope.app._project",
    "use_project_knowledge": "halscope.app._project",
    "check_page": "halscope.app._index_page",
    "check_rom": "halscope.app._moments",
    "describe_layout": "halscope.app._block_layout",
    "examine": "halscope.app._doctor",
    "extract_blocks": "halscope.app._extract",
    "extract_layers": "halscope.app._extract",
    "extract_raw": "halscope.app._extract",
    "extract_region": "halscope.app._extract",
    "RegionOptions": "halscope.app._extract",
    "extract_sprites": "halscope.app._extract",
    "extract_strips": "halscope.app._extract",
    "figure_rows": "halscope.app._figure_rows",
    "found_emulators": "halscope.app._attach",
    "host_script": "halscope.app._attach",
    "frame_with_sprites": "halscope.app._moment_sheet",
    "index_meanwhile": "halscope.app._indexing",
    "report_indexing": "halscope.app._indexing",
    "inject": "halscope.app._inject",
    "inspect_files": "halscope.app._inspect",
    "listed_layouts": "halscope.app._block_layout",
    "block_picture": "halscope.app._block_picture",
    "places_in_vram": "halscope.app._block_picture",
    "sheet_of_sprite": "halscope.app._sprite_sheet",
    "shown_blocks": "halscope.app._block_picture",
    "measure_coverage": "halscope.app._coverage_run",
    "missing_end": "halscope.app._moments",
    "on_screen": "halscope.app._pictures",
    "one_state": "halscope.app._moments",
    "open_game": "halscope.app._game_run",
    "open_host": "halscope.app._game_run",
    "open_in_editor": "halscope.app._image_editor",
    "open_recording": "halscope.app._game_run",
    "origin_line": "halscope.app._tile_layout",
    "palette_texts": "halscope.app._figure_rows",
    "play_frames": "halscope.app._game_run",
    "pointer_line": "halscope.app._patch_files",
    "record_game": "halscope.app._game_run",
    "recorded_frame": "halscope.app._moments",
    "sampled_frames": "halscope.app._moments",
    "run_tour": "halscope.app._tour",
    "tile_layout": "halscope.app._tile_layout",
    "tile_origins": "halscope.app._tile_layout",
    "to_rom_offset": "halscope.app._listed_blocks",
    "watch_frames": "halscope.app._attach",
    "write_frame_pictures": "halscope.app._pictures",
    "write_moment_sheet": "halscope.app._moment_sheet",
    "write_page": "halscope.app._extract",
    "learn_cdl": "halscope.app._rom_notes",
    "learn_labels": "halscope.app._rom_notes",
    "export_blocks": "halscope.app._export",
    "write_assembly": "halscope.app._export",
    "write_labels": "halscope.app._export",
    "write_animation": "halscope.app._animation",
}


def __getattr__(name: str) -> object:
    """Import `name` on first use."""
    from importlib import import_module

    if name == "plugin":
        value = import_module("halscope.plugins").BuiltIn()
    elif name in _MODULES:
        value = getattr(import_module(_MODULES[name]), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
