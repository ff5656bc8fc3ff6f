"""The halscope command."""

from __future__ import annotations

import sys

from halscope._version import __version__

TYPE_CHECKING = False  # importing `typing` would cost more than the rest of this module
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code.

    0: success. 1: failure, explained on standard error. 2: invalid request. 130: interrupted.
    """
    try:
        if (sys.argv[1:] if argv is None else [*argv]) == ["--version"]:
            print(f"halscope {__version__}")  # scripts call this often, so skip the parser
            return 0
        from halscope.cli._main import run_command  # inside `try`, so that Ctrl-C never prints a traceback

        return run_command(argv)
    except KeyboardInterrupt:
        print("halscope: interrupted", file=sys.stderr)
        return 130
