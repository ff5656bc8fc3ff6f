"""The halscope command."""

from __future__ import annotations

import sys

from halscope._version import __version__

TYPE_CHECKING = False  # importing `typing` would cost more than the rest of this module
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main", "program"]


def main(argv: Sequence[str] | None = None, *, whole_process: bool = False) -> int:
    """Run the command and return its exit code.

    0: success. 1: failure, explained on standard error. 2: invalid request. 130: interrupted. 143: terminated.

    Args:
        argv: The arguments; by default those of the process.
        whole_process: Whether the process ends with the command. What is written to standard output after it then goes
            to standard error, like the output of third-party code during the command.
    """
    try:
        if (sys.argv[1:] if argv is None else [*argv]) == ["--version"] and sys.stdout is not None:
            return _print_version()
        from halscope.cli._main import run_command  # inside `try`, so that Ctrl-C never prints a traceback

        return run_command(argv, whole_process=whole_process)
    except KeyboardInterrupt as error:
        terminated = type(error) is not KeyboardInterrupt  # `Terminated`, for SIGTERM
        print("halscope: terminated" if terminated else "halscope: interrupted", file=sys.stderr)
        return 143 if terminated else 130


def _print_version() -> int:
    """Print the version without the parser: scripts call this often."""
    try:
        print(f"halscope {__version__}", flush=True)
    except OSError as error:
        from halscope.cli._main import report_output
        from halscope.cli._output import OutputError

        return report_output(OutputError(error))
    return 0


def program() -> int:
    """Run the command as `halscope._start` does. Start scripts of earlier installations name this function."""
    from halscope._start import program as run

    return run()
