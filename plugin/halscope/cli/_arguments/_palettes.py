"""Arguments of `halscope palette`."""

from __future__ import annotations

import argparse
from pathlib import Path

from halscope.cli._arguments._kinds import Commands, number, place, positive
from halscope.cli._arguments._shared import (
    add_headered_option,
    add_index_option,
    add_plugin_options,
    add_project_option,
    add_rom_options,
)

FORMATS = ("jasc", "rgb24", "bgr555", "tpl", "act", "gpl", "spritepal", "png")
"""The names in `halscope.formats.palettes`, which would take too long to import here; a test compares them."""


def add_palette(commands: Commands) -> None:
    """Add palette."""
    palette = commands.add_parser(
        "palette",
        help="say where colours come from, edit palettes as files, and reduce pictures to one palette",
        description="A palette file that `export` writes has a sidecar FILE.source.json that says where its colours "
        "are stored; `import` needs it: keep the two together.",
    )
    actions = palette.add_subparsers(dest="action", required=True, metavar="ACTION")

    show = actions.add_parser("show", help="list the colours of a moment or of the ROM, and where they are stored")
    _add_source(show)

    export = actions.add_parser("export", help="write colours of a moment or of the ROM as a palette file to edit")
    _add_source(export)
    export.add_argument(
        "--palette",
        type=number,
        metavar="N",
        help="of --recording and --state: one of the sixteen palettes, 8 to 15 for sprites (default: all of CGRAM)",
    )
    export.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FILE",
        help="the palette: .gpl, .pal, .act, .tpl, .pal.json, .png or .cgram",
    )
    _add_format(export, "format of FILE (default: by its suffix; .pal is JASC)")

    back = actions.add_parser("import", help="make a patch from edited palette files")
    back.add_argument("rom", type=Path, metavar="ROM")
    back.add_argument("files", type=Path, nargs="+", metavar="FILE", help="palette files that `export` wrote, edited")
    _add_format(back, "format of the FILEs (default: by their suffix and content)")
    back.add_argument("--nearest", action="store_true", help="replace colours that the console lacks by the nearest")
    add_project_option(back, "add the edits to this project; OUT then has all edits of the project")
    _add_patch(back)

    change = actions.add_parser("set", help="change single colours of the ROM, as a patch or in a project")
    change.add_argument("rom", type=Path, metavar="ROM")
    change.add_argument("offset", type=place, metavar="OFFSET", help="of the plain colours or of their block")
    change.add_argument(
        "colours", nargs="+", metavar="INDEX=COLOUR", help="the colour as '#f8d030' or as a word: 3=0x7fff"
    )
    _add_block(change)
    add_project_option(change, "change the colours in this project; OUT then has all edits of the project")
    _add_patch(change)

    convert = actions.add_parser("convert", help="convert a palette file to another format")
    convert.add_argument("file", type=Path, metavar="FILE")
    convert.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="the new palette file")
    _add_format(convert, "format of the FILE that is read (default: by its suffix and content)")
    convert.add_argument("--to", choices=FORMATS, help="format of the output (default: by its suffix; .pal is JASC)")
    convert.add_argument("--nearest", action="store_true", help="replace colours that the console lacks by the nearest")
    convert.add_argument("--json", action="store_true", help="print what was done as JSON")

    reduce = actions.add_parser("reduce", help="reduce pictures to one palette of the console's colours")
    reduce.add_argument("images", type=Path, nargs="+", metavar="PNG", help="pictures; all get the same palette")
    reduce.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for indexed PNGs, palette.gpl")
    reduce.add_argument(
        "--colours", type=positive, default=15, metavar="N", help="colours besides the transparent one (default: 15)"
    )
    reduce.add_argument("--dither", action="store_true", help="mix colours by patterns of pixels")
    reduce.add_argument("--overwrite", action="store_true", help="replace existing files")
    reduce.add_argument("--json", action="store_true", help="print what was written as JSON")


def _add_source(action: argparse.ArgumentParser) -> None:
    """Add where the colours are: in the ROM, or in CGRAM at a moment."""
    action.add_argument("rom", type=Path, metavar="ROM")
    action.add_argument(
        "offset", type=place, nargs="?", metavar="OFFSET", help="of plain colours, or of their block with --codec"
    )
    _add_block(action)
    action.add_argument("--recording", type=Path, metavar="FILE", help="the colours of a recorded frame")
    action.add_argument("--frame", type=number, metavar="N", help="number of that frame, from 0 (default: 0)")
    action.add_argument(
        "--state",
        type=Path,
        action="append",
        metavar="FILE",
        help="the colours of a savestate, or of VRAM, CGRAM and OAM dumps (repeat for each)",
    )
    action.add_argument(
        "--obsel", type=number, metavar="N", help="value of OBSEL ($2101), which memory dumps do not contain"
    )
    action.add_argument(
        "--force", action="store_true", help="accept a recording or state that was taken from another ROM"
    )
    _add_rom(action)


def _add_block(action: argparse.ArgumentParser) -> None:
    action.add_argument("--codec", metavar="C", help="codec of the block at OFFSET (default: plain colours)")
    action.add_argument("--byte", type=number, metavar="N", help="offset of the first colour in the decoded block")
    action.add_argument("--count", type=positive, metavar="N", help="number of colours (default: 16)")


def _add_format(action: argparse.ArgumentParser, text: str) -> None:
    action.add_argument("--format", choices=FORMATS, help=text)


def _add_patch(action: argparse.ArgumentParser) -> None:
    action.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="OUT",
        help="the patch (.bps, .ips) or a patched copy (.sfc, or .smc with a copier header); not needed with --project",
    )
    action.add_argument(
        "--everywhere", action="store_true", help="change all places that hold the same colours (default: the best one)"
    )
    add_headered_option(action)
    action.add_argument("--force", action="store_true", help="also edit blocks whose start is not proven")
    _add_rom(action)


def _add_rom(action: argparse.ArgumentParser) -> None:
    action.add_argument("--json", action="store_true", help="print JSON")
    add_rom_options(action)
    add_index_option(action)
    add_plugin_options(action)
