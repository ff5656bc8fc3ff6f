"""A short storm: several threads call everything at once, callbacks fail, sleep and unsubscribe, the host is freed."""

from __future__ import annotations

import random
import threading
import time

import numpy as np
from halscope.session import JobContext, Session
from halscope.session._locks import check_locks
from halscope_hooks import Event, HalscopeError, Patch, Update, VramOrigins, Write
from numpy.typing import NDArray
from support.made_host import WAIT, MadeHost, eventually, frame_in, made_snapshot, session_threads

NOTHING = VramOrigins(((),) * 2048, np.zeros(2048, np.bool_))
PATCH = Patch("0" * 64, (), (Write("vram", 0, b"x"),))
SNAPSHOTS = [made_snapshot(frame) for frame in range(128)]


def work(context: JobContext) -> None:
    for _ in range(5):
        context.checkpoint()
        time.sleep(0.0002)


class Storm:
    """Calls a session at random until it is stopped."""

    def __init__(self, session: Session, seed: int) -> None:
        self.errors: list[BaseException] = []
        self.crossed = 0
        self._session = session
        self._random = random.Random(seed)
        self._kept: list[object] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self) -> bool:
        self._stop.set()
        self._thread.join(WAIT)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._act(self._random.randrange(11))
            except HalscopeError:
                pass  # the session is closed, or a wait was over
            except BaseException as error:
                self.errors.append(error)
            time.sleep(0.0005)

    def _act(self, what: int) -> None:
        session, chance = self._session, self._random
        match what:
            case 0:
                self._kept.append(session.subscribe(self._look, delivery="own"))
            case 1:
                self._kept.append(session.subscribe(self._look))
            case 2:
                del self._kept[:1]
            case 3:
                session.run("work", work, deadline=chance.choice([None, 0.001]), replaces=chance.choice([None, 1]))
            case 4:
                session.preview("preview", work, key=chance.randrange(3)).cancel("storm")
            case 5:
                session.pause()
                session.resume()
            case 6:
                self._kept.append(session.collect(lambda _snapshot: None))
            case 7:
                session.set_locate(chance.choice([None, self._locate]))
            case 8:
                session.apply(PATCH).cancel("storm")
            case 9:
                session.report_failure("storm", ValueError())
            case _:
                session.stats()

    def _look(self, event: Event) -> None:
        if isinstance(event, Update):
            self.crossed += event.frame.sprites[0].x & 0xFF != frame_in(event.frame.snapshot)
        if self._random.random() < 0.05:
            raise ValueError("storm")

    def _locate(self, _vram: NDArray[np.uint8]) -> VramOrigins:
        if self._random.random() < 0.05:
            raise ValueError("storm")
        return NOTHING


def test_nothing_is_lost_but_counted_drops_nothing_crosses_and_nothing_hangs() -> None:
    breaches = check_locks(True)
    breaches.clear()
    try:
        for number in range(25):
            host = MadeHost()
            session = Session(host, threads=True, workers=2)
            session.start()
            storms = [Storm(session, 10 * number + seed) for seed in range(3)]
            for snapshot in SNAPSHOTS:
                session.submit(snapshot)
                session.pump()
            if number % 3 == 0:
                del host  # it disappears
            report = session.close()
            assert report.abandoned == ()
            assert all(storm.end() for storm in storms), "a thread hangs"
            assert [error for storm in storms for error in storm.errors] == []
            assert sum(storm.crossed for storm in storms) == 0
            stats = session.stats()
            assert stats.seen == stats.decoded + stats.dropped + stats.waiting
            assert eventually(lambda: session_threads() == [])
    finally:
        check_locks(False)
    assert breaches == []
