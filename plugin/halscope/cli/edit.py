"""`halscope extract` and `halscope inject`: graphics out of a ROM as PNG, and edited PNGs back as a patch."""

from __future__ import annotations

import argparse
from pathlib import Path

from halscope_hooks import UsageError

from halscope.app import Workspace, extract_blocks, extract_sprites, inject, read_palette
from halscope.cli._common import Commands, number, out_folder, place, positive, print_json, progress_bar, rom_offset
from halscope.cli._plugins import add_plugin_options, plugins_from


def add_commands(commands: Commands) -> None:
    """Add both commands."""
    extract = commands.add_parser(
        "extract",
        help="write compressed blocks, or the sprites of a recorded frame, as PNGs to edit",
        description="Give offsets of blocks (or --all), or a recording with --recording. Each PNG has a sidecar "
        "NAME.json that `halscope inject` needs where an editor drops the PNG's own metadata: keep the two together.",
    )
    extract.add_argument("rom", type=Path, metavar="ROM")
    extract.add_argument("offsets", type=place, nargs="*", metavar="OFFSET", help="blocks: file offsets, or $BB:AAAA")
    extract.add_argument("--all", action="store_true", help="every block that the scan lists")
    extract.add_argument("--recording", type=Path, metavar="FILE", help="the sprites of a recorded frame instead")
    extract.add_argument("--frame", type=number, default=0, metavar="N", help="which frame of it, from 0 (default: 0)")
    extract.add_argument("--single", action="store_true", help="each sprite by itself, not in groups")
    extract.add_argument("--codec", default="hal", help="the blocks' format (default: hal)")
    extract.add_argument("--bpp", type=int, choices=(2, 4, 8), default=4, help="bits a pixel of blocks (default: 4)")
    extract.add_argument("--lead", type=number, default=0, metavar="N", help="bytes before a block's first tile")
    extract.add_argument("--columns", type=positive, default=16, metavar="N", help="tiles in a row (default: 16)")
    extract.add_argument(
        "--palette", type=place, metavar="OFFSET", help="take a block's colours from here in the ROM (default: greys)"
    )
    extract.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the PNGs go")
    extract.add_argument("--overwrite", action="store_true", help="replace PNGs that are there already")
    extract.add_argument("--json", action="store_true", help="print what was written as JSON")
    add_plugin_options(extract)
    extract.set_defaults(run=run_extract)

    back = commands.add_parser("inject", help="make a patch from edited PNGs")
    back.add_argument("rom", type=Path, metavar="ROM")
    back.add_argument("pngs", type=Path, nargs="+", metavar="PNG", help="edited PNGs that `extract` or `play` wrote")
    back.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="OUT",
        help="the patch (.bps, .ips) or a patched copy (.sfc)",
    )
    back.add_argument("--force", action="store_true", help="edit blocks whose start is not proven, too")
    back.add_argument("--nearest", action="store_true", help="take the nearest colour of the palette for a foreign one")
    back.add_argument("--json", action="store_true", help="print what was changed as JSON")
    add_plugin_options(back)
    back.set_defaults(run=run_inject)


def run_extract(options: argparse.Namespace) -> int:
    """Write the PNGs."""
    if options.recording is None and not options.offsets and not options.all:
        raise UsageError("extract: say what: OFFSETs of blocks, --all, or --recording FILE")
    workspace = Workspace.open(options.rom, plugins_from(options))
    with progress_bar("indexing", "B") as progress:
        workspace.index(progress)
    folder = out_folder(options.out)
    if options.recording is not None:
        written = extract_sprites(
            workspace, options.recording, options.frame, folder, single=options.single, overwrite=options.overwrite
        )
    else:
        palette = None
        if options.palette is not None:
            palette = read_palette(workspace.rom, rom_offset(workspace.rom, options.palette), 1 << options.bpp)
        written = extract_blocks(
            workspace,
            None if options.all else [rom_offset(workspace.rom, text) for text in options.offsets],
            folder,
            codec=options.codec,
            bpp=options.bpp,
            lead=options.lead,
            columns=options.columns,
            palette=palette,
            overwrite=options.overwrite,
        )
    if options.json:
        print_json(
            {"sheets": [{"png": str(sheet.png), "json": str(sheet.json), "tiles": sheet.tiles} for sheet in written]}
        )
    else:
        for sheet in written:
            print(f"{sheet.png}: {sheet.tiles} tiles")
    return 0


def run_inject(options: argparse.Namespace) -> int:
    """Plan, verify and write the patch."""
    workspace = Workspace.open(options.rom, plugins_from(options))
    with progress_bar("indexing", "B") as progress:
        workspace.index(progress)
    done = inject(workspace, options.pngs, options.output, force=options.force, nearest=options.nearest)
    if options.json:
        print_json(
            {
                "output": str(options.output),
                "blocks": [
                    {
                        "codec": block.codec,
                        "offset": block.block_offset,
                        "start": block.start,
                        "packed_size": block.old_packed_size,
                        "new_packed_size": len(block.new_packed),
                        "tiles": len(block.changes),
                    }
                    for block in done.plan.blocks
                ],
                "notes": list(done.plan.notes),
            }
        )
    else:
        print(f"{options.output}: {done.patch.summary}")
        for note in done.plan.notes:
            print(f"note: {note}")
    return 0
