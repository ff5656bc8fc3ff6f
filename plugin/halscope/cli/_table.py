"""Tables: aligned columns, one row a line and nothing cut; on a terminal with colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from halscope_hooks import StartEvidence

from halscope._output import own_output
from halscope.cli._output import OutputError, on_terminal, say

if TYPE_CHECKING:  # the room draws pictures, which most tables do not need
    from halscope.app import Source

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


def index_ranges(indices: Sequence[int]) -> str:
    """Return ascending numbers as text: `3, 8 to 127`."""
    runs: list[list[int]] = []
    for index in indices:
        if runs and index == runs[-1][-1] + 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)


def origin_cell(source: Source) -> Cell:
    """Return where tiles are from, in the colour of the evidence."""
    evidence = source.place.rpartition(" ")[2]
    return Cell(source.place, next((style for start, style in EVIDENCE_STYLES.items() if start == evidence), "dim"))


def print_palettes(palettes: Mapping[int, Sequence[str]]) -> None:
    """Print OBJ palettes, a line each; on a terminal with a swatch for each colour. Raises OutputError."""
    for number, colours in palettes.items():
        if on_terminal(own_output()):
            from halscope.cli._terminal import print_swatches

            try:
                print_swatches(f"palette {number}: ", colours)
            except OSError as error:
                raise OutputError(error) from error
        else:
            say(f"palette {number}: {' '.join(colours)}")


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
