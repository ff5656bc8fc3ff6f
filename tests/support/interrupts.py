"""One run of a session that is interrupted at a chosen line, and what must hold afterwards."""

from __future__ import annotations

import contextlib
import dis
import gc
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

from halscope import session as room
from halscope.formats.recording import RecordingReader
from halscope.session import Recording, Session, State
from halscope_hooks import Attached, Detached, Event, HostError, Patch, Write
from support.made_host import WAIT, MadeHost, eventually, frame_in, session_threads

PUSH_EXC_INFO = dis.opmap["PUSH_EXC_INFO"]
LEAVES_WITH = bytes([*[dis.opmap["LOAD_CONST"]] * 3, dis.opmap["CALL"]])  # __exit__(None, None, None)
SWAP = dis.opmap["SWAP"]  # what is to be returned stays below
ROOM = str(Path(room.__file__).parent)
PATCH = Patch("0" * 64, (), (Write("vram", 0, b"x"),))


class AtLine:
    """Calls something just before the n-th line of a room's modules that this thread executes, or just after it where
    no signal can come.

    Args:
        number: Counted from 1.
        what: Called once; its exceptions are raised from that line.
        room: Folder of the modules; by default the session's.
    """

    def __init__(self, number: int, what: Any, room: str = ROOM) -> None:
        self._room = room
        self.lines = 0
        self.where = ""
        self._number = number
        self._what = what

    def __enter__(self) -> Self:
        gc.disable()  # an exception in a finalizer is no interrupt: Python prints it and continues
        sys.settrace(self._trace)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        sys.settrace(None)
        gc.enable()

    def _trace(self, frame: FrameType, event: str, _argument: object) -> Any:
        if not frame.f_code.co_filename.startswith(self._room):
            return None
        if event == "line":
            self.lines += 1
            if self.lines >= self._number and not self.where and not _is_safe(frame):
                self.where = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
                self._what()
        return self._trace


def _is_safe(frame: FrameType) -> bool:
    """Whether no signal handler is called where the frame stands.

    At the start of a handler, also the end of a `with` block: CPython 3.12 takes what a trace function raises there for
    an exception within the handler, and leaves the one that was to be handled behind as `sys.exception()` of the
    thread, with all its frames. And between the last call in a `with` block and that of `__exit__`.
    """
    operations = frame.f_code.co_code[frame.f_lasti : frame.f_lasti + 10 : 2]
    leaves = operations.removeprefix(bytes([SWAP]))[:4] == LEAVES_WITH
    return leaves or operations[0] == PUSH_EXC_INFO


def interrupt() -> None:
    """Ctrl-C."""
    raise KeyboardInterrupt


