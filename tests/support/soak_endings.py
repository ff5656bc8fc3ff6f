"""How the lives of a soak end."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
import threading
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Final, Literal, get_args

from halscope.session import Job, Session, State
from halscope.session._engine import Engine
from halscope_hooks import HostGoneError, Snapshot
from support.soak_game import MadeError

if TYPE_CHECKING:
    from support.soak_life import Life

Ending = Literal[
    "closed",
    "closed by many",
    "host gone",
    "session dropped",
    "left by an error",
    "closed by a signal",
    "closed in spite of Ctrl-C",
    "aclose on this thread",
    "aclose elsewhere",
    "emulator gone",
]
ENDINGS: Final[tuple[Ending, ...]] = get_args(Ending)


def make_it_end(life: Life, ending: Ending) -> None:
    """End the session of a life."""
    session = life.now
    match ending:
        case "closed by many":
            closers = [threading.Thread(target=partial(session.close, f"closer {k}")) for k in range(4)]
            for closer in closers:
                closer.start()
            for closer in closers:
                closer.join()
        case "host gone" if not life.owned:
            life.host = None
            gc.collect()
        case "session dropped":
            del session
            life.let_go()
            gc.collect()
        case "left by an error":
            try:
                with session:
                    raise MadeError("inside with")
            except MadeError:
                pass
        case "closed by a signal":
            close_by_signal(life)
        case "closed in spite of Ctrl-C":
            for _ in range(life.rng.randrange(1, 4)):
                life.interrupts.during(session.close)
            session.close()
        case "aclose on this thread":
            asyncio.run(session.aclose())
        case "aclose elsewhere":
            life.company.loop.run(session.aclose())
        case "emulator gone" if life.way != "handed in":
            life.emulator.go()
            try:
                while session.state is not State.CLOSED:
                    session.tick()
            except (HostGoneError, MadeError):
                session.close()
        case _:
            report = session.close()
            if bool(report.errors) != (life.owned and life.emulator.fails_to_close):
                life.findings.breach(f"the close reports {report.errors}")


def close_by_signal(life: Life) -> None:
    """A handler closes the session while the emulator's thread is at work."""
    session = life.now
    old = signal.signal(signal.SIGALRM, lambda *_: session.close("a signal"))
    try:
        signal.setitimer(signal.ITIMER_REAL, 1e-6 + life.rng.random() * 0.02)
        while session.state is not State.CLOSED:
            life.take()
            session.pump()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)


def who_keeps() -> str:
    """The way from what is left of a session to what keeps it: types, and the functions of frames."""
    there = gc.get_objects()
    # In this order: a session keeps the others.
    kinds = Session, Engine, Snapshot, Job
    left: list[object] = [thing for kind in kinds for thing in there if isinstance(thing, kind)]
    del there
    way = left[:1]
    seen: set[int] = {id(left), id(way)}
    for _ in range(12):
        seen |= {id(thing) for thing in way}
        keepers = [one for one in gc.get_referrers(*way[-1:]) if id(one) not in seen and one is not sys._getframe()]
        if not keepers:
            break
        way.append(keepers[0])
        del keepers
    return " < ".join(one.f_code.co_qualname if isinstance(one, FrameType) else type(one).__name__ for one in way)
