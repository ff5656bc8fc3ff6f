"""What the soak has found where the emulator loads another ROM, and where somebody misses what is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from halscope.session import Session
from halscope_hooks import (
    Attached,
    Event,
    HostChanged,
    JobFailed,
    Origin,
    RomIdentity,
    Snapshot,
    Update,
    VramOrigins,
)
from numpy.typing import NDArray
from support.interrupts import AtLine
from support.made_host import MadeHost, MadeRemote, eventually, made_snapshot
from support.pool_work import Gate


def in_rom(number: int) -> Callable[[NDArray[np.uint8]], VramOrigins]:
    """A lookup in this ROM: the blocks' offset is its number."""
    origins = VramOrigins(((Origin("hal", number, 0, "content"),),) * 2048, np.ones(2048, np.bool_))
    return lambda _vram: origins


def load(host: MadeHost | MadeRemote, number: int) -> None:
    """Another ROM runs from now on."""
    host.info = replace(host.info, rom=RomIdentity(path=f"{number}.sfc"))


class Loading(MadeRemote):
    """An emulator that has loaded another ROM by its second snapshot, and says so when it is asked for that."""

    def poll(self, timeout: float) -> Snapshot | None:
        snapshot = super().poll(timeout)
        if snapshot is not None and snapshot.frame == 2:
            load(self, 2)
        return snapshot


def told(heard: list[Event]) -> list[str | tuple[int, int | None]]:
    """Of each update its frame and the ROM of its origins, and "changed" for each change."""
    return [
        (event.snapshot.frame, None if event.origins is None else event.origins.origins[0][0].block_offset)
        if isinstance(event, Update)
        else "changed"
        for event in heard
        if isinstance(event, (Update, HostChanged))
    ]


def decode(session: Session, frame: int) -> None:
    """Have it decoded for sure; nothing is delivered."""
    before = session.stats().decoded
    session.submit(made_snapshot(frame))
    assert eventually(lambda: session.stats().decoded > before)


def test_the_first_frame_of_another_rom_is_not_looked_up_in_the_one_before() -> None:
    host = Loading()
    with Session(host, owns_host=True, locate=in_rom(1)) as session:
        heard: list[Event] = []
        kept = session.subscribe(heard.append)
        for frame in (1, 2):
            host.send(made_snapshot(frame))
            session.tick()
        assert told(heard) == [(1, 1), "changed", (2, None)]
        assert not kept.closed


def test_a_snapshot_that_is_handed_in_has_the_change_told_before_it() -> None:
    host = MadeHost()
    with Session(host, locate=in_rom(1)) as session:
        heard: list[Event] = []
        kept = session.subscribe(heard.append)
        session.submit(made_snapshot(1))
        load(host, 2)
        session.submit(made_snapshot(2))
        assert told(heard) == [(1, 1), "changed", (2, None)]
        assert not kept.closed


def test_the_last_frame_of_the_rom_before_is_not_looked_up_in_the_new_one() -> None:
    host = MadeHost()
    with Session(host, locate=in_rom(1)) as session:
        heard: list[Event] = []
        kept = session.subscribe(heard.append)
        session.submit(made_snapshot(1))
        load(host, 2)
        session.pump()
        session.set_locate(in_rom(2))
        session.submit(made_snapshot(2))
        assert told(heard) == [(1, 1), "changed", (2, 2)]
        assert not kept.closed


def test_a_frame_that_is_told_after_the_change_has_no_origins_in_the_rom_before() -> None:
    host, gate = MadeHost(), Gate()

    def slowly(vram: NDArray[np.uint8]) -> VramOrigins:
        gate.pass_through()
        return in_rom(1)(vram)

    with Session(host, threads=True, workers=2, locate=slowly) as session:
        pull = session.pull(Update, HostChanged)
        session.submit(made_snapshot(1))
        gate.reached(20)
        load(host, 2)
        session.pump()
        gate.open()
        assert eventually(lambda: session.stats().decoded == 1)
        heard = [event for event in (pull.take(0), pull.take(0)) if event is not None]
        assert told(heard) == ["changed", (1, None)]


def test_a_frame_of_another_rom_does_not_pass_the_news_of_it() -> None:
    host = MadeHost()
    with Session(host, threads=True, workers=2, locate=in_rom(1)) as session:
        pull = session.pull(Update, HostChanged)
        decode(session, 1)
        load(host, 2)
        session.pump()
        session.set_locate(in_rom(2))
        decode(session, 2)
        decode(session, 3)
        heard = [event for event in (pull.take(0) for _ in range(4)) if event is not None]
        assert told(heard) == [(1, 1), "changed", (3, 2)]


def test_who_was_switched_off_is_told_that_everything_has_changed() -> None:
    host = MadeHost()
    with Session(host) as session:
        heard: list[Update] = []
        fails = True

        def look(event: Event) -> None:
            if isinstance(event, Update):
                heard.append(event)
                if fails:
                    raise ValueError("made")

        kept = session.subscribe(look, Update)
        for frame in range(1, 6):
            session.submit(made_snapshot(frame))
        assert kept.switched_off
        fails = False
        kept.switch_on()
        for frame in range(6, 8):
            session.submit(made_snapshot(frame))
        assert [update.snapshot.frame for update in heard] == [1, 2, 3, 6, 7]
        assert [update.changes.tiles.size for update in heard] == [2048, 1, 1, 2048, 1]


@pytest.mark.parametrize("threads", [False, True])
def test_what_fails_as_a_session_begins_is_told_after_attached(threads: bool) -> None:
    host, heard = MadeHost(), list[list[Event]]()
    session = Session(host, threads=threads, workers=2)

    def fail(_event: Event) -> None:
        raise ValueError("made")

    def subscriber() -> Callable[[Event], None]:
        events: list[Event] = []
        heard.append(events)
        return events.append

    # Begun one after the other: the first has failed before the last one is told of the beginning.
    kept = [session.subscribe(fail, Attached, delivery="own")]
    kept += [session.subscribe(subscriber(), Attached, JobFailed, delivery="own") for _ in range(300)]
    session.report_failure("before", ValueError("made"))
    with session:
        assert eventually(lambda: all(len(events) == 3 for events in heard))
    assert all(isinstance(events[0], Attached) for events in heard)
    assert len(kept) == 301


def test_a_signal_handler_that_pumps_while_a_change_is_noticed_tells_it_once() -> None:
    line, lines = 0, 1
    while line < lines:  # every line of the pump that notices the change
        line += 1
        host = MadeHost()
        with Session(host, threads=False) as session:
            heard: list[Event] = []
            kept = session.subscribe(heard.append)
            load(host, 2)
            at = AtLine(line, session.pump)
            with at:
                session.pump()
            session.pump()
            lines = at.lines
            changes = [event.host.rom.path for event in heard if isinstance(event, HostChanged)]
            assert changes == ["2.sfc"], f"line {line}, {at.where}"
            assert not kept.closed
    assert lines > 20
