"""The halscope command."""

from __future__ import annotations

import sys

from halscope._version import __version__

TYPE_CHECKING = False  # `typing` alone would cost more than all the rest of this module
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code.

    0: done. 1: it could not be done, and a line says why. 2: the request itself is wrong. 130: interrupted.
    """
    try:
        if (sys.argv[1:] if argv is None else [*argv]) == ["--version"]:
            print(f"halscope {__version__}")  # what scripts ask again and again needs no parser
            return 0
        from halscope.cli._main import run_command  # in here, so that Ctrl-C never leaves a traceback

        return run_command(argv)
    except KeyboardInterrupt:
        print("halscope: interrupted", file=sys.stderr)
        return 130
