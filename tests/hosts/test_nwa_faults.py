"""The NWA host and peers that send garbage, half a message, a length of 2 GiB, nothing, or one byte at a time."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from halscope.demo import rom_path
from halscope.hosts.libretro import available_cores
from halscope.hosts.nwa import NwaHost, _connection, _discovery, find_emulators, host
from halscope_hooks import HostAbsentError, HostGoneError, Write
from support.same_moment import PATIENCE, poll_until
from support.server_process import ServerProcess
from support.tampering_proxy import Send, TamperingProxy, pass_on

TWO_GIB = b"\0\x80\0\0\0"
needs_core = pytest.mark.skipif(not available_cores(), reason="no libretro core is installed")


@pytest.fixture(autouse=True)
def patience(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Little with those that never answer, and much with emulators: this machine may do other things."""
    answers = "emulator" in request.fixturenames
    introduced_within(monkeypatch, PATIENCE if answers else 0.3)
    if answers:
        monkeypatch.setattr(_connection, "PATIENCE", PATIENCE)


def introduced_within(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    for module in (_discovery, host):
        monkeypatch.setattr(module, "INTRODUCTION_WAIT", seconds)


def answers(data: bytes) -> Callable[[bytes, Send], None]:
    return lambda _, send: send(data)


def hang_up(_data: bytes, _send: Send) -> None:
    raise ConnectionError


@pytest.mark.parametrize("address", ["192.168.1..5:48879", "x" * 70 + ":48879"])
def test_an_address_that_names_nothing_is_absent(address: str) -> None:
    with pytest.raises(HostAbsentError, match="no emulator answers"):
        NwaHost(address)


@pytest.mark.parametrize(
    ("tamper", "reason"),
    [
        (answers(b""), "has not answered MY_NAME_IS"),
        (answers(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "does not follow the protocol"),
        (answers(TWO_GIB), "2147483648 bytes, where at most 0"),
        (answers(b"\nname:"), "has not answered"),
        (answers(b"\n\n"), "does not say that it is an emulator"),
        (answers(b"\nerror:invalid_command\n\n"), "does not say that it is an emulator"),
        (answers(b"\n\n" * 9), "nothing asked for"),
        (hang_up, "is gone"),
    ],
)
def test_what_is_no_emulator_is_not_attached_to(tamper: Callable[[bytes, Send], None], reason: str) -> None:
    with TamperingProxy(None, tamper) as peer:
        with pytest.raises(HostAbsentError, match=reason):
            NwaHost(peer.address)
        assert find_emulators(peer.address) == []


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[ServerProcess]:
    with rom_path() as path:
        rom = Path(shutil.copy(path, tmp_path / "game.sfc"))
    with ServerProcess("nwa_server", rom, available_cores()[0].name, "plus") as server:
        yield server


@pytest.fixture
def proxy(emulator: ServerProcess) -> Iterator[TamperingProxy]:
    with TamperingProxy(emulator.port) as proxy:
        yield proxy


@needs_core
@pytest.mark.slow
@pytest.mark.parametrize(
    ("tamper", "reason"),
    [
        (answers(b"\xff" * 100), "does not follow the protocol"),
        (answers(TWO_GIB), "does not follow the protocol"),
        (answers(b"\nstate:running\ngame:game.sfc\n\n" + TWO_GIB), r"2147483648 bytes, where at most [1-9]\d* were"),
        (hang_up, "attach again"),
    ],
)
def test_a_peer_that_goes_mad_is_gone(
    proxy: TamperingProxy, tamper: Callable[[bytes, Send], None], reason: str
) -> None:
    with NwaHost(proxy.address) as attached:
        poll_until(attached, lambda _: True)
        proxy.tamper = tamper
        with pytest.raises(HostGoneError, match=reason):
            poll_until(attached, lambda _: False)
        with pytest.raises(HostGoneError):
            attached.poll(0)


@needs_core
@pytest.mark.slow
def test_an_emulator_whose_frames_cannot_be_read_any_more_does_not_look_paused(
    emulator: ServerProcess, caplog: pytest.LogCaptureFixture
) -> None:
    with NwaHost(emulator.address) as attached:
        poll_until(attached, lambda _: True)
        attached._connection.ask("TEST_REFUSE")
        until = time.monotonic() + PATIENCE
        while not caplog.records:
            assert time.monotonic() < until
            attached.poll(0.1)
        receipt = attached.write([Write("vram", 0, b"1")])
    (record,) = caplog.records
    assert "runs, and its frames cannot be read: OAM cannot be read: not_allowed: busy" in record.getMessage()
    assert "the host was closed before" in str(receipt.error)


@needs_core
@pytest.mark.slow
def test_half_a_message_is_waited_for_and_given_up(proxy: TamperingProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    with NwaHost(proxy.address) as attached:
        poll_until(attached, lambda _: True)
        proxy.tamper = lambda data, send: send(data[: len(data) // 2])
        while attached.poll(0.1) is not None:  # a frame may be on its way
            pass
        began = time.monotonic()
        assert attached.poll(0.2) is None
        assert time.monotonic() - began < _connection.SILENCE / 2, "poll keeps to its time-out"
        monkeypatch.setattr(_connection, "SILENCE", 0.3)
        with pytest.raises(HostGoneError, match=r"sent nothing for 0\.3 seconds|does not follow the protocol"):
            poll_until(attached, lambda _: False)


@needs_core
@pytest.mark.slow
def test_a_slow_peer_is_read_and_poll_keeps_to_its_time_out(proxy: TamperingProxy) -> None:
    in_time = threading.Semaphore(0)

    def slowly(data: bytes, send: Send) -> None:
        for at in range(0, len(data), 4096):
            in_time.acquire(timeout=PATIENCE)
            send(data[at : at + 4096])

    with NwaHost(proxy.address) as attached:
        proxy.tamper = slowly
        polls, snapshots = 0, 0
        while snapshots < 2:
            in_time.release()  # a piece for each poll
            polls += 1
            snapshots += attached.poll(0.005) is not None
        proxy.tamper = pass_on
        in_time.release(1000)
        assert polls > 6, "a frame took several polls"


@needs_core
@pytest.mark.slow
def test_a_message_cut_into_bytes_is_read(proxy: TamperingProxy) -> None:
    def in_bytes(data: bytes, send: Send) -> None:
        for at in range(min(len(data), 200)):
            send(data[at : at + 1])
        send(data[200:])

    proxy.tamper = in_bytes
    with NwaHost(proxy.address) as attached:
        poll_until(attached, lambda snapshot: snapshot.frame > 2)


@needs_core
@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGSTOP")
def test_an_emulator_that_hangs_is_waited_for(emulator: ServerProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    with NwaHost(emulator.address) as attached:
        poll_until(attached, lambda _: True)
        os.kill(emulator.pid, signal.SIGSTOP)
        try:
            while attached.poll(0.1) is not None:
                pass
            introduced_within(monkeypatch, 0.3)
            with pytest.raises(HostAbsentError, match="has not answered"):
                NwaHost(emulator.address)
        finally:
            os.kill(emulator.pid, signal.SIGCONT)
        poll_until(attached, lambda _: True)


@needs_core
@pytest.mark.slow
def test_an_unanswered_question_closes_the_connection(proxy: TamperingProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """A late answer would be taken for that to the next question."""
    monkeypatch.setattr(_connection, "PATIENCE", 0.2)
    with NwaHost(proxy.address) as attached:
        poll_until(attached, lambda _: True)
        proxy.tamper = answers(b"")
        with pytest.raises(HostGoneError):
            attached._connection.ask("EMULATION_PAUSE", patience=0.2)
        with pytest.raises(HostGoneError):
            attached.poll(0)
