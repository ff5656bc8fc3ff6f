"""Either side may be killed and start again, and a peer may send anything: the other goes on."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from halscope.app import Plugins, open_host
from halscope.hosts.mesen2 import Listener, MesenHost, find_emulators
from halscope.hosts.mesen2._wire import PROTOCOL
from halscope_hooks import HostAbsentError, HostError, HostGoneError, Snapshot, UsageError, Write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.interrupts import AtLine, interrupt
from support.mesen import StandIn, needs_lua
from support.mesen_demo import attached, run_both

TESTS = Path(__file__).parents[2]


def endpoint(folder: Path) -> tuple[int, bytes]:
    port, token, _ = (folder / "endpoint").read_text("ascii").split()
    return int(port), token.encode()


def message(kind: bytes, payload: bytes = b"") -> bytes:
    return struct.pack("<I", len(payload) + 1) + kind + payload


def short(data: bytes) -> bytes:
    return bytes([len(data)]) + data


def text(data: bytes) -> bytes:
    return struct.pack("<H", len(data)) + data


def greeting(token: bytes, version: int = PROTOCOL, keys: bytes = b"ppu.bgMode") -> bytes:
    rom = text(b"game.sfc") + text(b"/nowhere/game.sfc") + text(b"00") + struct.pack("<III", 0x8000, 0, 0)
    return message(b"H", short(token) + bytes([version]) + short(b"Mesen 2") + text(keys) + rom)


def record(space: int, at: int, data: bytes) -> bytes:
    return struct.pack("<BI", space, at) + text(data)


FRAME = struct.pack("<IHHHHBB", 7, 0, 0, 0, 0, 255, 255)
WHOLE = FRAME + b"".join(
    [
        *(record(0, at, bytes(0x8000)) for at in (0, 0x8000)),
        record(1, 0, bytes(512)),
        record(2, 0, bytes(544)),
        record(0x80, 0, struct.pack("<i", 3)),
    ]
)


@pytest.fixture
def peer(meeting_place: Path) -> Iterator[tuple[MesenHost, socket.socket]]:
    """A host, and the socket of a script whose greeting it has taken."""
    listener = Listener.shared()
    port, token = endpoint(meeting_place)
    with socket.create_connection(("127.0.0.1", port)) as script:
        script.sendall(greeting(token))
        with MesenHost(60) as host:
            assert script.recv(5) == message(b"O")
            yield host, script
    listener.release()


# -- one that connects


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\x05",
        message(b"F", WHOLE),
        struct.pack("<I", 0x80000000) + b"H",
        struct.pack("<I", 0) + b"H",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        greeting(b"0" * 32),
        greeting(b""),
        greeting(b"0" * 31),
        message(b"H", b"\xff"),
    ],
    ids=["nothing", "half", "a frame", "2 GiB", "zero", "a browser", "wrong token", "no token", "short token", "torn"],
)
def test_who_does_not_show_the_token_is_not_let_in(meeting_place: Path, sent: bytes) -> None:
    listener = Listener.shared()
    port, _ = endpoint(meeting_place)
    with socket.create_connection(("127.0.0.1", port)) as unknown:
        unknown.sendall(sent)
        unknown.shutdown(socket.SHUT_WR) if sent == b"" else None
        assert listener.accept(0.3) is None
        if sent != b"\x05":  # one that may still greet has two seconds
            unknown.settimeout(60)
            with contextlib.suppress(ConnectionResetError):
                assert unknown.recv(1) == b""


@pytest.mark.slow
def test_connections_that_send_nothing_are_dropped_and_do_not_keep_an_emulator_out(meeting_place: Path) -> None:
    listener = Listener.shared()
    port, token = endpoint(meeting_place)
    with contextlib.ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            listener.accept(0.0)
        time.sleep(2.1)
        listener.accept(0.0)
        script = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        script.sendall(greeting(token))
        found = listener.accept(60)
        assert found is not None
        found[0].close()


def test_a_script_of_another_version_is_told(meeting_place: Path) -> None:
    listener = Listener.shared()
    port, token = endpoint(meeting_place)
    with socket.create_connection(("127.0.0.1", port)) as script:
        script.sendall(greeting(token, version=PROTOCOL + 1))
        assert listener.accept(0.3) is None
        answer = script.recv(1000)
    assert answer[4:5] == b"X"
    assert f"protocol {PROTOCOL + 1}, Halscope {PROTOCOL}".encode() in answer


def test_port_and_token_are_the_users_alone(meeting_place: Path) -> None:
    Listener.shared()
    assert meeting_place.stat().st_mode & 0o777 == 0o700
    assert (meeting_place / "endpoint").stat().st_mode & 0o777 == 0o600
    with socket.create_server(("127.0.0.1", 0)):
        port, _ = endpoint(meeting_place)
        addresses = Path("/proc/net/tcp").read_text("ascii").split("\n")
        mine = [line for line in addresses if f":{port:04X} " in line.split("rem")[0] and " 0A " in line]
        assert mine
        assert all("0100007F:" in line for line in mine)  # the loopback interface alone


# -- a script that has been let in


def test_a_whole_frame_is_a_snapshot(peer: tuple[MesenHost, socket.socket]) -> None:
    host, script = peer
    script.sendall(message(b"F", WHOLE))
    snapshot = host.poll(60)
    assert snapshot is not None
    assert snapshot.frame == 7
    assert snapshot.ppu.obsel is None  # this script has no such field
    assert snapshot.rom is not None
    assert snapshot.rom.sha256 is None


def test_a_frame_that_comes_byte_by_byte_is_waited_for(peer: tuple[MesenHost, socket.socket]) -> None:
    host, script = peer
    frame = message(b"F", WHOLE)
    script.sendall(frame[:-40])
    for byte in frame[-40:-1]:
        script.sendall(bytes([byte]))
        assert host.poll(0.0) is None
    script.sendall(frame[-1:])
    assert host.poll(60) is not None


@pytest.mark.parametrize(
    "sent",
    [
        struct.pack("<I", 0x80000000) + b"F",
        struct.pack("<I", 0x100001) + b"F",
        struct.pack("<I", 0),
        message(b"F", FRAME[:-1]),
        message(b"F", FRAME + record(0, 0xFFFF, b"xx")),
        message(b"F", FRAME + record(4, 0, b"x")),
        message(b"F", FRAME + record(9, 0, b"x")),
        message(b"F", FRAME + record(0x80, 0, b"xxx")),
        message(b"F", FRAME + record(0, 0, b"xx")[:-1]),
        message(b"A", b"\x01"),
        message(b"R", text(b"x")),
        np.random.default_rng(5).bytes(1000),
    ],
    ids=[
        "2 GiB",
        "too long",
        "zero",
        "torn head",
        "past the end",
        "no such memory",
        "unknown memory",
        "registers",
        "torn record",
        "torn answer",
        "torn rom",
        "garbage",
    ],
)
def test_what_is_no_message_ends_the_connection(peer: tuple[MesenHost, socket.socket], sent: bytes) -> None:
    host, script = peer
    receipt = host.write([Write("vram", 0, b"x")])
    script.sendall(sent)
    with pytest.raises(HostGoneError):
        list(map(host.poll, [0.2] * 3))
    assert isinstance(receipt.error, HostGoneError)
    with pytest.raises(HostGoneError):
        host.poll(0.0)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.sampled_from([b"F", b"A", b"R", b"H", b"?"]), st.binary(max_size=200)), max_size=4),
    st.binary(max_size=30),
)
def test_any_bytes_end_in_a_snapshot_or_an_error_of_ours(
    meeting_place: Path, messages: list[tuple[bytes, bytes]], rest: bytes
) -> None:
    listener = Listener.shared()
    port, token = endpoint(meeting_place)
    with socket.create_connection(("127.0.0.1", port)) as script:
        script.sendall(greeting(token))
        with MesenHost(60) as host:
            with contextlib.suppress(OSError):
                script.sendall(b"".join(message(*one) for one in messages) + rest)
                script.shutdown(socket.SHUT_WR)
            with contextlib.suppress(HostError):
                for _ in range(6):
                    host.poll(0.02)
    listener.stay()


def test_a_paused_emulator_is_not_gone(peer: tuple[MesenHost, socket.socket]) -> None:
    host, _ = peer
    assert [host.poll(0.01) for _ in range(10)] == [None] * 10


def test_writes_to_an_emulator_that_takes_nothing_end_in_an_error(peer: tuple[MesenHost, socket.socket]) -> None:
    host, _ = peer
    with pytest.raises(HostError, match="paused"):
        list(map(host.write, [[Write("wram", 0, bytes(0x20000))]] * 200))


def test_a_write_that_no_message_holds_is_refused(peer: tuple[MesenHost, socket.socket]) -> None:
    host, _ = peer
    with pytest.raises(HostError, match="too many"):
        host.write([Write("wram", 0, bytes(0x20000))] * 9)


# -- the script's side


@needs_lua
@pytest.mark.parametrize(
    "sent",
    [
        b"\x00",
        struct.pack("<I", 0x80000000) + b"W",
        struct.pack("<I", 0) + b"W",
        message(b"W", b"\x01"),
        message(b"W", struct.pack("<IH", 1, 5)),
        message(b"L", b"\xff\xff"),
        message(b"N", b"\x05"),
        message(b"M", b"\xff\xff"),
        message(b"?", b"what"),
        np.random.default_rng(6).bytes(5000),
    ],
    ids=["half", "2 GiB", "zero", "torn write", "missing writes", "outlines", "labels", "text", "unknown", "garbage"],
)
@pytest.mark.slow
def test_whatever_a_halscope_sends_the_script_goes_on(demo: Path, meeting_place: Path, sent: bytes) -> None:
    """A Halscope of this test's own accepts the script and sends anything; then a real one is found."""
    meeting_place.mkdir()
    with StandIn(demo) as emulator, socket.create_server(("127.0.0.1", 0)) as false_halscope:
        (meeting_place / "endpoint").write_text(f"{false_halscope.getsockname()[1]}\ntoken\n1\n", "ascii")
        for _ in range(62):
            emulator.run_frame()
        connection, _ = false_halscope.accept()
        with connection:
            connection.sendall(message(b"O") + sent)
            for _ in range(10):
                emulator.run_frame()
        with attached(emulator) as host:
            assert run_both(emulator, host)[1].vram.any()


