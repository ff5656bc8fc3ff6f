"""Parsing the command line, and turning every outcome into an exit code that scripts can trust.

0: done. 1: it could not be done, and a line says why. 2: the request itself is wrong. 130: interrupted.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence

from halscope_hooks import HalscopeError, UsageError

from halscope import __version__
from halscope.cli import blocks, demo, doctor, edit, inspect, play, record, scan


def parser() -> argparse.ArgumentParser:
    """The whole command line; also what the documentation's reference is checked against."""
    top = argparse.ArgumentParser(
        prog="halscope",
        description="See, trace and edit the graphics of a running SNES game.",
        epilog="Offsets are file offsets without a copier header: 4660, 0x1234 or $1234; $BB:AAAA is a SNES address.",
    )
    top.add_argument("--version", action="version", version=f"halscope {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for module in (demo, play, scan, inspect, edit, blocks, record, doctor):
        module.add_commands(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    if os.environ.get("HALSCOPE_TRACE_HOOKS", "0") not in ("", "0"):
        logging.getLogger("halscope.hooks").setLevel(logging.INFO)
    try:
        options = parser().parse_args(argv)
    except SystemExit as request:  # argparse leaves this way for --help and for wrong options alike
        return request.code if isinstance(request.code, int) else 2
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except UsageError as error:
        return _complain(error, 2)
    except HalscopeError as error:
        return _complain(error, 1)
    except KeyboardInterrupt:
        return _complain("interrupted", 130)
    except BrokenPipeError:
        # The reader of our output has gone (`halscope … | head`): nobody is left to complain to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if os.environ.get("HALSCOPE_DEBUG"):
            raise
        return _complain(
            f"internal error: {type(error).__name__}: {error}; please report it with the output of HALSCOPE_DEBUG=1", 1
        )
    return code


def _complain(message: object, code: int) -> int:
    print(f"halscope: {message}", file=sys.stderr)
    return code
