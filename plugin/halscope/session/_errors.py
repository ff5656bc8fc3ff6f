"""Errors that are kept: in a job, an event, or a tap. They keep no frames of whoever was calling.

A frame refers to its callers, so the traceback of a host's error refers to `Session.tick`, and with it to the session
and to whatever else its user has called. What keeps such an error keeps all of these: a session that everybody has
dropped would not end.
"""

from __future__ import annotations

import copy
import logging
from types import TracebackType
from typing import Final, cast

log: Final = logging.getLogger("halscope.session")


def forget_frames(error: BaseException) -> None:
    """Drop the traceback of an error, of those it is chained to, and of those in a group, once it was reported with its
    traceback as text."""
    seen: set[int] = set()
    chain: list[BaseException | None] = [error]
    while chain:
        link = chain.pop()
        if link is not None and id(link) not in seen:
            seen.add(id(link))
            link.__traceback__ = None
            chain += (link.__cause__, link.__context__)
            if isinstance(link, BaseExceptionGroup):
                chain += link.exceptions


def told_error[E: BaseException](error: E) -> E:
    """Return the error to keep or to put into an event: a copy without a traceback or a chain, as `error` is raised by
    others. Each raise adds the frames of that caller, and with them often the session, to the traceback of an error.

    An error that cannot be copied is returned itself, without its frames.
    """
    try:
        return cast("E", _copied(error))
    except Exception as why:
        log.debug("an error of type %s cannot be copied: %s", type(error).__name__, why)
    forget_frames(error)
    return error


def raised_again(error: BaseException, trace: TracebackType | None) -> BaseException:
    """Return the error to raise for one that is kept: a copy with this traceback, which the raise extends, and with the
    same chain."""
    again = told_error(error)
    if again is not error:
        again.__cause__, again.__context__ = error.__cause__, error.__context__
        again.__suppress_context__ = error.__suppress_context__
    return again.with_traceback(trace)


def _copied(error: BaseException) -> BaseException:
    """Return a copy. Raises any exception if there can be none."""
    kind = type(error)
    if isinstance(error, BaseExceptionGroup):
        return _made_anew(error, error.message, [told_error(one) for one in error.exceptions])
    try:
        copied = copy.copy(error)
        if type(copied) is kind and copied.args == error.args:
            return copied
    except Exception as why:  # its `__init__` does not take its `args`
        log.debug("an error of type %s is copied without its __init__: %s", kind.__name__, why)
    copied = _made_anew(error, *error.args)
    if str(copied) != str(error):
        raise ValueError("the copy has another text")
    return copied


def _made_anew(error: BaseException, *args: object) -> BaseException:
    """Make an error of the same type without calling the type's `__init__`."""
    kind = type(error)
    made: BaseException = kind.__new__(kind, *args)
    made.args = args  # OSError.__new__ leaves them to an `__init__` of the type's own
    made.__dict__.update(error.__dict__)
    return made
