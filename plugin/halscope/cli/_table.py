"""Tables: aligned columns, one row a line and nothing cut; on a terminal with colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from halscope_hooks import StartEvidence

from halscope._output import own_output
from halscope.cli._output import OutputError, on_terminal, say

EVIDENCE_STYLES: Final[dict[StartEvidence, str]] = {
    "traced": "bold green",
    "pointer": "green",
    "adjacent": "yellow",
    "content": "yellow",
}
"""Colours of the evidence for a block's start: green may be edited, yellow needs --force."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Args:
        name: Its heading.
        right: Whether it is aligned to the right.
    """

    name: str
    right: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell in a colour.

    Args:
        text: What it says.
        style: A rich style ("green", "bold red"), used on a terminal alone.
    """

    text: str
    style: str = ""


def print_table(columns: Sequence[Column], rows: Sequence[Sequence[str | Cell]]) -> None:
    """Print a table on standard output. Raises OutputError."""
    cells = [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in rows]
    if on_terminal(own_output()):
        from rich.text import Text

        from halscope.cli import _terminal

        texts = [[Text(cell.text, cell.style) for cell in row] for row in cells]
        try:
            _terminal.print_table([column.name for column in columns], [column.right for column in columns], texts)
        except OSError as error:
            raise OutputError(error) from error
        return
    lines = [[column.name for column in columns], *([cell.text for cell in row] for row in cells)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(columns))]
    for line in lines:
        words = [
            text.rjust(width) if column.right else text.ljust(width)
            for text, width, column in zip(line, widths, columns, strict=True)
        ]
        say("  ".join(words).rstrip())
