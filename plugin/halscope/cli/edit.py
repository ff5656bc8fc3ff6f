"""`halscope extract` and `halscope inject`: extract graphics as PNGs, and turn edited PNGs into a patch."""

from __future__ import annotations

import argparse
import sys

from halscope_hooks import RAW_CODEC, Snapshot, UsageError

from halscope.app import (
    Workspace,
    check_rom,
    extract_blocks,
    extract_raw,
    extract_sprites,
    inject,
    one_state,
    recorded_frame,
    tile_layout,
)
from halscope.cli._common import check_obsel, out_folder, print_json, progress_bar, rom_offset
from halscope.cli._plugins import plugins_from
from halscope.cli._workspace import workspace_from


def run_extract(options: argparse.Namespace) -> int:
    """Write the PNGs."""
    check_obsel(options.obsel)
    if options.recording is None and options.state is None and not options.offsets and not options.all:
        raise UsageError("extract: nothing to extract; give OFFSETs of blocks, --all, --recording FILE or --state FILE")
    if options.recording is not None and options.state is not None:
        raise UsageError("extract: give either --recording or --state")
    raw = options.codec == RAW_CODEC
    if raw != (options.tiles is not None) or (raw and (options.all or options.lead)):
        raise UsageError("extract: --codec raw takes OFFSETs and --tiles N, and neither --all nor --lead")
    layout = tile_layout(options.bpp, options.transform)
    workspace = workspace_from(options, plugins_from(options))
    moment = _moment(options, workspace)  # refused before the ROM is indexed
    with progress_bar("indexing", "B") as progress:
        workspace.index(progress)
    folder = out_folder(options.out)
    if moment is not None:
        source, snapshot = moment
        written = extract_sprites(
            workspace, snapshot, source, folder, single=options.single, overwrite=options.overwrite
        )
    else:
        palette = None
        if options.palette is not None:
            palette = layout.read_palette(workspace.rom, rom_offset(workspace.rom, options.palette))
        offsets = [rom_offset(workspace.rom, text) for text in options.offsets]
        shown = {"layout": layout, "columns": options.columns, "palette": palette, "overwrite": options.overwrite}
        if raw:
            written = extract_raw(workspace, offsets, folder, count=options.tiles, **shown)
        else:
            written = extract_blocks(
                workspace, None if options.all else offsets, folder, codec=options.codec, lead=options.lead, **shown
            )
    if options.json:
        print_json(
            {"sheets": [{"png": str(sheet.png), "json": str(sheet.json), "tiles": sheet.tiles} for sheet in written]}
        )
    else:
        for sheet in written:
            print(f"{sheet.png}: {sheet.tiles} tiles")
    return 0


def _moment(options: argparse.Namespace, workspace: Workspace) -> tuple[str, Snapshot] | None:
    """Return the moment whose sprites are asked for, and its name for messages; `None` if blocks are asked for."""
    if options.recording is not None:
        path, name = options.recording, f"{options.recording}: frame {options.frame}"
        snapshot = recorded_frame(path, options.frame)
    elif options.state is not None:
        path, name = options.state[0], str(options.state[0])
        snapshot = one_state(options.state, options.obsel).snapshot
    else:
        return None
    warning = check_rom(path, snapshot.rom, workspace.rom, force=options.force)
    if warning is not None:
        print(f"warning: {warning}", file=sys.stderr)
    return name, snapshot


def run_inject(options: argparse.Namespace) -> int:
    """Plan, verify and write the patch."""
    workspace = workspace_from(options, plugins_from(options))
    with progress_bar("indexing", "B") as progress:
        workspace.index(progress)
    done = inject(
        workspace,
        options.pngs,
        options.output,
        force=options.force,
        nearest=options.nearest,
        headered=options.headered,
    )
    if options.json:
        print_json(
            {
                **done.file.describe(),
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
                "notes": [*done.plan.notes, *done.file.notes],
            }
        )
    else:
        print(f"{options.output}: {done.patch.summary}")
        for line in done.file.lines():
            print(f"{options.output}: {line}")
        for note in done.plan.notes:
            print(f"note: {note}")
    return 0
