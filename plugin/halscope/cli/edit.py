"""`halscope extract` and `halscope inject`: extract graphics as PNGs, and turn edited PNGs into a patch."""

from __future__ import annotations

import argparse

from halscope_hooks import RAW_CODEC, Snapshot, UsageError

from halscope.app import (
    BlockOptions,
    RegionOptions,
    Workspace,
    check_page,
    check_rom,
    extract_blocks,
    extract_layers,
    extract_raw,
    extract_region,
    extract_sprites,
    extract_strips,
    frame_with_sprites,
    inject,
    one_state,
    recorded_frame,
    sampled_frames,
    tile_layout,
    write_page,
)
from halscope.cli._common import check_obsel, out_folder, print_json, progress_bar, refuse_unused, rom_offset
from halscope.cli._figures import regrouping_from
from halscope.cli._injection import tell_injection
from halscope.cli._output import note, say
from halscope.cli._plugins import plugins_from
from halscope.cli._workspace import workspace_from


def run_extract(options: argparse.Namespace) -> int:
    """Write the PNGs."""
    check_obsel(options.obsel)
    _check_source(options)
    raw = options.codec == RAW_CODEC
    if raw and (options.tiles is None or options.all or options.lead):
        raise UsageError("extract: --codec raw takes OFFSETs and --tiles N, and neither --all nor --lead")
    if options.tiles is not None and not options.offsets:
        raise UsageError("extract: --tiles is for OFFSETs")
    if raw and (options.recording is not None or options.state is not None):
        raise UsageError("extract: --codec raw takes neither --recording nor --state; give --palette for the colours")
    workspace = workspace_from(options, plugins_from(options))
    tile_layout(options.bpp, options.transform, workspace.rom.transforms)  # refused before the ROM is indexed
    moment = _moment(options, workspace)  # refused before the ROM is indexed
    with progress_bar("indexing", "B") as progress:
        workspace.index(progress)
    folder = out_folder(options.out)
    check_page(folder)
    blocks = bool(options.offsets or options.all)
    if options.strip:
        written = extract_strips(workspace, options.recording, options.strip, folder, overwrite=options.overwrite)
    elif options.vram is not None and moment is not None:
        region = RegionOptions(options.columns or 16, options.rows or 16, options.bpp or 4)
        written = extract_region(workspace, moment[1], options.vram, folder, region, overwrite=options.overwrite)
    elif options.layer and moment is not None:
        source, snapshot = moment
        written = extract_layers(workspace, snapshot, source, options.layer, folder, overwrite=options.overwrite)
    elif moment is not None and not blocks:
        source, snapshot = moment
        written = extract_sprites(
            workspace,
            snapshot,
            source,
            folder,
            single=options.single,
            regrouping=regrouping_from(options),
            overwrite=options.overwrite,
        )
    else:
        offsets = [*dict.fromkeys(rom_offset(workspace.rom, text) for text in options.offsets)]
        shown = BlockOptions(
            codec=options.codec,
            bpp=options.bpp,
            transform=options.transform,
            lead=options.lead,
            tiles=options.tiles,
            columns=options.columns,
            palette=None if options.palette is None else rom_offset(workspace.rom, options.palette),
        )
        searched = options.recording is not None and options.frame is None
        if raw:
            written = extract_raw(
                workspace, offsets, folder, count=options.tiles, options=shown, overwrite=options.overwrite
            )
        else:
            written = extract_blocks(
                workspace,
                None if options.all else offsets,
                folder,
                shown,
                moment=None if moment is None or searched else moment[1],
                moments=sampled_frames(options.recording, options.obsel) if searched else None,
                overwrite=options.overwrite,
            )
    if written:
        page = write_page(workspace, folder, written)
    else:
        _explain_nothing(options)
    if options.json:
        print_json({"sheets": [sheet.describe() for sheet in written]})
    else:
        for sheet in written:
            colours = "".join(f"; colours {' '.join(palette)}" for palette in sheet.colours) * sheet.has_colours
            say(f"{sheet.png}: {sheet.places}{colours}")
        if written:
            say(f"{page}: all of them on one page")
    return 0 if written else 1


