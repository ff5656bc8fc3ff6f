"""The command-line parser. Nothing here imports the packages that do the work, so that `--help` is fast."""

from __future__ import annotations

import argparse

from halscope._version import __version__
from halscope.cli._arguments._files import add_editing, add_inspect, add_search, add_streams
from halscope.cli._arguments._running import add_cache, add_demo, add_doctor, add_play, add_recording


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line; a test compares the documentation's reference with it."""
    top = argparse.ArgumentParser(
        prog="halscope",
        description="See, trace and edit the graphics of a running SNES game.",
        epilog="Offsets are file offsets without a copier header: 4660, 0x1234 or $1234; $BB:AAAA is a SNES address.",
    )
    top.add_argument("--version", action="version", version=f"halscope {__version__}")
    # Without an explicit `prog` argparse formats the usage line, which imports half a dozen modules.
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True, prog=top.prog)
    for add in (
        add_demo,
        add_play,
        add_search,
        add_inspect,
        add_editing,
        add_streams,
        add_recording,
        add_doctor,
        add_cache,
    ):
        add(commands)
    return top
