"""What the soak has found where Ctrl-C comes between two subscribers: all of them are told, and nobody twice."""

from __future__ import annotations

import contextlib
import gc
import itertools
import weakref
from dataclasses import replace

import pytest
from halscope._output import third_party_code
from halscope.session import Session
from halscope.session._rights import Right
from halscope_hooks import Event, HostChanged, Patch, PatchReady, RomIdentity, Touched, Update, Write
from support.interrupts import AtLine, interrupt
from support.made_host import MadeHost, MadeRemote, made_snapshot

PATCH = Patch("00", (), (Write("vram", 0, b"x"),))


def interrupted(line: int) -> tuple[bool, list[list[Event]]]:
    """A host changes twice and tells what was read, with Ctrl-C at this line; what three subscribers heard of it."""
    host = MadeRemote()
    with Session(host, owns_host=True) as session:
        heard: list[list[Event]] = [[], [], []]
        kept = [session.subscribe(events.append, HostChanged, Touched) for events in heard]
        session.start()
        host.info = replace(host.info, rom=RomIdentity(path="2.sfc"))
        host.touches = [Touched(1, 0x8000), Touched(1, 0x8020)]
        at = AtLine(line, interrupt)
        with contextlib.suppress(KeyboardInterrupt), at:
            session.tick(wait=0)
        host.info = replace(host.info, rom=RomIdentity(path="3.sfc"))
        session.tick(wait=0)
        session.pump()
        assert len(kept) == 3
    return bool(at.where), heard


@pytest.mark.slow
def test_ctrl_c_between_two_subscribers_tells_nobody_twice_and_nobody_nothing() -> None:
    line, there = 0, True
    while there:
        line += 1
        there, heard = interrupted(line)
        for events in heard:
            changes = [event for event in events if isinstance(event, HostChanged)]
            hosts = [changes[0].previous, *(change.host for change in changes)]
            assert [host.rom.path for host in hosts] in ([None, "2.sfc", "3.sfc"], [None, "3.sfc"]), f"line {line}"
            assert [change.previous for change in changes] == hosts[:-1]
            touches = [event.rom_offset for event in events if isinstance(event, Touched)]
            assert touches == [0x8000, 0x8020], f"line {line}"
    assert line > 100


@pytest.mark.slow
def test_a_patch_that_was_written_is_told_to_everybody_in_spite_of_ctrl_c() -> None:
    line, there, written = 0, True, 0
    while there:
        line += 1
        host = MadeHost()
        with Session(host) as session:
            heard: list[list[Event]] = [[], [], []]
            kept = [session.subscribe(events.append, PatchReady) for events in heard]
            at = AtLine(line, interrupt)
            with contextlib.suppress(KeyboardInterrupt), at:
                session.apply(PATCH)
            session.tick()
            for _ in heard:  # on a busy machine, one delivery may use a pump's time up
                session.pump()
            there = bool(at.where)
            told_of = [len(events) for events in heard]
            assert told_of in ([0, 0, 0], [1, 1, 1]), f"line {line}, {at.where}: {told_of}"
            assert not third_party_code()._is_owned(), at.where  # type: ignore[attr-defined]
            written += told_of == [1, 1, 1]
            assert len(kept) == 3
    assert 10 < written < line


@pytest.mark.slow
def test_a_right_keeps_nothing_of_a_call_that_ctrl_c_cut_off() -> None:
    """A right of a pool outlives sessions: the frame of a claim kept its callers' frames, and with them a session."""
    right = Right()

    class Local:
        pass

    def work() -> weakref.ref[Local]:
        local = Local()
        with at, contextlib.suppress(KeyboardInterrupt):
            claim()
        return weakref.ref(local)

    def claim() -> None:
        with right.claim() as mine:
            assert mine

    for line in itertools.count(1):
        at = AtLine(line, interrupt)
        kept = work()
        gc.collect()
        assert not right.held, at.where
        assert kept() is None, at.where
        if not at.where:
            break
    assert line > 20


@pytest.mark.slow
def test_who_subscribes_while_a_signal_handler_starts_the_session_again_is_not_told_that_it_was_attached() -> None:
    for line in itertools.count(1):
        host = MadeHost()
        with Session(host) as session:
            session.start()
            heard: list[Event] = []

            def again(session: Session = session) -> None:
                session.stop()
                session.start()

            with AtLine(line, again) as at:
                kept = session.subscribe(heard.append)
            session.feed(made_snapshot(1))
            assert not kept.closed
            assert [type(event) for event in heard] == [Update], at.where
        if not at.where:
            break
    assert line > 10
