"""The application: builds the plugins and composes the other packages. Only this package does so."""

from halscope.app._doctor import Check, examine
from halscope.app._extract import extract_blocks, extract_raw, extract_sprites
from halscope.app._game_run import BUTTONS, Game, Press, open_game, open_host, open_recording, play_frames, record_game
from halscope.app._inject import inject
from halscope.app._inspect import inspect_files
from halscope.app._known_game import KnownGame
from halscope.app._moments import check_rom, one_state, recorded_frame
from halscope.app._patch_files import check_output
from halscope.app._pictures import on_screen, write_frame_pictures
from halscope.app._play import Play
from halscope.app._tile_layout import TileLayout, describe_origin, origin_line, tile_layout, tile_origins
from halscope.app._tour import run_tour
from halscope.app._tour_report import TourReport
from halscope.app._watched_folder import LiveEdits
from halscope.app._workspace import LISTED_SCORE, ListedBlock, Workspace, bare_stream, to_rom_offset
from halscope.plugins import BuiltIn, Grants, Loaded, Manifest, Plugins, Refusal

__all__ = [
    "BUTTONS",
    "LISTED_SCORE",
    "BuiltIn",
    "Check",
    "Game",
    "Grants",
    "KnownGame",
    "ListedBlock",
    "LiveEdits",
    "Loaded",
    "Manifest",
    "Play",
    "Plugins",
    "Press",
    "Refusal",
    "TileLayout",
    "TourReport",
    "Workspace",
    "bare_stream",
    "check_output",
    "check_rom",
    "describe_origin",
    "examine",
    "extract_blocks",
    "extract_raw",
    "extract_sprites",
    "inject",
    "inspect_files",
    "on_screen",
    "one_state",
    "open_game",
    "open_host",
    "open_recording",
    "origin_line",
    "play_frames",
    "plugin",
    "record_game",
    "recorded_frame",
    "run_tour",
    "tile_layout",
    "tile_origins",
    "to_rom_offset",
    "write_frame_pictures",
]

plugin = BuiltIn()
"""The entry point that `manifest.json` names: the object to register with a plugin manager."""
