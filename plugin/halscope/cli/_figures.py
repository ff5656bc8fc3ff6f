"""The figures of a frame: the options that say which sprites are one, and how they are printed."""

from __future__ import annotations

import argparse
from typing import Any

from halscope_hooks import Update

from halscope.app import Regrouping, Workspace, figure_rows, palette_texts
from halscope.cli._output import say
from halscope.cli._table import Cell, Column, index_ranges, origin_cell, print_palettes, print_table

FORCED_BLANK = 0x80
"""Bit 7 of INIDISP ($2100): the screen is off."""


def regrouping_from(options: argparse.Namespace) -> Regrouping:
    """Return the figures to merge and to split from the options."""
    return Regrouping(tuple((first, second) for first, second in options.merge), tuple(options.split))


def figures_summary(update: Update, workspace: Workspace | None) -> dict[str, Any]:
    """Return the figures of a frame and the colours of their palettes as JSON."""
    rows = figure_rows(update.frame, update.origins, workspace)
    palettes = palette_texts(update.frame, [palette for row in rows for palette in row.palettes])
    return {"figures": [row.describe() for row in rows], "palettes": palettes}


def print_figures(update: Update, number: int, workspace: Workspace | None) -> None:
    """Print the figures of a frame and the colours of their palettes.

    Args:
        update: The decoded frame.
        number: Its number in the recording.
        workspace: The ROM, or `None`.
    """
    rows = figure_rows(update.frame, update.origins, workspace)
    title = f"frame {number}: {_figures(len(rows))}{_why_none(update, found=bool(rows))}"
    if update.origins is not None:
        asked = int(update.origins.informative.sum())
        title += f", {update.origins.located} of {asked} tiles in VRAM found in the ROM"
    say(title, "bold")
    if not rows:
        return
    columns = [Column("x", right=True), Column("y", right=True), Column("size"), Column("sprites"), Column("palettes")]
    if update.origins is not None:
        columns += [Column("tiles"), Column("origin"), Column("figure")]
    table: list[list[str | Cell]] = []
    for row in rows:
        cells: list[str | Cell] = [
            str(row.x),
            str(row.y),
            f"{row.width}x{row.height}",
            index_ranges(row.sprites),
            " ".join(map(str, row.palettes)),
        ]
        if update.origins is not None:
            cells += [row.source.count, origin_cell(row.source), row.name]
        table.append(cells)
    print_table(columns, table)
    print_palettes(palette_texts(update.frame, [palette for row in rows for palette in row.palettes]))


def _figures(count: int) -> str:
    return "no figures" if count == 0 else f"{count} figure{'s' * (count != 1)}"


def _why_none(update: Update, *, found: bool) -> str:
    """Say why a frame shows no sprites, as far as its registers tell."""
    if found:
        return ""
    if update.frame.sprites_unknown:
        return f" ({update.frame.sprites_unknown})"
    inidisp = update.snapshot.ppu.inidisp
    if inidisp is not None and inidisp & FORCED_BLANK:
        return " (the screen is off)"
    return " (no sprite with a visible pixel is on the screen)"
