"""`halscope completion`: a script for a shell that completes the command's arguments."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import shtab

from halscope.cli._arguments import parser
from halscope.cli._output import say


def run(options: argparse.Namespace) -> int:
    """Print the script."""
    top = parser()
    for action in _actions(top):
        if action.type is Path:
            folder = action.metavar == "DIR"
            action.complete = shtab.DIRECTORY if folder else shtab.FILE  # type: ignore[attr-defined] # read by shtab
    say(shtab.complete(top, shell=options.shell))
    return 0


def _actions(command: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield every argument of a command and of its subcommands."""
    for action in command._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for name in action.choices:
                yield from _actions(action.choices[name])
