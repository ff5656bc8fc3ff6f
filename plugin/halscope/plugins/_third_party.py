"""The edge to third-party code: it neither prints to standard output nor ends the program."""

from __future__ import annotations

import contextlib
import functools
import signal
from collections.abc import Iterator
from types import CodeType, FunctionType, MethodType

from halscope._output import third_party_code


class ExitError(Exception):
    """Third-party code called `sys.exit`."""


@contextlib.contextmanager
def third_party() -> Iterator[None]:
    """Run third-party code: what it prints goes to standard error, and a `sys.exit` of its own becomes an ExitError.

    Ctrl-C belongs to the program and propagates, as does a SystemExit that a signal handler raises while third-party
    code happens to run.
    """
    with third_party_code():
        try:
            yield
        except SystemExit as error:
            if _passed_a_signal_handler(error):
                raise
            raise ExitError(f"it called sys.exit({error.code!r}); only the program itself may end") from error


def _passed_a_signal_handler(error: BaseException) -> bool:
    handlers = {_code(signal.getsignal(number)) for number in signal.valid_signals()} - {None}
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code in handlers:
            return True
        trace = trace.tb_next
    return False


def _code(handler: object) -> CodeType | None:
    while isinstance(handler, functools.partial):
        handler = handler.func
    if callable(handler) and not isinstance(handler, FunctionType | MethodType):
        handler = handler.__call__
    return handler.__code__ if isinstance(handler, FunctionType | MethodType) else None
