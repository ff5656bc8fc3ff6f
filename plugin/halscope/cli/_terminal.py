"""What only a terminal shows, by rich: colours, tables with rules, progress bars. Imported only where there is one."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from halscope._output import own_output

REFRESH_SECONDS: Final = 0.1


def print_styled(line: str, style: str) -> None:
    """Print a line on standard output in a rich style, never wrapped."""
    _console().print(Text(line, style), soft_wrap=True)


def print_table(columns: Sequence[str], right: Sequence[bool], rows: Sequence[Sequence[Text]]) -> None:
    """Print a table on standard output. A cell that is too wide continues on the next line.

    Args:
        columns: The headings.
        right: Whether a column is aligned to the right.
        rows: The cells of each row.
    """
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name, to_right in zip(columns, right, strict=True):
        table.add_column(name, justify="right" if to_right else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    _console().print(table)


def print_swatches(title: str, colours: Sequence[str]) -> None:
    """Print a line of colours (`#rrggbb`) on standard output, each as a patch with its text beside it."""
    line = Text(title)
    for colour in colours:
        line.append("  ", f"on {colour}")
        line.append(f" {colour} ")
    _console().print(line, soft_wrap=True)


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
