"""The stage of a session's life cycle, as one value that changes as a whole."""

from __future__ import annotations

from typing import NamedTuple

from halscope_hooks import Detached

from halscope.session._figures import State


class Life(NamedTuple):
    """Stage of a session's life cycle."""

    state: State = State.NEW
    last: Detached | None = None  # the last event for subscribers; set by the first close
    closed: bool = False  # `last` was delivered and everything has ended
    forked: bool = False  # the session belongs to the parent of this process


def moved(life: Life, old: State, new: State) -> Life:
    """Return the life with the stage `new` instead of `old`; unchanged in another stage, or once it is closing."""
    return life._replace(state=new) if life.state is old and life.last is None else life
