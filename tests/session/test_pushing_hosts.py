"""Pushing hosts: the emulator runs by itself, may pause, answer writes late, load another ROM, or disappear."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from halscope.session import JobTimeoutError, Session, State, WriteTimeoutError, _host_call
from halscope_hooks import (
    CancelledError,
    Detached,
    Event,
    HostChanged,
    HostError,
    HostGoneError,
    JobFailed,
    Origin,
    Patch,
    PatchReady,
    RomIdentity,
    Touched,
    Update,
    VramOrigins,
    Write,
)
from numpy.typing import NDArray
from support.made_host import WAIT, MadeRemote, eventually, made_snapshot

PATCH = Patch("00", (), (Write("vram", 0, b"x"),))


def located(_vram: NDArray[np.uint8]) -> VramOrigins:
    return VramOrigins(((Origin("hal", 0, 0, "content"),),) * 2048, np.ones(2048, np.bool_))


@pytest.fixture
def host() -> MadeRemote:
    return MadeRemote()


@pytest.fixture(params=[False, True], ids=["inline", "threads"])
def session(request: pytest.FixtureRequest, host: MadeRemote) -> Iterator[Session]:
    with Session(host, threads=request.param, workers=2, owns_host=True) as session:
        yield session


def frames(heard: list[Event]) -> list[int]:
    return [event.frame.snapshot.frame for event in heard if isinstance(event, Update)]


def test_what_it_sends_is_decoded_and_told(session: Session, host: MadeRemote) -> None:
    heard: list[Event] = []
    kept = session.subscribe(heard.append)
    host.send(made_snapshot(7))
    assert session.tick() is not None
    assert eventually(lambda: session.pump() or 7 in frames(heard))
    assert not kept.closed


def test_a_step_waits_for_the_next_snapshot(session: Session, host: MadeRemote) -> None:
    other = threading.Timer(0.1, host.send, [made_snapshot(3)])
    other.start()
    update = session.step(WAIT)
    assert update is not None
    assert update.snapshot.frame == 3
    assert not session.ended


def test_a_paused_emulator_stops_neither_deliveries_nor_writes(session: Session, host: MadeRemote) -> None:
    heard: list[Event] = []
    kept = session.subscribe(heard.append)
    host.send(made_snapshot(1))
    session.tick()
    assert eventually(lambda: session.pump() or frames(heard))
    job = session.apply(PATCH)  # nothing is sent from here on
    assert session.tick() is None
    assert not session.ended
    assert len(host.asked) == 1
    session.report_failure("something", ValueError("bad"))
    host.answer()
    assert eventually(lambda: session.tick() is None and job.ended)
    assert job.result(0) is None
    kinds = [type(event) for event in heard]
    assert kinds.count(PatchReady) == 1
    assert kinds.count(JobFailed) == 1
    assert not kept.closed


def test_a_step_without_a_snapshot_pumps_and_gives_up_in_time(session: Session, host: MadeRemote) -> None:
    heard: list[Event] = []
    kept = session.subscribe(heard.append, JobFailed)
    session.report_failure("something", ValueError("bad"))
    assert session.step(0) is None
    assert len(heard) == 1
    session.report_failure("something else", ValueError("bad"))
    assert session.advance(2, 0) is None
    assert len(heard) == 2
    assert session.step(0.05) is None
    assert host.polls >= 2
    assert not kept.closed


def test_a_write_is_done_when_the_emulator_has_answered(session: Session, host: MadeRemote) -> None:
    heard: list[Event] = []
    kept = session.subscribe(heard.append, PatchReady)
    job = session.apply(PATCH)
    for _ in range(3):
        session.tick()
    with pytest.raises(JobTimeoutError):
        job.result(0)
    assert heard == []
    host.answer()
    session.tick()
    assert job.result(0) is None
    assert eventually(lambda: session.pump() or heard)
    assert not kept.closed


def test_an_emulator_that_refuses_a_write_fails_its_job_alone(session: Session, host: MadeRemote) -> None:
    first, second = session.apply(PATCH), session.apply(PATCH)
    session.tick()
    host.answer(HostError("vram 0x0: the emulator is in a menu; close it and save again"))
    session.tick()
    with pytest.raises(HostError, match="in a menu"):
        first.result(0)
    assert not second.ended
    host.answer()
    session.tick()
    assert second.result(0) is None


def test_an_emulator_that_never_answers_fails_the_write_in_time(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_host_call, "ANSWER_WAIT", 0.05)
    job = session.apply(PATCH)
    assert eventually(lambda: session.tick() is None and job.ended)
    with pytest.raises(HostError, match="not answered"):
        job.result(0)


@pytest.mark.parametrize("refused", [False, True], ids=["made", "refused"])
def test_the_answer_to_a_write_may_come_after_the_time_out(
    session: Session, host: MadeRemote, monkeypatch: pytest.MonkeyPatch, refused: bool
) -> None:
    monkeypatch.setattr(_host_call, "ANSWER_WAIT", 0.02)
    heard: list[Event] = []
    kept = session.subscribe(heard.append, PatchReady, JobFailed)
    job = session.apply(PATCH)  # the game is paused
    assert eventually(lambda: session.tick() is None and job.ended)
    with pytest.raises(WriteTimeoutError, match="may still make it") as late:
        job.result(0)
    assert not late.value.receipt.done
    assert session.stats().host_calls == 1
    host.answer(HostError("vram 0x0 does not hold the expected bytes") if refused else None)  # it goes on
    assert eventually(lambda: session.tick() is None and session.stats().host_calls == 0)
    assert late.value.receipt.done
    expected = [JobFailed] if refused else [JobFailed, PatchReady]
    assert eventually(lambda: session.pump() or len(heard) == len(expected))
    assert [type(event) for event in heard] == expected
    assert not kept.closed


@pytest.mark.parametrize("by_token", [False, True])
def test_a_write_that_was_sent_cannot_be_cancelled(session: Session, host: MadeRemote, by_token: bool) -> None:
    heard: list[Event] = []
    kept = session.subscribe(heard.append, PatchReady, JobFailed)
    job = session.apply(PATCH)
    session.tick()
    assert len(host.asked) == 1
    if by_token:
        job.token.cancel("the game does not run")
    else:
        assert not job.cancel("the game does not run")
    session.tick()
    assert not job.ended, "the emulator may still make the write"
    host.answer()
    assert eventually(lambda: session.tick() is None and job.ended)
    assert job.result(0) is None
    assert eventually(lambda: session.pump() or heard)
    assert [type(event) for event in heard] == [PatchReady]
    assert not kept.closed


def test_a_write_without_an_answer_ends_with_the_session(session: Session, host: MadeRemote) -> None:
    job = session.apply(PATCH)
    session.tick()
    assert len(host.asked) == 1
    session.close()
    assert job.ended
    with pytest.raises(CancelledError, match=r"closed: .*not known"):
        job.result(0)
    assert session.stats().host_calls == 0


def test_the_session_ends_when_the_emulator_goes(session: Session, host: MadeRemote) -> None:
    heard: list[Event] = []
    kept = session.subscribe(heard.append, Detached)
    host.send(None)
    with pytest.raises(HostGoneError, match="closed the connection"):
        session.tick()
    assert session.ended
    assert session.state is State.CLOSED
    assert host.closed
    session.pump()
    assert [event.reason for event in heard if isinstance(event, Detached)] == [
        "the emulator has closed the connection; attach again"
    ]
    assert kept is not None


def test_another_rom_is_told_and_its_origins_are_not_those_of_the_first(host: MadeRemote) -> None:
    with Session(host, owns_host=True, locate=located) as session:
        heard: list[Event] = []
        kept = session.subscribe(heard.append, HostChanged, Update)
        host.send(made_snapshot(1))
        session.tick()
        before = host.info
        host.info = replace(before, rom=RomIdentity(path="other.sfc", sha256="11"))
        host.send(made_snapshot(2))
        session.tick()
        first, changed, second = heard
        assert isinstance(changed, HostChanged)
        assert changed.rom_changed
        assert (changed.previous, changed.host) == (before, host.info)
        assert session.info == host.info
        assert isinstance(first, Update)
        assert first.origins is not None
        assert isinstance(second, Update)
        assert second.origins is None, "nothing is known of the new ROM"
        session.set_locate(located)
        assert isinstance(heard[-1], Update)
        assert heard[-1].origins is not None
        assert not kept.closed


def test_a_change_that_leaves_the_rom_leaves_its_origins(host: MadeRemote) -> None:
    with Session(host, owns_host=True, locate=located) as session:
        heard: list[Event] = []
        kept = session.subscribe(heard.append, HostChanged, Update)
        session.tick()
        host.info = replace(host.info, writable=frozenset({"vram", "wram"}))
        host.send(made_snapshot(1))
        session.tick()
        changed, update = heard
        assert isinstance(changed, HostChanged)
        assert not changed.rom_changed
        assert isinstance(update, Update)
        assert update.origins is not None
        assert not kept.closed


def test_reads_of_the_rom_are_told_also_while_no_frame_comes(session: Session, host: MadeRemote) -> None:
    heard: list[Event] = []
    kept = session.subscribe(heard.append, Touched)
    host.touches = [Touched(1, 0x8000), Touched(1, 0x8020)]
    session.tick()
    assert eventually(lambda: session.pump() or len(heard) == 2)
    assert heard == [Touched(1, 0x8000), Touched(1, 0x8020)]
    assert not kept.closed


def test_a_host_that_neither_runs_nor_pushes_hands_its_snapshots_in(host: MadeRemote) -> None:
    host.info = replace(host.info, capabilities=frozenset({"tracing"}))
    with Session(host) as session:
        with pytest.raises(HostError, match=r"submit\(\)"):
            session.tick()
        session.submit(made_snapshot(1))
        assert session.stats().decoded == 1
