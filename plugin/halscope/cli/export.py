"""`halscope export`: blocks for assemblers, and labels for Mesen."""

from __future__ import annotations

import argparse

from halscope_hooks import UsageError

from halscope.app import Workspace, export_blocks, write_animation, write_assembly, write_labels
from halscope.cli._common import out_folder, print_json, progress_bar, refuse_unused, rom_offset
from halscope.cli._output import say
from halscope.cli._plugins import plugins_from
from halscope.cli._workspace import workspace_from


def run(options: argparse.Namespace) -> int:
    """Write the files."""
    _check(options)
    workspace = workspace_from(options, plugins_from(options))
    if options.figure is not None:
        return _animation(options, workspace)
    offsets = [*dict.fromkeys(rom_offset(workspace.rom, text) for text in options.offsets)]
    with progress_bar("indexing", "B") as progress:
        workspace.index(progress)
    blocks = export_blocks(
        workspace, None if options.all else offsets, options.edit, force=options.force, nearest=options.nearest
    )
    document: dict[str, object] = {"blocks": [block.describe(workspace) for block in blocks]}
    lines = []
    if options.asm is not None:
        paths = write_assembly(
            workspace,
            blocks,
            out_folder(options.asm, "--asm"),
            options.assembler or "asar",
            freedata=options.freedata,
            overwrite=options.overwrite,
        )
        document["files"] = [str(path) for path in paths]
        pointers = sum(len(block.graphic.pointers) for block in blocks)
        count = len(blocks)
        lines.append(f"{paths[-1]}: {count} block{'s' * (count != 1)} and {pointers} pointer{'s' * (pointers != 1)}")
    if options.mlb is not None:
        count = write_labels(workspace, blocks, options.mlb)
        document["labels"] = {"file": str(options.mlb), "count": count}
        lines.append(f"{options.mlb}: {count} labels")
    if options.json:
        print_json(document)
    else:
        for line in lines:
            say(line)
    return 0


def _animation(options: argparse.Namespace, workspace: Workspace) -> int:
    with progress_bar("indexing", "B") as progress:
        workspace.index(progress)
    written = write_animation(workspace, options.recording, options.figure, options.output)
    if options.json:
        print_json(written.describe())
    else:
        seconds = written.frames / written.rate
        say(
            f"{written.path}: {written.figure}, {written.pictures} pictures of {written.width}x{written.height}, "
            f"{seconds:.2f} s"
        )
        for doubt in written.doubts:
            say(doubt, "yellow")
    return 0


def _check(options: argparse.Namespace) -> None:
    """Check that the options say what to export, and that none goes unused. Raises UsageError."""
    animation = ("recording", "figure", "output")
    given = [name for name in animation if getattr(options, name) is not None]
    if given:
        if len(given) < len(animation):
            raise UsageError("export: an animation needs all of --recording FILE, --figure NAME and -o OUT")
        others = ("offsets", "all", "edit", "asm", "mlb", "assembler", "freedata", "overwrite", "force", "nearest")
        refuse_unused(options, others, "is for blocks, and --figure writes an animation")
        return
    if not (options.offsets or options.all or options.edit):
        raise UsageError("export: nothing to export; give OFFSETs of blocks, --all, or edited sheets with --edit PNG")
    if options.offsets and options.all:
        raise UsageError("export: give either OFFSET or --all")
    if options.asm is None and options.mlb is None:
        raise UsageError("export: nothing to write; give --asm DIR or --mlb FILE")
    if options.asm is None:
        refuse_unused(options, ("assembler", "freedata", "overwrite"), "is for --asm")
    if not options.edit:
        refuse_unused(options, ("force", "nearest"), "is for edited sheets; give --edit PNG")