class Life:
    """A session from its start to its end, with everything attached to it."""

    def __init__(self, folder: Path, *, threads: bool) -> None:
        self.host = MadeHost()
        self.session = Session(self.host, threads=threads, workers=2, owns_host=True)
        self.heard: dict[str, list[Event]] = {"host": [], "own": []}
        self.handles = [
            self.session.subscribe(self.heard["host"].append),
            self.session.subscribe(self.heard["own"].append, delivery="own"),
        ]
        self.seen: list[int] = []
        self.tap = self.session.collect(lambda snapshot: self.seen.append(frame_in(snapshot)))
        self.path = folder / "life.hrec"
        self.path.unlink(missing_ok=True)
        self.recording: Recording | None = None
        self.closing = False
        self.by_handler = False

    def live(self) -> None:
        """Everything that the host's thread does."""
        session = self.session
        session.start()
        self.recording = session.record(self.path)
        session.tick()
        session.step()
        session.pump()
        session.apply(PATCH)
        session.tick()
        session.stop()
        session.start()
        session.tick()
        session.step()
        self.closing = True
        session.close("enough")

    def go_on(self) -> list[str]:
        """After an interrupt: a session that is not being closed continues as if nothing had happened."""
        if self.closing:
            return []
        session, wrong = self.session, []
        session.start()
        if session.step() is None:
            wrong.append("no frame could be stepped")
        before = session.stats().decoded
        session.tick()
        if not eventually(lambda: session.stats().decoded > before):
            wrong.append("the live lane is dead")
        return wrong

    def end(self) -> list[str]:
        """Close it (again), and return what is wrong then."""
        session, wrong = self.session, []
        session.close("again")
        session.close("and again")
        session.pump()
        if session.state is not State.CLOSED:
            wrong.append(f"it is {session.state.value} after close()")
        for delivery, events in self.heard.items():
            if not eventually(lambda events=events: isinstance(events[-1], Detached)):  # type: ignore[misc]
                wrong.append(f"{delivery}: Detached is not the last event")
            times = [sum(isinstance(event, kind) for event in events) for kind in (Attached, Detached)]
            if times not in ([1, 1], [0, 1] if self.by_handler else [1, 1]):  # it may be closed before it has started
                wrong.append(f"{delivery}: Attached and Detached were delivered {times} times")
        if len(self.host.closings) != 1:
            wrong.append(f"the host was closed {len(self.host.closings)} times")
        stats = session.stats()
        if stats.seen != stats.decoded + stats.dropped + stats.undecoded + stats.waiting:
            wrong.append(f"the counts do not add up: {stats}")
        in_hand = int(self.by_handler)  # a frame that came after the handler's close
        if self.seen not in (list(range(1, self.host.frame + 1)), list(range(1, self.host.frame + 1 - in_hand))):
            wrong.append(f"of {self.host.frame} frames the tap saw {self.seen}")
        if not eventually(lambda: not session_threads()):
            wrong.append(f"left running: {[thread.name for thread in session_threads()]}")
        return wrong + self._recorded()

    def _recorded(self) -> list[str]:
        if not self.path.exists():
            return [] if self.recording is None else ["there is no recording"]
        with RecordingReader(self.path) as reader:
            frames = [frame_in(snapshot) for snapshot in reader]
            whole = reader.complete
        if not whole:
            return ["the recording has no end"]
        if self.recording is not None and frames not in (self.seen, self.seen[:-1] if self.by_handler else self.seen):
            return [f"recorded {frames} of {self.seen}"]
        return []


def interrupted_life(line: int, folder: Path, *, threads: bool) -> tuple[bool, list[str]]:
    """Run with Ctrl-C at this line; returns whether the line exists, and what was wrong after it."""
    life, at = Life(folder, threads=threads), AtLine(line, interrupt)
    try:
        with at:
            life.live()
    except KeyboardInterrupt:
        pass
    wrong = [*life.go_on(), *life.end()]
    return bool(at.where), [f"line {line}, {at.where}: {what}" for what in wrong]


def life_with_handler(line: int, folder: Path, *, threads: bool) -> tuple[bool, list[str]]:
    """Run with a signal handler at this line that closes the session; otherwise as `interrupted_life`."""
    life = Life(folder, threads=threads)
    took: list[float] = []

    def close() -> None:
        life.by_handler = True
        took.append(life.session._engine.close("a signal", WAIT, WAIT, WAIT).seconds.total)  # as Session.close does

    at = AtLine(line, close)
    with at, contextlib.suppress(HostError):  # "the session is closed"
        life.live()
    life.closing = True
    wrong = life.end()
    if took and took[0] >= WAIT:
        wrong.append("closing waited for what it had interrupted")
    return bool(at.where), [f"line {line}, {at.where}: {what}" for what in wrong]


@contextlib.contextmanager
def interrupted_in(function: str) -> Iterator[None]:
    """Within the block, Ctrl-C is pressed when a Python function of this name is called."""

    def profile(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code.co_name == function:
            sys.setprofile(None)
            signal.raise_signal(signal.SIGINT)

    sys.setprofile(profile)
    try:
        yield
    finally:
        sys.setprofile(None)
