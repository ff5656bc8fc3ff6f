"""Options that several commands share."""

from __future__ import annotations

import argparse
from pathlib import Path

from halscope.cli._arguments._kinds import positive, press

TYPE_CHECKING = False  # importing `typing` would cost more than the rest of this module
if TYPE_CHECKING:
    from halscope_hooks import Permission

PERMISSIONS: dict[Permission, str] = {
    "live-writes": "change the memory of the running game",
    "rom-writes": "change the ROM image of the running game (never the file)",
    "network": "open network connections",
}
"""What each permission allows a plugin to do."""


MAPPINGS = ("lorom", "hirom", "exlorom", "exhirom", "sa1")
"""The names in `halscope.rom.mapping`, which would take too long to import here; a test compares them."""


def add_rom_options(command: argparse.ArgumentParser) -> None:
    """Add --mapping and --profile."""
    command.add_argument(
        "--mapping",
        choices=MAPPINGS,
        help="how the ROM is mapped, for one without a usable header (default: found from the header or the code)",
    )
    command.add_argument(
        "--profile",
        type=Path,
        metavar="FILE",
        help="a game file with what is known of the game (default: game.toml beside the ROM, or a built-in profile)",
    )


def add_notes_options(command: argparse.ArgumentParser) -> None:
    """Add --labels and --cdl."""
    command.add_argument(
        "--labels",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="learn names of places in the ROM, for good: .mlb, .sym, or labels or projects of DiztinGUIsh (repeat for "
        "more)",
    )
    command.add_argument(
        "--cdl",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="learn from a code/data log of Mesen what the game executes, which is no block (repeat for more)",
    )


def add_index_option(command: argparse.ArgumentParser) -> None:
    """Add --fresh."""
    command.add_argument("--fresh", action="store_true", help="index the ROM anew instead of using the cached index")


def add_game_options(command: argparse.ArgumentParser) -> None:
    """Add ROM, --host, --core, --state, --press and the options of a ROM."""
    command.add_argument("rom", type=Path, metavar="ROM")
    command.add_argument(
        "--host",
        default="embedded",
        metavar="HOST",
        help="the host that runs it (default: embedded, a core in a process of its own; libretro: in this process)",
    )
    command.add_argument(
        "--core", metavar="CORE", help="a libretro core, by path or name (snes9x, bsnes-mercury-accuracy, …)"
    )
    command.add_argument("--state", type=Path, metavar="FILE", help="start from this savestate of the same core")
    command.add_argument(
        "--press",
        type=press,
        action="append",
        default=[],
        metavar="BUTTON@FRAME",
        help="hold a button on a frame, from 0: start@120, right+a@120-180 (repeat for more)",
    )
    add_rom_options(command)


def add_headered_option(command: argparse.ArgumentParser) -> None:
    """Add --headered."""
    command.add_argument(
        "--headered",
        action="store_true",
        help="make a patch for the ROM with a copier header (default: without, whatever the file has)",
    )


def add_places_options(command: argparse.ArgumentParser) -> None:
    """Add --everywhere and --only-here."""
    places = command.add_mutually_exclusive_group()
    places.add_argument(
        "--everywhere",
        action="store_true",
        help="also edit the other places of the ROM that hold an edited tile, as far as they are proven",
    )
    places.add_argument(
        "--only-here",
        action="store_true",
        help="edit only the places that the PNGs show, and note the others (default; a project keeps its choice)",
    )


def add_project_option(command: argparse.ArgumentParser, what: str) -> None:
    """Add --project.

    Args:
        command: The command.
        what: Help: what the command does with the project.
    """
    command.add_argument("--project", type=Path, metavar="DIR", help=what)


def add_plugin_options(command: argparse.ArgumentParser) -> None:
    """Add --plugin and --allow."""
    command.add_argument(
        "--plugin",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="folder of a plugin, with its manifest.json (repeat for more)",
    )
    command.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="[ID:]PERMISSION",
        help=f"grant plugins a permission without asking: {', '.join(PERMISSIONS)}",
    )


def add_regrouping_options(command: argparse.ArgumentParser) -> None:
    """Add --merge, --split and --strip."""
    command.add_argument(
        "--merge",
        nargs=2,
        action="append",
        default=[],
        metavar="NAME",
        help="put two figures into one sheet; NAME: of a sheet, or of the folder that it is in (repeat for more)",
    )
    command.add_argument(
        "--split",
        action="append",
        default=[],
        metavar="NAME",
        help="write the sprites of this figure as sheets of their own (repeat for more)",
    )
    command.add_argument(
        "--strip",
        action="append",
        default=[],
        metavar="NAME",
        help="write all pictures that this figure shows as one sheet (repeat for more)",
    )


def add_page_option(command: argparse.ArgumentParser) -> None:
    """Add --no-browser."""
    command.add_argument(
        "--no-browser",
        action="store_true",
        help="serve the page and print its address; without it the page opens in the browser if the output is a "
        "terminal and none of --headless, --json, --frames and --out is given",
    )


def add_live_options(command: argparse.ArgumentParser, *, headless: str, watch: str) -> None:
    """Add what `play` and `attach` share: how long they run, what they print, the sheets, the edits, and plugins.

    Args:
        command: The command.
        headless: Help for --headless.
        watch: Help for --watch.
    """
    command.add_argument("--frames", type=positive, metavar="N", help="stop after N frames (default: run until Ctrl-C)")
    command.add_argument("--headless", action="store_true", help=headless)
    add_page_option(command)
    command.add_argument("--json", action="store_true", help="print one line of JSON per frame")
    command.add_argument("--watch", type=Path, metavar="DIR", help=watch)
    command.add_argument(
        "--outline",
        metavar="FIGURE|changed|all",
        help="outline figures on the emulator's own screen, with the name of their block: all, those with edited "
        "tiles, or those of this name (of a sheet, or of the folder that it is in)",
    )
    _add_edit_options(command)
    add_project_option(
        command, "start with the edits of this project, and save each edit in it (see `halscope project`)"
    )
    add_headered_option(command)
    add_index_option(command)
    add_plugin_options(command)


def _add_edit_options(command: argparse.ArgumentParser) -> None:
    """Add --edit, --merge, --split, --force, --nearest and --output, for a game that is edited while it runs."""
    command.add_argument(
        "--edit",
        type=Path,
        action="append",
        default=[],
        metavar="PNG",
        help="apply an edited PNG from the start (repeat for more)",
    )
    add_regrouping_options(command)
    command.add_argument("--force", action="store_true", help="also edit blocks whose start is not proven")
    command.add_argument(
        "--nearest", action="store_true", help="replace colours outside the palette by the nearest one"
    )
    add_places_options(command)
    command.add_argument(
        "-o", "--output", type=Path, metavar="PATCH", help="at the end, write all edits as .bps, .ips or .sfc"
    )
