"""`halscope scan`: list a ROM's compressed blocks."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from halscope.app import LISTED_SCORE, Workspace, describe_layout, listed_layouts
from halscope.cli._common import print_json, progress_bar
from halscope.cli._output import say
from halscope.cli._plugins import plugins_from
from halscope.cli._table import EVIDENCE_STYLES, Cell, Column, print_table
from halscope.cli._workspace import workspace_from
from halscope.rom import mapping

BLOCK_COLUMNS = (
    Column("offset", right=True),
    Column("address", right=True),
    Column("packed", right=True),
    Column("size", right=True),
    Column("codec"),
    Column("score", right=True),
    Column("start"),
    Column("tiles"),
)
_IDENTIFIED = {"sha256": "hash", "title": "title", "file": "its game file"}


def run(options: argparse.Namespace) -> int:
    """List the blocks."""
    workspace = workspace_from(options, plugins_from(options), warn=False)
    rom = workspace.rom
    codec = None if options.codec is None else workspace.codec(options.codec).name
    if options.all:
        blocks = workspace.every_stream(codec)
    else:
        with progress_bar("indexing", "B") as progress:
            workspace.index(progress)
        blocks = workspace.blocks(LISTED_SCORE if options.min_score is None else options.min_score, codec)
    notes = [] if options.all else workspace.block_notes(blocks, codec)
    layouts = listed_layouts(workspace, blocks)
    if options.json:
        listed = [asdict(block) | describe_layout(layout) for block, layout in zip(blocks, layouts, strict=True)]
        print_json({"rom": describe(workspace), "blocks": listed, "notes": notes})
        return 0
    say(f"{rom.name}: {rom.title!r}, {rom.mapping.name}, {rom.data.size >> 10} KiB", "bold")
    copier = f"; copier header of {len(rom.copier_header)} bytes, not counted in offsets" if rom.copier_header else ""
    say(f"sha256 {rom.sha256}{copier}")
    if (game := workspace.game) is not None:
        say(f"game: {game.match.profile.name}, identified by {_IDENTIFIED[game.match.by]}")
    for warning in (*rom.warnings, *(() if game is None else game.notes)):
        say(f"warning: {warning}", "yellow")
    rows = []
    for block, layout in zip(blocks, layouts, strict=True):
        address = mapping.to_snes(rom.mapping, block.offset, rom.data.size)
        crosses = "" if block.crosses is None else f" (crosses the bank edge at {block.crosses:#x})"
        rows.append(
            (
                f"{block.offset:#x}",
                f"{address >> 16:02X}:{address & 0xFFFF:04X}",
                str(block.packed_size),
                str(block.size),
                block.codec,
                "-" if block.score is None else format(block.score, ".2f"),
                Cell(block.start + crosses, EVIDENCE_STYLES[block.start]),
                "-" if layout is None else layout.text,
            )
        )
    print_table(BLOCK_COLUMNS, rows)
    say(f"{len(blocks)} block{'s' * (len(blocks) != 1)}")
    for line in notes:
        say(f"note: {line}")
    return 0


def describe(workspace: Workspace) -> dict[str, Any]:
    """Return the JSON form of a ROM."""
    rom, game = workspace.rom, workspace.game
    return {
        "name": rom.name,
        "title": rom.title,
        "size": int(rom.data.size),
        "mapping": rom.mapping.name.lower(),
        "sha256": rom.sha256,
        "copier_header": bool(rom.copier_header),
        "game": None if game is None else game.describe(),
        "warnings": list(rom.warnings),
    }
