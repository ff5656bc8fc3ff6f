"""What only a terminal shows, by rich: colours, tables with rules, progress bars. Imported only where there is one."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from halscope._output import own_output

REFRESH_SECONDS: Final = 0.1
_GAP: Final = 2
"""Between two columns: the padding of one, and the place of a rule."""

_SWATCH: Final = len("   #rrggbb ")


def print_styled(line: str, style: str) -> None:
    """Print a line on standard output in a rich style, never wrapped."""
    _console().print(Text(line, style), soft_wrap=True)


def print_table(columns: Sequence[str], right: Sequence[bool], rows: Sequence[Sequence[Text]]) -> None:
    """Print a table on standard output. A cell that is too wide continues on the next line, at a space or behind a
    slash if that makes the table fit.

    Args:
        columns: The headings.
        right: Whether a column is aligned to the right.
        rows: The cells of each row.
    """
    console = _console()
    least = _least_widths(columns, rows)
    if sum(least) > console.width:
        rows = [[Text(cell.plain.replace("/", "/\n"), cell.style) for cell in row] for row in rows]
        least = _least_widths(columns, rows)
    fits = sum(least) <= console.width
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for name, to_right, width in zip(columns, right, least, strict=True):
        justify: Literal["left", "right"] = "right" if to_right else "left"
        table.add_column(name, justify=justify, overflow="fold", min_width=width - _GAP if fits else None)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _least_widths(columns: Sequence[str], rows: Sequence[Sequence[Text]]) -> list[int]:
    """Return the width that each column needs, with the gap behind it, if no word is broken."""
    texts = [[name, *(row[at].plain for row in rows)] for at, name in enumerate(columns)]
    return [_GAP + max(cell_len(word) for text in column for word in text.split() or [""]) for column in texts]


def print_swatches(title: str, colours: Sequence[str]) -> None:
    """Print colours (`#rrggbb`) on standard output, each as a patch with its text, as many as fit in a line."""
    console = _console()
    room = max(1, (console.width - len(title)) // _SWATCH)
    for first in range(0, len(colours), room):
        line = Text(title if first == 0 else " " * len(title))
        for colour in colours[first : first + room]:
            line.append("  ", f"on {colour}")
            line.append(f" {colour} ")
        line.rstrip()
        console.print(line, soft_wrap=True)


@contextlib.contextmanager
def terminal_progress(text: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar on standard error; yields a function (done, total) that moves it and hides it at the end.

    No thread of its own refreshes it, so a game that runs meanwhile is not disturbed.
    """
    count = DownloadColumn(binary_units=True) if unit == "B" else MofNCompleteColumn()
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        count,
        TextColumn("" if unit == "B" else f"{unit}s" if unit else ""),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
        auto_refresh=False,
        transient=True,
        redirect_stdout=sys.stdout.isatty(),  # not a pipe: its lines would go to the terminal
    )
    task = bar.add_task(text, total=None)
    shown = 0.0

    def move(done: int, total: int) -> None:
        nonlocal shown
        now = time.monotonic()
        finished = total > 0 and done >= total
        if not finished and now - shown < REFRESH_SECONDS:
            return
        shown = now
        bar.update(task, completed=done, total=total or None)
        if finished:
            bar.stop()
        else:
            bar.start()
            bar.refresh()

    try:
        yield move
    finally:
        bar.stop()


def _console() -> Console:
    return Console(file=own_output(), highlight=False, markup=False)
