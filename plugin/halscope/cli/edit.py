"""`halscope extract` and `halscope inject`: extract graphics as PNGs, and turn edited PNGs into a patch."""

from __future__ import annotations

import argparse

from halscope_hooks import RAW_CODEC, UsageError

from halscope.app import Workspace, extract_blocks, extract_raw, extract_sprites, inject, read_palette, write_page
from halscope.cli._common import out_folder, print_json, progress_bar, rom_offset
from halscope.cli._game import regrouping_from
from halscope.cli._output import say
from halscope.cli._plugins import plugins_from


def run_extract(options: argparse.Namespace) -> int:
    """Write the PNGs."""
    if options.recording is None and not options.offsets and not options.all:
        raise UsageError("extract: nothing to extract; give OFFSETs of blocks, --all, or --recording FILE")
    raw = options.codec == RAW_CODEC
    if raw != (options.tiles is not None) or (raw and (options.all or options.lead)):
        raise UsageError("extract: --codec raw takes OFFSETs and --tiles N, and neither --all nor --lead")
    workspace = Workspace.open(options.rom, plugins_from(options))
    with progress_bar("indexing", "B") as progress:
        workspace.index(progress)
    folder = out_folder(options.out)
    if options.recording is not None:
        written = extract_sprites(
            workspace,
            options.recording,
            options.frame,
            folder,
            single=options.single,
            regrouping=regrouping_from(options),
            overwrite=options.overwrite,
        )
    else:
        palette = None
        if options.palette is not None:
            palette = read_palette(workspace.rom, rom_offset(workspace.rom, options.palette), 1 << options.bpp)
        offsets = [rom_offset(workspace.rom, text) for text in options.offsets]
        shown = {"bpp": options.bpp, "columns": options.columns, "palette": palette, "overwrite": options.overwrite}
        if raw:
            written = extract_raw(workspace, offsets, folder, count=options.tiles, **shown)
        else:
            written = extract_blocks(
                workspace, None if options.all else offsets, folder, codec=options.codec, lead=options.lead, **shown
            )
    page = write_page(workspace, folder, written)
    if options.json:
        print_json(
            {"sheets": [{"png": str(sheet.png), "json": str(sheet.json), "tiles": sheet.tiles} for sheet in written]}
        )
    else:
        for sheet in written:
            say(f"{sheet.png}: {sheet.places}")
        say(f"{page}: all of them on one page")
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
        say(f"{options.output}: {done.patch.summary}")
        for note in done.plan.notes:
            say(f"note: {note}")
    return 0
