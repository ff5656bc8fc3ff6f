"""The command-line parser. Nothing here imports the packages that do the work, so that `--help` is fast."""

from __future__ import annotations

import argparse
import sys

from halscope._version import __version__
from halscope.cli._arguments._attaching import add_attach, add_retroarch
from halscope.cli._arguments._export import add_export
from halscope.cli._arguments._files import add_compare, add_editing, add_inspect, add_put, add_search, add_streams
from halscope.cli._arguments._palettes import add_palette
from halscope.cli._arguments._projects import add_project
from halscope.cli._arguments._running import add_cache, add_completion, add_demo, add_doctor, add_play, add_recording
from halscope.cli._output import say

TYPE_CHECKING = False  # importing `typing` would cost more than the rest of this module
if TYPE_CHECKING:
    from typing import Final

    from _typeshed import SupportsWrite


class _Parser(argparse.ArgumentParser):
    """Reports that standard output cannot be written, which argparse ignores."""

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        if file is sys.stdout:
            say(message.removesuffix("\n"))
        else:
            super()._print_message(message, file)


_COMMANDS: Final = (
    (add_demo, ("demo",)),
    (add_play, ("play",)),
    (add_attach, ("attach",)),
    (add_retroarch, ("retroarch",)),
    (add_search, ("scan", "locate")),
    (add_inspect, ("inspect",)),
    (add_compare, ("compare",)),
    (add_editing, ("extract", "inject")),
    (add_put, ("put",)),
    (add_export, ("export",)),
    (add_palette, ("palette",)),
    (add_project, ("project",)),
    (add_streams, ("decompress", "compress")),
    (add_recording, ("record", "replay")),
    (add_doctor, ("doctor",)),
    (add_cache, ("cache",)),
    (add_completion, ("completion",)),
)
"""What adds commands, and their names."""


def parser(command: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command line; a test compares the documentation's reference with it.

    Args:
        command: The command that is going to be parsed: the others are left out, which take most of the time. By
            default, and if there is none of this name, the parser knows all.
    """
    top: argparse.ArgumentParser = _Parser(
        prog="halscope",
        description="See, trace and edit the graphics of a running SNES game.",
        epilog="Offsets are file offsets without a copier header: 4660, 0x1234 or '$1234'; 84:8123 or '$84:8123' is a "
        "SNES address. Quote what begins with $: a shell takes it for a variable.",
    )
    top.add_argument("--version", action="version", version=f"halscope {__version__}")
    # Without an explicit `prog` argparse formats the usage line, which imports half a dozen modules.
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True, prog=top.prog)
    wanted = [add for add, names in _COMMANDS if command in names]
    for add in wanted or [add for add, _ in _COMMANDS]:
        add(commands)
    return top
