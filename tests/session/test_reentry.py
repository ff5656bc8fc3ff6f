"""A session holds no lock while it calls third-party code, and takes locks in the order of their ranks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from halscope.session import Session
from halscope.session._cells import Cell
from halscope.session._locks import Rank, about_to_take, check_locks
from halscope_hooks import Event, HalscopeError, JobProgress, Patch, Snapshot, VramOrigins, Write, WriteReceipt
from numpy.typing import NDArray
from support.made_host import WAIT, MadeHost, eventually, made_snapshot, session_threads

NOTHING = VramOrigins(((),) * 2048, np.zeros(2048, np.bool_))
SHORT = 0.01


@pytest.fixture
def breaches() -> Iterator[list[str]]:
    """Locks are checked during the test; a breach fails it."""
    noted = check_locks(True)
    noted.clear()
    yield noted
    check_locks(False)
    assert noted == []


def every_call(session: Session, path: Path) -> dict[str, Callable[[], object]]:
    """Each public method once, none of which may wait for the caller."""
    return {
        "start": session.start,
        "pause": session.pause,
        "resume": session.resume,
        "submit": lambda: session.submit(made_snapshot(1)),
        "pump": lambda: session.pump(0),
        "tick": lambda: session.tick(0),
        "advance": session.advance,
        "step": lambda: session.step(SHORT),
        "feed": lambda: session.feed(made_snapshot(2), SHORT),
        "subscribe": lambda: session.subscribe(lambda _event: None).close(SHORT),
        "pull": lambda: session.pull().take(SHORT),
        "collect": lambda: session.collect(lambda _snapshot: None).close(SHORT),
        "record": lambda: session.record(path / f"{threading.get_ident()}.hrec").close(SHORT),
        "apply": lambda: session.apply(Patch("0" * 64, (), (Write("vram", 0, b"x"),))),
        "run": lambda: session.run("x", lambda _context: None),
        "preview": lambda: session.preview("x", lambda _context: None, key=1),
        "set_locate": lambda: session.set_locate(lambda _vram: NOTHING),
        "set_rom": lambda: session.set_rom(None),
        "report_failure": lambda: None,  # its own effect would call this again; see below
        "stats": session.stats,
        "state": lambda: session.state,
        "ended": lambda: session.ended,
        "host": lambda: session.host,
        "info": lambda: session.info,
        "threads": lambda: session.threads,
    }


def test_every_public_method_is_in_the_list(tmp_path: Path) -> None:
    public = {name for name in vars(Session) if not name.startswith("_")}
    host = MadeHost()
    assert public - set(every_call(Session(host), tmp_path)) == {"stop", "close", "aclose"}, "tested with the lifecycle"


@pytest.mark.parametrize("threads", [False, True])
@pytest.mark.parametrize("where", ["host", "own", "tap", "locate", "job", "progress", "write", "step"])
def test_a_callback_may_call_every_method_from_its_own_thread_and_from_another(
    breaches: list[str], tmp_path: Path, where: str, threads: bool
) -> None:
    inside = threading.Event()
    answered: list[str] = []
    errors: list[BaseException] = []

    def call(name: str, method: Callable[[], object]) -> None:
        try:
            method()
        except HalscopeError:
            pass  # an answer, too: "already decoding", "not written"
        except RuntimeError as error:
            if "already" not in str(error):
                errors.append(error)
        except BaseException as error:
            errors.append(error)
        answered.append(name)

    def everything(*_: object) -> None:
        if inside.is_set():
            return
        inside.set()
        calls = every_call(session, tmp_path)
        for name, method in calls.items():
            call(name, method)
        for name, method in calls.items():
            other = threading.Thread(target=call, args=(f"{name} elsewhere", method), daemon=True)
            other.start()
            other.join(WAIT)
            assert not other.is_alive(), f"{name} waits for the callback that waits for it"
        done.set()

    done = threading.Event()

    class Host(MadeHost):
        def write(self, writes: Sequence[Write]) -> WriteReceipt:
            if where == "write":
                everything()
            return super().write(writes)

        def step(self) -> Snapshot | None:
            if where == "step":
                everything()
            return super().step()

    def locate(_vram: NDArray[np.uint8]) -> VramOrigins:
        if where == "locate":
            everything()
        return NOTHING

    host = Host()
    session = Session(host, threads=threads, workers=2, locate=locate)
    session.start()
    kept: list[object] = []
    match where:
        case "host":
            kept.append(session.subscribe(everything))
        case "own":
            kept.append(session.subscribe(everything, delivery="own"))
        case "tap":
            kept.append(session.collect(everything))
        case "job":
            session.run("all", everything)
        case "progress":
            kept.append(session.subscribe(everything, JobProgress, delivery="own"))
            session.run("all", lambda context: context.report(1, 2))
        case "write":
            session.apply(Patch("0" * 64, (), (Write("vram", 0, b"x"),)))
        case _:
            session.tick()
    session.submit(made_snapshot(1))
    assert eventually(lambda: session.pump(1) is None or done.is_set())
    assert errors == []
    assert len(answered) == 2 * len(every_call(session, tmp_path))
    session.close()
    assert eventually(lambda: session_threads() == [])
    assert kept is not None


def test_an_event_can_be_answered_with_a_failure_once(breaches: list[str]) -> None:
    host = MadeHost()
    session = Session(host)
    heard: list[Event] = []

    def answer(event: Event) -> None:
        heard.append(event)
        if len(heard) < 3:
            session.report_failure(f"answer {len(heard)}", ValueError())

    handle = session.subscribe(answer)
    session.report_failure("question", ValueError())
    assert len(heard) == 4  # Attached, the question, and an answer to each of the first two events
    session.close()
    assert handle.closed


def test_checked_locks_note_a_wrong_order_and_a_call_with_a_lock_held() -> None:
    noted = check_locks(True)
    noted.clear()
    lane, session = threading.RLock(), Cell(0, Rank.SESSION)
    about_to_take(lane, Rank.QUEUE)
    with lane:
        session.change(lambda value: value + 1)
    session.change(lambda value: value + 1)
    check_locks(False)
    assert noted == ["SESSION taken while QUEUE is held"]
    noted.clear()
