"""The usb2snes host and servers that send garbage, half an answer, too much, a length of 2 GiB, nothing, or slowly."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from halscope.demo import rom_path
from halscope.hosts.usb2snes import Usb2snesHost, _connection, find_devices
from halscope_hooks import HostAbsentError, HostError, HostGoneError
from support.tampering_proxy import TamperingProxy
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

INFO = ["1.11.0", "SD2SNES", "/games/game.sfc"]
Reply = Callable[[ServerConnection, str, list[str]], None]


def memory(address: int, size: int) -> bytes:
    """The bytes of a cartridge whose game does nothing: the demo's ROM, zeros elsewhere."""
    with rom_path() as path:
        image = path.read_bytes()
    return image[address : address + size] if address + size <= len(image) else bytes(size)


def well(connection: ServerConnection, opcode: str, operands: list[str]) -> None:
    """Answer as a server should."""
    if opcode == "DeviceList":
        connection.send(json.dumps({"Results": ["SD2SNES COM3"]}))
    elif opcode == "Info":
        connection.send(json.dumps({"Results": INFO}))
    elif opcode == "GetAddress":
        address, size = (int(one, 16) for one in operands)
        connection.send(memory(address, size))


class Peer:
    """Context manager: a server that answers as `reply` says, which may be set at any time."""

    def __init__(self, reply: Reply = well) -> None:
        self.reply = reply
        self._server = serve(self._handle, "127.0.0.1", 0, compression=None)
        self.port: int = self._server.socket.getsockname()[1]

    def __enter__(self) -> Peer:
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(60)

    @property
    def address(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def _handle(self, connection: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            for message in connection:
                if isinstance(message, str):
                    document = json.loads(message)
                    self.reply(connection, document["Opcode"], document["Operands"])


def to(opcode: str, answer: Callable[[ServerConnection], None]) -> Reply:
    """Answer one opcode badly and all others well."""

    def reply(connection: ServerConnection, asked: str, operands: list[str]) -> None:
        if asked == opcode:
            answer(connection)
        else:
            well(connection, asked, operands)

    return reply


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_connection, "OPEN_WAIT", 0.5)
    monkeypatch.setattr(_connection.Connection.finish, "__defaults__", (0.5,))


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


def first(host: Usb2snesHost) -> None:
    end = time.monotonic() + 60
    while host.poll(0.1) is None:
        assert time.monotonic() < end


def until_gone(host: Usb2snesHost) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        host.poll(0.05)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (to("DeviceList", lambda _: None), "not answered within"),
        (to("DeviceList", lambda one: one.send("nonsense")), "does not follow the protocol"),
        (to("DeviceList", lambda one: one.send(b"\0" * 8)), "8 bytes where a text reply was expected"),
        (to("DeviceList", lambda one: one.close(1000, "busy")), "has closed the connection: busy"),
        (to("Info", lambda one: one.send('{"Results": [1, 2, 3]}')), "does not follow the protocol"),
        (to("Info", lambda one: one.send('{"Results": ["1.11.0"]}')), "not answered within"),
        (to("Attach", lambda one: one.close(1000, "no such device")), "closed the connection: no such device"),
    ],
)
def test_a_server_without_a_usable_device_is_absent(reply: Reply, reason: str) -> None:
    with Peer(reply) as peer, pytest.raises(HostAbsentError, match=reason):
        Usb2snesHost(peer.address)


@pytest.mark.parametrize("name", ["192.168.1..5", "x" * 70])
def test_an_address_that_names_nothing_is_absent(name: str) -> None:
    with pytest.raises(HostAbsentError, match="no usb2snes server answers"):
        Usb2snesHost(f"ws://{name}:23074")


def test_what_is_no_websocket_is_absent() -> None:
    def answer(_data: bytes, send: Callable[[bytes], None]) -> None:
        send(b"\x00\x01\x02 this is not HTTP\r\n\r\n")

    with TamperingProxy(None, answer) as peer:
        with pytest.raises(HostAbsentError, match="no usb2snes server answers"):
            Usb2snesHost(peer.address)
        assert find_devices(peer.address) == []
    with TamperingProxy(None) as silent, pytest.raises(HostAbsentError, match="no usb2snes server answers"):
        Usb2snesHost(silent.address)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda one: one.send("text"), "does not follow the protocol"),
        (lambda one: one.send('{"Results": ["a", "b"]}'), "text where 8192 bytes were asked for"),
        (lambda one: one.send(bytes(0x2001)), "8193 bytes where 8192 were asked for"),
        (lambda one: one.close(1000, "the device was unplugged"), "the device was unplugged"),
        (lambda one: one.send(bytes(2 << 20)), "attach again"),
    ],
)
def test_a_server_that_goes_mad_is_gone(peer: Peer, answer: Callable[[ServerConnection], None], reason: str) -> None:
    with Usb2snesHost(peer.address) as host:
        first(host)
        peer.reply = to("GetAddress", answer)
        with pytest.raises(HostGoneError, match=reason):
            until_gone(host)
        with pytest.raises(HostGoneError):
            until_gone(host)


def test_a_frame_of_2_gib_is_refused_before_it_arrives(peer: Peer) -> None:
    with TamperingProxy(peer.port) as proxy, Usb2snesHost(proxy.address) as host:
        first(host)
        proxy.tamper = lambda _, send: send(b"\x82\x7f\0\0\0\0\x80\0\0\0")
        with pytest.raises(HostGoneError, match="attach again"):
            until_gone(host)


def test_half_an_answer_is_waited_for_and_given_up(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    with Usb2snesHost(peer.address) as host:
        first(host)
        peer.reply = to("GetAddress", lambda one: one.send(bytes(100)))
        while host.poll(0.05) is not None:
            pass
        began = time.monotonic()
        assert host.poll(0.2) is None
        assert time.monotonic() - began < _connection.SILENCE / 2, "poll keeps to its time-out"
        monkeypatch.setattr(_connection, "SILENCE", 0.3)
        with pytest.raises(HostGoneError, match=r"sent nothing for 0\.3 seconds"):
            until_gone(host)


def test_a_slow_server_is_read(peer: Peer) -> None:
    in_time = threading.Semaphore(0)

    def slowly(connection: ServerConnection, opcode: str, operands: list[str]) -> None:
        if opcode != "GetAddress":
            well(connection, opcode, operands)
            return
        address, size = (int(one, 16) for one in operands)
        data = memory(address, size)
        for at in range(0, size, 16384):
            in_time.acquire(timeout=60)
            connection.send(data[at : at + 16384])

    with Usb2snesHost(peer.address) as host:
        first(host)
        peer.reply = slowly
        polls, snapshots = 0, 0
        while snapshots < 2:
            in_time.release()  # a piece for each poll
            polls += 1
            snapshot = host.poll(0.004)
            if snapshot is not None:
                snapshots += 1
                assert np.array_equal(snapshot.vram, np.zeros(0x10000, np.uint8))
        peer.reply = well
        in_time.release(1000)
        assert polls > 4, "a snapshot took several polls"


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins

    real = builtins.__import__

    def no_websockets(name: str, *rest: object, **more: object) -> object:
        if name.startswith("websockets"):
            raise ModuleNotFoundError(name=name)
        return real(name, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", no_websockets)
    with pytest.raises(HostError, match=r"halscope\[console\]") as refusal:
        Usb2snesHost("ws://127.0.0.1:9")
    assert not isinstance(refusal.value, HostAbsentError)