def _check_source(options: argparse.Namespace) -> None:
    """Check that the options say what to extract, and that none goes unused. Raises UsageError."""
    blocks = [name for name, given in (("OFFSET", options.offsets), ("--all", options.all)) if given]
    moments = [name for name in ("--recording", "--state") if getattr(options, name[2:]) is not None]
    if not blocks and not moments:
        raise UsageError("extract: nothing to extract; give OFFSETs of blocks, --all, --recording FILE or --state FILE")
    for given in (blocks, moments):
        if len(given) > 1:
            raise UsageError(f"extract: give either {' or '.join(given)}")
    for option in ("--single", "--merge", "--split", "--strip"):
        if getattr(options, option[2:]) and blocks:
            raise UsageError(f"extract: {option} is for sprites, and {blocks[0]} extracts blocks")
    _check_parts(options, blocks, moments)
    if not blocks and options.vram is None:
        drawn = ("codec", "bpp", "transform", "lead", "columns", "palette")
        refuse_unused(options, drawn, "is for blocks, and this extracts sprites; give OFFSETs or --all")
    if not moments:
        refuse_unused(options, ("force",), "is for a recording or state of another ROM, and none is given")
    if options.frame is not None and moments != ["--recording"]:
        raise UsageError("extract: --frame needs --recording")
    if options.obsel is not None and not moments:
        raise UsageError("extract: --obsel needs --recording or --state")


def _check_parts(options: argparse.Namespace, blocks: list[str], moments: list[str]) -> None:
    """Check what goes with a rectangle of VRAM, a layer and a strip. Raises UsageError."""
    for option, is_given in (("--vram", options.vram is not None), ("--layer", bool(options.layer))):
        if is_given and (blocks or not moments):
            raise UsageError(f"extract: {option} needs --recording or --state, and no blocks")
    sprites = ("single", "merge", "split", "strip")
    if options.vram is not None:
        others = (*sprites, "layer", "codec", "transform", "lead", "palette")
        refuse_unused(options, others, "is not for --vram, which extracts a rectangle of VRAM")
        if options.bpp in (1, 3):
            raise UsageError(f"extract: tiles in VRAM have 2, 4 or 8 bits per pixel, not {options.bpp}")
    if options.rows is not None and options.vram is None:
        raise UsageError("extract: --rows is for --vram")
    if options.layer:
        refuse_unused(options, sprites, "is for sprites, and --layer extracts layers")
    if options.strip:
        if moments != ["--recording"]:
            raise UsageError("extract: --strip needs --recording")
        alone = ("frame", "single", "merge", "split", "obsel")
        refuse_unused(options, alone, "is not for --strip, which reads all frames of a recording")


def _explain_nothing(options: argparse.Namespace) -> None:
    """Say that nothing was extracted, and where there would be something."""
    if options.recording is None:
        note(f"{options.state[0] if options.state else options.rom}: nothing to extract was found")
        return
    frame = options.frame or 0
    other = frame_with_sprites(options.recording, frame)
    where = "no other frame does either" if other is None else f"frame {other} does: --frame {other}"
    note(
        f"{options.recording}: frame {frame} shows no sprites; {where}; "
        f"`halscope replay {options.recording} --every 30 --out DIR` draws the recording"
    )


def _moment(options: argparse.Namespace, workspace: Workspace) -> tuple[str, Snapshot] | None:
    """Return the moment whose sprites are asked for, and its name for messages; `None` if blocks are asked for."""
    if options.recording is not None:
        frame = options.frame or 0
        path, name = options.recording, f"{options.recording}: frame {frame}"
        snapshot = recorded_frame(path, frame, options.obsel)
    elif options.state is not None:
        path, name = options.state[0], str(options.state[0])
        snapshot = one_state(options.state, options.obsel).snapshot
    else:
        return None
    warning = check_rom(path, snapshot.rom, workspace.rom, force=options.force)
    if warning is not None:
        note(f"warning: {warning}")
    return name, snapshot


def run_inject(options: argparse.Namespace) -> int:
    """Plan, verify and write the patch, or add the edits to a project."""
    if options.at is not None:
        refuse_unused(options, ("everywhere",), "is for sheets and palettes; raw tiles change one place")
    if options.project is not None:
        from halscope.cli._into_project import inject_into_project  # which other edits do not need

        return inject_into_project(options, options.at, options.codec)
    if options.output is None and not options.dry_run:
        raise UsageError("inject: give -o OUT, --project DIR, or --dry-run to write nothing")
    if options.no_move:
        refuse_unused(options, ("expand", "rats", "free_old"), "is for blocks that move, and --no-move refuses them")
    if options.codec is not None and options.at is None:
        raise UsageError("inject: --codec is for raw tiles; give --at OFFSET too")
    workspace = workspace_from(options, plugins_from(options))
    at = None if options.at is None else rom_offset(workspace.rom, options.at)
    with progress_bar("indexing", "B") as progress:
        workspace.index(progress)
    done = inject(
        workspace,
        options.files,
        None if options.dry_run else options.output,
        force=options.force,
        nearest=options.nearest,
        everywhere=options.everywhere,
        headered=options.headered,
        move=not options.no_move,
        expand=options.expand,
        rats=options.rats,
        free_old=options.free_old,
        at=at,
        codec=options.codec,
    )
    return tell_injection(done, json=options.json)
