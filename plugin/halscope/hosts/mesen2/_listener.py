"""Accepts scripts on the loopback interface. One listener serves all emulators of this process."""

from __future__ import annotations

import atexit
import contextlib
import secrets
import select
import socket
import threading
import time
from collections import deque
from typing import ClassVar, Final, NamedTuple, final

from halscope_hooks import HostGoneError

from halscope.hosts.mesen2._endpoint import Endpoint
from halscope.hosts.mesen2._wire import MOST_BYTES, PROTOCOL, Fields, Wire, end

_TIME_TO_GREET: Final = 2.0  # seconds; a script sends its greeting with the connection
_MOST_UNKNOWN: Final = 16
_SLICE: Final = 0.2  # seconds between looks whether another thread has accepted the connection that this one waits for


class Greeting(NamedTuple):
    """What a script says about itself.

    Args:
        emulator: Name of the emulator.
        keys: Names of the registers' fields, in the order in which their values are sent.
        rom: What it says about the running ROM, see `read_rom`.
    """

    emulator: str
    keys: tuple[str, ...]
    rom: RomReport


class RomReport(NamedTuple):
    """What a script says about the running ROM.

    Args:
        name: Its file name.
        path: Its path.
        sha1: SHA-1 of the file, with its copier header if it has one.
        rom_bytes: Size of the ROM.
        bwram_bytes: Size of BW-RAM, or of any other save RAM.
        iram_bytes: Size of the SA-1's internal memory.
    """

    name: str
    path: str
    sha1: str
    rom_bytes: int
    bwram_bytes: int
    iram_bytes: int


def read_rom(fields: Fields) -> RomReport:
    """Read the fields about the ROM. Raises HostGoneError."""
    return RomReport(fields.text(), fields.text(), fields.text(), fields.number(4), fields.number(4), fields.number(4))


@final
class Listener:
    """Waits for scripts. Use `Listener.shared`: only one Halscope of a user can listen at a time.

    Raises:
        HostError: Another Halscope listens already.
    """

    _shared: ClassVar[Listener | None] = None
    _users: ClassVar[int] = 0
    _guard: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self) -> None:
        self._token = secrets.token_hex(16)
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=8)
        self._socket.setblocking(False)
        try:
            self._endpoint = Endpoint(self.port, self._token)
        except BaseException:
            self._socket.close()
            raise
        self._accepting = threading.RLock()  # whose release fails in a thread that has not got it
        self._unknown: list[tuple[Wire, float]] = []  # that have not shown the token, and when they are dropped
        self._greeted: deque[tuple[Wire, Greeting]] = deque()  # that no host has taken yet

    @classmethod
    def shared(cls) -> Listener:
        """Return this process's listener. Each call needs a `release` or a `stay`."""
        with cls._guard:
            if cls._shared is not None and cls._users == 0 and not cls._shared._endpoint.announced:
                cls._shared.close()  # one that stayed, and that no script can find any more
                cls._shared = None
            if cls._shared is None:
                cls._shared = cls()
                atexit.register(cls._shared.close)
            cls._users += 1
            return cls._shared

    @classmethod
    def release(cls) -> None:
        """Stop using the listener. It closes with its last user."""
        with cls._guard:
            cls._users = max(0, cls._users - 1)
            if cls._users == 0 and cls._shared is not None:
                cls._shared.close()
                cls._shared = None

    @classmethod
    def stay(cls) -> None:
        """Stop using the listener, but keep it open for the next attempt: no emulator has connected yet."""
        with cls._guard:
            cls._users = max(0, cls._users - 1)

    @property
    def port(self) -> int:
        """The port that scripts connect to."""
        return int(self._socket.getsockname()[1])

    def accept(self, timeout: float) -> tuple[Wire, Greeting] | None:
        """Return the next emulator whose script has shown the token, or `None` if none does in time."""
        until = time.monotonic() + timeout
        while True:
            rest = max(0.0, until - time.monotonic())
            # Threads that wait for an emulator each take turns, so none blocks the others for long.
            try:  # Ctrl-C can come as soon as the lock has been acquired
                if self._accepting.acquire(timeout=min(rest, _SLICE)):
                    self._listen(0.0 if self._greeted else min(rest, _SLICE))
                    while self._greeted:
                        wire, greeting = self._greeted.popleft()
                        if _waits(wire):
                            return wire, greeting
            finally:
                self._release()
            if rest <= 0:
                return None

    def waiting(self, timeout: float) -> list[Greeting]:
        """Return the emulators that connect in this time and that nobody has accepted yet."""
        until = time.monotonic() + timeout
        while (rest := until - time.monotonic()) > 0:
            try:
                if self._accepting.acquire(timeout=min(rest, _SLICE)):
                    self._listen(min(rest, _SLICE))
            finally:
                self._release()
        try:
            self._accepting.acquire()
            self._greeted = deque(one for one in self._greeted if _waits(one[0]))
            return [greeting for _, greeting in self._greeted]
        finally:
            self._release()

    def _release(self) -> None:
        """Let other threads take their turn, if this one has it; also what an earlier interrupt left acquired."""
        with contextlib.suppress(RuntimeError):
            while True:
                self._accepting.release()

    def _listen(self, timeout: float) -> None:
        """Take new connections, and the greetings of those that have connected."""
        waited_for: list[socket.socket | Wire] = [self._socket, *(wire for wire, _ in self._unknown)]
        readable, _, _ = select.select(waited_for, (), (), timeout)
        if self._socket in readable:
            with contextlib.suppress(OSError):  # the peer has gone again
                connection, _ = self._socket.accept()
                if len(self._unknown) < _MOST_UNKNOWN:
                    self._unknown.append((Wire(connection), time.monotonic() + _TIME_TO_GREET))
                else:
                    connection.close()
        for connected in list(self._unknown):
            wire, until = connected
            try:
                message = wire.read(0)
            except HostGoneError:
                message = (b"", b"")
            if message is None and time.monotonic() < until:
                continue
            self._unknown.remove(connected)
            greeting = None if message is None else self._check(wire, *message)
            if greeting is None:
                wire.close()
            else:
                wire.most = MOST_BYTES
                self._greeted.append((wire, greeting))

    def _check(self, wire: Wire, kind: bytes, payload: bytes) -> Greeting | None:
        """Return what a script says about itself, or `None` if it is not let in."""
        try:
            fields = Fields(payload)
            if kind != b"H" or not secrets.compare_digest(fields.bytes(fields.number(1)), self._token.encode()):
                return None
            if (version := fields.number(1)) != PROTOCOL:
                end(wire, f"this script speaks protocol {version}, Halscope {PROTOCOL}: load the one it ships with")
                return None
            return Greeting(fields.text(1), tuple(fields.text().split("\n")), read_rom(fields))
        except HostGoneError:
            return None

    def close(self) -> None:
        """Let no more emulators connect. Idempotent."""
        atexit.unregister(self.close)
        self._endpoint.close()
        self._socket.close()
        for wire, _ in (*self._unknown, *self._greeted):
            wire.close()


def _waits(wire: Wire) -> bool:
    """Whether a script that has greeted is still there; it says nothing until it is accepted."""
    try:
        return wire.read(0) is None
    except HostGoneError:
        wire.close()
        return False