@needs_lua
@pytest.mark.parametrize(
    "file", [None, "", "x", "99999\ntoken\n", "-1\ntoken\n", "1.5\ntoken\n", "1\n", "1\ntoken\n0\n"], ids=repr
)
@pytest.mark.slow
def test_a_file_of_a_halscope_that_was_killed_stops_nothing(demo: Path, meeting_place: Path, file: str | None) -> None:
    if file is not None:
        meeting_place.mkdir()
        (meeting_place / "endpoint").write_text(file, "ascii")
    with StandIn(demo) as emulator:
        for _ in range(62):
            emulator.run_frame()
        assert emulator.log == ["Halscope: waiting for `halscope attach mesen2`"]
        with attached(emulator) as host:
            assert run_both(emulator, host)[1].vram.any()


@needs_lua
@pytest.mark.slow
def test_halscope_may_end_and_start_again_while_the_game_goes_on(emulator: StandIn) -> None:
    for _ in range(3):
        with attached(emulator) as host:
            run_both(emulator, host)
        frames = emulator.snapshot.frame
        for _ in range(5):
            emulator.run_frame()
        assert emulator.snapshot.frame == frames + 5


@needs_lua
@pytest.mark.slow
def test_the_emulator_may_end_and_start_again(demo: Path) -> None:
    for _ in range(2):
        with StandIn(demo) as emulator:
            host = attached(emulator)
            run_both(emulator, host)
        with pytest.raises(HostGoneError):
            host.poll(60)
        host.close()


