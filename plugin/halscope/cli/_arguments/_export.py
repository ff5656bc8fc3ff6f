"""Arguments of `export`."""

from __future__ import annotations

from pathlib import Path

from halscope.cli._arguments._kinds import Commands, place
from halscope.cli._arguments._shared import add_index_option, add_plugin_options, add_rom_options

ASSEMBLERS = ("asar", "ca65")


def add_export(commands: Commands) -> None:
    """Add export."""
    export = commands.add_parser(
        "export",
        help="write blocks for assemblers, labels for Mesen, or a figure's animation",
        description="Give offsets of blocks, --all, or edited sheets with --edit, and what to write: --asm, --mlb. "
        "For an animation give --recording, --figure and -o.",
    )
    export.add_argument("rom", type=Path, metavar="ROM")
    export.add_argument("offsets", type=place, nargs="*", metavar="OFFSET", help="blocks: file offsets, or BB:AAAA")
    export.add_argument("--all", action="store_true", help="every block that `scan` lists")
    export.add_argument(
        "--edit",
        type=Path,
        action="append",
        default=[],
        metavar="PNG",
        help="the blocks that this edited sheet changes, as edited (repeat for more)",
    )
    export.add_argument("--asm", type=Path, metavar="DIR", help="write tiles, packed blocks and source to this folder")
    export.add_argument("--assembler", choices=ASSEMBLERS, help="for which the source is (default: asar)")
    export.add_argument(
        "--freedata", action="store_true", help="let asar find a place for blocks whose pointers allow it"
    )
    export.add_argument("--mlb", type=Path, metavar="FILE", help="write labels of blocks and tables for Mesen")
    export.add_argument("--recording", type=Path, metavar="FILE", help="a recording that shows the figure of --figure")
    export.add_argument("--figure", metavar="NAME", help="the figure of an animation; NAME: of a sheet, or its folder")
    export.add_argument(
        "-o", "--output", type=Path, metavar="OUT", help="the animation: .gif, or an animated .png or .apng"
    )
    export.add_argument("--force", action="store_true", help="also edit blocks whose start is not proven")
    export.add_argument("--nearest", action="store_true", help="replace colours outside the palette by the nearest one")
    export.add_argument("--overwrite", action="store_true", help="replace existing files")
    export.add_argument("--json", action="store_true", help="print what was written as JSON")
    add_rom_options(export)
    add_index_option(export)
    add_plugin_options(export)
