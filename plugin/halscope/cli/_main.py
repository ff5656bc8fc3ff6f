"""Parses the command line, runs the command, and turns every outcome into a reliable exit code."""

from __future__ import annotations

import argparse
import os
import sys

from halscope_hooks import HalscopeError, UsageError

from halscope.cli._arguments import parser
from halscope.cli._interrupts import interrupts_end_at_once, interrupts_raise, replaces_interrupt
from halscope.cli._output import OutputError, discard_output, flush_output, note, prepare_streams

TYPE_CHECKING = False  # importing `typing` would cost more than the rest of this module
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def run_command(argv: Sequence[str] | None, *, whole_process: bool = False) -> int:
    """Parse the arguments and run the command that they name. Arguments as for `main`.

    Raises:
        KeyboardInterrupt: Ctrl-C while the command ran.
    """
    prepare_streams()
    try:
        with interrupts_end_at_once():
            words = sys.argv[1:] if argv is None else [*argv]
            options = parser(words[0] if words else None).parse_args(words)
            run = command(options.command)
            _log_warnings()
    except SystemExit as request:  # argparse exits this way for --help and for wrong options alike
        code = request.code if isinstance(request.code, int) else 2
        return _finish(code)
    except OutputError as error:
        return report_output(error)
    from halscope._output import command_output

    try:
        with command_output(restore=not whole_process), interrupts_raise():
            try:
                code = run(options)
            finally:
                flush_output()
    except OutputError as error:
        return report_output(error)
    except UsageError as error:
        code = _complain(error, 2)
    except HalscopeError as error:
        code = _complain(error, 1)
    except Exception as error:
        if replaces_interrupt(error):
            raise KeyboardInterrupt from error
        if os.environ.get("HALSCOPE_DEBUG"):
            raise
        code = _complain(
            f"internal error: {type(error).__name__}: {error}; please report it with the output of HALSCOPE_DEBUG=1", 1
        )
    return _finish(code)


def _finish(code: int) -> int:
    """Write what is still in the buffer of standard output."""
    try:
        flush_output()
    except OutputError as error:
        return report_output(error)
    return code


def report_output(error: OutputError) -> int:
    """Report that standard output cannot be written. Says nothing where its reader has exited (`halscope … | head`)."""
    discard_output()
    return 1 if error.reader_gone else _complain(error, 1)


def command(name: str) -> Callable[[argparse.Namespace], int]:
    """Import and return the function that runs a command. Other commands and their imports are not loaded."""
    match name:
        case "demo":
            from halscope.cli.demo import run
        case "play":
            from halscope.cli.play import run
        case "attach":
            from halscope.cli.attach import run
        case "retroarch":
            from halscope.cli.retroarch import run
        case "scan":
            from halscope.cli.scan import run
        case "locate":
            from halscope.cli.locate import run
        case "inspect":
            from halscope.cli.inspect import run
        case "compare":
            from halscope.cli.compare import run
        case "extract":
            from halscope.cli.edit import run_extract as run
        case "inject":
            from halscope.cli.edit import run_inject as run
        case "put":
            from halscope.cli.put import run
        case "export":
            from halscope.cli.export import run
        case "palette":
            from halscope.cli.palette import run
        case "project":
            from halscope.cli.project import run
        case "decompress":
            from halscope.cli.blocks import decompress as run
        case "compress":
            from halscope.cli.blocks import compress as run
        case "record":
            from halscope.cli.record import run_record as run
        case "replay":
            from halscope.cli.replay import run
        case "cache":
            from halscope.cli.cache import run
        case "doctor":
            from halscope.cli.doctor import run
        case "completion":
            from halscope.cli.completion import run
        case _:
            raise AssertionError(f"the parser knows a command {name!r} that nothing runs")
    return run


def _log_warnings() -> None:
    import logging

    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    if os.environ.get("HALSCOPE_TRACE_HOOKS", "0") not in ("", "0"):
        logging.getLogger("halscope.hooks").setLevel(logging.INFO)


def _complain(message: object, code: int) -> int:
    note(f"halscope: {message}")
    return code
