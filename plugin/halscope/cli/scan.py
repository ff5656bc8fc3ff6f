"""`halscope scan`: list a ROM's compressed blocks."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from halscope.app import (
    LISTED_SCORE,
    Evidence,
    ListedBlock,
    Proven,
    RomMap,
    Workspace,
    count_proven,
    describe_layout,
    learn_cdl,
    learn_labels,
    listed_layouts,
    start_evidence,
)
from halscope.cli._common import print_json, progress_bar, refuse_unused
from halscope.cli._output import note, say
from halscope.cli._plugins import plugins_from
from halscope.cli._table import EVIDENCE_STYLES, Cell, Column, print_table
from halscope.cli._workspace import workspace_from
from halscope.rom import mapping

MOST_PLACES = 3
"""Places of evidence that a row of the table names."""

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
MAP_COLUMNS = (
    Column("offset", right=True),
    Column("address", right=True),
    Column("bytes", right=True),
    Column("holds"),
)
EVIDENCE_COLUMN = Column("proven by")
NAME_COLUMN = Column("name")
_IDENTIFIED = {"sha256": "hash", "title": "title", "file": "its game file"}


def _print_map(options: argparse.Namespace, workspace: Workspace) -> int:
    """List what each part of the ROM holds."""
    with progress_bar("indexing", "B") as progress:
        workspace.index(progress)
    rom, found = workspace.rom, RomMap(workspace).ranges()
    if options.json:
        print_json({"rom": describe(workspace), "map": [one._asdict() for one in found]})
        return 0
    rows = [(f"{one.offset:#x}", mapping.snes_text(rom.to_snes(one.offset)), str(one.size), one.kind) for one in found]
    print_table(MAP_COLUMNS, rows)
    kinds = {one.kind: 0 for one in found}
    for one in found:
        kinds[one.kind] += one.size
    say(", ".join(f"{kind} {100 * size / rom.data.size:.1f} %" for kind, size in kinds.items()))
    return 0


def run(options: argparse.Namespace) -> int:
    """List the blocks."""
    if options.map:
        refuse_unused(
            options, ("min-score", "codec"), "is for the list of blocks, and --map lists all parts of the ROM"
        )
    if options.all:
        refuse_unused(options, ("min-score",), "is for ranked blocks, and --all lists every stream, unranked")
    workspace = workspace_from(options, plugins_from(options), warn=False)
    learnt = [learn_labels(workspace, path) for path in options.labels]
    learnt += [learn_cdl(workspace, path) for path in options.cdl]
    for one in learnt:
        note(f"{one.path}: {one.text}")
    if options.map:
        return _print_map(options, workspace)
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
    evidence = [start_evidence(workspace, block.codec, block.offset, block.start) for block in blocks]
    proven = count_proven(zip(blocks, evidence, strict=True))
    if options.json:
        listed = [
            _described(block) | describe_layout(layout) | ({} if one is None else {"evidence": one.describe()})
            for block, layout, one in zip(blocks, layouts, evidence, strict=True)
        ]
        traces = {"traces": asdict(proven) | {"proven": proven.proven}} if options.traces else {}
        print_json({"rom": describe(workspace), "blocks": listed, "notes": notes} | traces)
        return 0
    say(f"{rom.name}: {rom.title!r}, {rom.mapping.name}, {rom.data.size >> 10} KiB", "bold")
    copier = f"; copier header of {len(rom.copier_header)} bytes, not counted in offsets" if rom.copier_header else ""
    say(f"sha256 {rom.sha256}{copier}")
    if (game := workspace.game) is not None:
        say(f"game: {game.match.profile.name}, identified by {_IDENTIFIED[game.match.by]}")
    for warning in (*rom.warnings, *(() if game is None else game.notes)):
        say(f"warning: {warning}", "yellow")
    rows: list[tuple[str | Cell, ...]] = []
    for block, layout in zip(blocks, layouts, strict=True):
        address = mapping.to_snes(rom.mapping, block.offset, rom.data.size)
        crosses = "" if block.crosses is None else f" (crosses the bank edge at {block.crosses:#x})"
        rows.append(
            (
                f"{block.offset:#x}",
                mapping.snes_text(address),
                str(block.packed_size),
                str(block.size),
                block.codec,
                "-" if block.score is None else format(block.score, ".2f"),
                Cell(block.start + crosses, EVIDENCE_STYLES[block.start]),
                "-" if layout is None else layout.text,
            )
        )
    if options.traces:
        rows = [(*row[:-1], _evidence_text(one)) for row, one in zip(rows, evidence, strict=True)]
    columns: tuple[Column, ...] = (*BLOCK_COLUMNS[:-1], EVIDENCE_COLUMN) if options.traces else BLOCK_COLUMNS
    if any(block.name for block in blocks):
        columns, rows = (
            (*columns, NAME_COLUMN),
            [(*row, block.name or "") for row, block in zip(rows, blocks, strict=True)],
        )
    print_table(columns, rows)
    say(f"{len(blocks)} block{'s' * (len(blocks) != 1)}")
    if options.traces:
        for line in _proven_lines(blocks, proven):
            say(line)
    for line in notes:
        say(f"note: {line}")
    return 0


def _described(block: ListedBlock) -> dict[str, Any]:
    """Return the JSON form of a block; `name` is there where it has one."""
    return {key: value for key, value in asdict(block).items() if key != "name" or value is not None}


def _evidence_text(evidence: Evidence | None) -> str:
    if evidence is None:
        return "-"
    first = ", ".join(f"{place:#x}" for place in evidence.places[:MOST_PLACES])
    more = f" and {len(evidence.places) - MOST_PLACES} more" if len(evidence.places) > MOST_PLACES else ""
    odds = "" if evidence.odds is None else f", {evidence.odds:.0e} : 1"
    seen = [
        f"{what} {', '.join(map(mapping.snes_text, addresses[:MOST_PLACES]))}"
        for what, addresses in (
            ("called from", evidence.callers),
            ("staged at", evidence.buffers),
            ("written by", evidence.writers),
        )
        if addresses
    ]
    return "; ".join((f"{evidence.kind} at {first}{more}{odds}", *seen))


def _proven_lines(blocks: Sequence[ListedBlock], proven: Proven) -> list[str]:
    kinds = ", ".join(f"{number} by {kind}" for kind, number in proven.kinds.items())
    lines = [f"proven starts: {proven.proven} of {len(blocks)}" + (f" ({kinds})" if kinds else "")]
    if proven.proven < len(blocks):
        lines.append("play the game with a host that traces to prove more: see docs/how-to/prove-starts.md")
    return lines


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