@contextlib.contextmanager
def emulator_process(rom: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the stand-in by itself, in a process that can be killed."""
    process = subprocess.Popen([sys.executable, "-m", "support.mesen", str(rom)], cwd=TESTS)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@needs_lua
@pytest.mark.slow
def test_a_killed_emulator_is_noticed_and_the_next_one_is_attached(demo: Path) -> None:
    for _ in range(2):
        with emulator_process(demo) as process:
            host = _first(30.0)
            assert _next_frame(host) is not None
            process.send_signal(signal.SIGKILL)
            with pytest.raises(HostGoneError):
                list(map(host.poll, [1.0] * 2000))
        host.close()


@needs_lua
@pytest.mark.slow
def test_two_emulators_are_attached_at_once(demo: Path) -> None:
    with emulator_process(demo), emulator_process(demo), _first(60.0) as one, _first(60.0) as other:
        frames = [(_next_frame(one), _next_frame(other)) for _ in range(20)]
        for host in (one, other):
            receipt = host.write([Write("vram", 0xFFF0, b"halscope")])
            while not receipt.done:
                host.poll(1.0)
            assert receipt.error is None
    assert all(first is not None and second is not None for first, second in frames)


HALSCOPE = """
import sys, time
from halscope.hosts.mesen2 import MesenHost
host = MesenHost(60.0)
while host.poll(1.0) is None:
    pass
print("attached", flush=True)
while True:
    host.poll(1.0)
"""


@needs_lua
@pytest.mark.slow
def test_a_killed_halscope_stops_no_game_and_the_next_one_takes_over(emulator: StandIn) -> None:
    for _ in range(2):
        with subprocess.Popen([sys.executable, "-c", HALSCOPE], stdout=subprocess.PIPE) as halscope:
            assert halscope.stdout is not None
            os.set_blocking(halscope.stdout.fileno(), False)
            until = time.monotonic() + 60
            while halscope.stdout.read() is None and time.monotonic() < until:
                emulator.run_frame()
            halscope.kill()
        for _ in range(70):
            emulator.run_frame()
    with attached(emulator) as host:
        assert run_both(emulator, host)[1].vram.any()
    assert [line for line in emulator.log if "connected" not in line and "waiting" not in line] == []


def test_a_second_halscope_is_told_which_one_waits(meeting_place: Path) -> None:
    Listener.shared()
    program = "from halscope.hosts.mesen2 import MesenHost\nMesenHost(0.1)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert f"another Halscope (process {os.getpid()}) waits for Mesen already" in done.stderr


# -- the front door


def test_without_an_emulator_a_host_is_absent_and_may_come_later(meeting_place: Path) -> None:
    for _ in range(2):
        with pytest.raises(HostAbsentError):
            MesenHost(0.1)
        assert (meeting_place / "endpoint").exists()  # for a script that comes between two attempts


@pytest.mark.parametrize("what", ["another folder", "no file"])
def test_a_listener_that_stayed_and_cannot_be_found_any_more_is_replaced(
    meeting_place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """The next host waited for ever: no script could find the port that an earlier one had kept open."""
    with pytest.raises(HostAbsentError):
        MesenHost(0.0)
    if what == "no file":
        (meeting_place / "endpoint").unlink()
    else:
        meeting_place = tmp_path / "elsewhere"
        monkeypatch.setenv("HALSCOPE_MESEN_DIR", str(meeting_place))
    with pytest.raises(HostAbsentError):
        MesenHost(0.0)
    port, token = endpoint(meeting_place)
    with socket.create_connection(("127.0.0.1", port)) as script:
        script.sendall(greeting(token))
        MesenHost(60).close()


@pytest.mark.parametrize("wait", [Listener.accept, Listener.waiting])
def test_ctrl_c_at_any_line_of_a_wait_leaves_the_turn_to_others(
    meeting_place: Path, wait: Callable[[Listener, float], object]
) -> None:
    listener = Listener.shared()
    free: list[bool] = []
    room = sys.modules[Listener.__module__].__file__ or ""
    for number in range(1, 100):
        at = AtLine(number, interrupt, room)
        with at, contextlib.suppress(KeyboardInterrupt):
            wait(listener, 0.001)
        wait(listener, 0.0)  # the next command
        other = threading.Thread(target=lambda: free.append(listener._accepting.acquire(timeout=0)))
        other.start()
        other.join()
        assert free.pop(), at.where
        listener._accepting = threading.RLock()  # the other thread has ended with it
        if not at.where:
            break
    assert number > 5
    listener.release()


def test_an_address_is_refused() -> None:
    with pytest.raises(UsageError, match="connects to Halscope"):
        open_host(host="mesen2", address="localhost:1", plugins=Plugins())


@needs_lua
@pytest.mark.slow
def test_emulators_that_can_be_attached_are_listed(emulator: StandIn, demo: Path) -> None:
    Listener.shared()
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            emulator.run_frame()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        for _ in range(20):
            found = find_emulators()
            if found:
                break
    finally:
        stop.set()
        thread.join()
    assert [(one.name, one.game) for one in found] == [("MesenCE", demo.name)]


def _first(wait: float) -> MesenHost:
    until = time.monotonic() + wait
    while True:
        try:
            return MesenHost(1.0)
        except HostAbsentError:
            if time.monotonic() > until:
                raise


def _next_frame(host: MesenHost) -> Snapshot | None:
    for _ in range(200):
        if (snapshot := host.poll(1.0)) is not None:
            return snapshot
    return None
