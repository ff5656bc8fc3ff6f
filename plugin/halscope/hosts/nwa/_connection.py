"""A connection to an emulator: requests go out in order, and each reply is given to the request that it answers."""

from __future__ import annotations

import select
import socket
import time
from collections import deque
from collections.abc import Callable
from typing import Final, final

from halscope_hooks import HostError, HostGoneError

from halscope.hosts.nwa._addresses import shown
from halscope.hosts.nwa._replies import Reply, ReplyError, ReplyReader

PATIENCE: Final = 3.0
"""Seconds in which an emulator answers a single question."""
SILENCE: Final = 30.0
"""Seconds without a byte after which an emulator that owes a reply is given up: a dialog may stop it for a while."""
_CHUNK: Final = 1 << 18
_RECEIVE_BUFFER: Final = 1 << 20  # some servers do not continue a reply that fills the socket's buffer

Then = Callable[[Reply], None]


@final
class _Request:
    __slots__ = ("command", "most", "then")

    def __init__(self, command: str, most: int, then: Then) -> None:
        self.command, self.most, self.then = command, most, then


@final
class Connection:
    """A connection that follows the protocol. Only one thread uses it.

    Args:
        place: Host and port.
        connected: The connected socket.
    """

    def __init__(self, place: tuple[str, int], connected: socket.socket) -> None:
        self.name = shown(place)
        self._socket = connected
        connected.setblocking(False)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        self._out = bytearray()
        self._waiting: deque[_Request] = deque()
        self._reader = ReplyReader()
        self._heard = time.monotonic()

    @property
    def peer(self) -> str:
        """The address that was connected to, however it was written."""
        return " ".join(map(str, self._socket.getpeername()[:2]))

    @property
    def idle(self) -> bool:
        """Whether every request has its reply."""
        return not self._waiting

    def send(self, command: str, then: Then, *, block: bytes | None = None, most: int = 0) -> None:
        """Send a command.

        Args:
            command: The command and its arguments.
            then: Called with the reply, inside a later `work`.
            block: The binary block that follows the command.
            most: Largest binary reply in bytes.
        """
        if not self._waiting:
            self._heard = time.monotonic()
        self._waiting.append(_Request(command, most, then))
        self._out += command.encode() + b"\n"
        if block is not None:
            self._out += b"\0" + len(block).to_bytes(4, "big") + block

    def ask(self, command: str, *, block: bytes | None = None, most: int = 0, patience: float = PATIENCE) -> Reply:
        """Send a command and wait for its reply; replies to earlier requests are delivered meanwhile.

        Raises:
            HostGoneError: The emulator has gone, or does not answer. The connection is closed, because a late reply
                would be taken for another one's.
        """
        replies: list[Reply] = []
        self.send(command, replies.append, block=block, most=most)
        until = time.monotonic() + patience
        while not replies:
            rest = until - time.monotonic()
            if rest <= 0:
                raise self._gone(f"it has not answered {command.partition(' ')[0]} within {patience:g} seconds")
            self.work(rest)
        return replies[0]

    def work(self, timeout: float) -> None:
        """Send what waits, wait up to `timeout` seconds for bytes, and deliver the replies that are complete.

        Raises:
            HostGoneError: The emulator has gone, or what it sends is not the protocol. The connection is closed.
        """
        if self._socket.fileno() < 0:
            raise HostGoneError(f"{self.name}: the connection is closed; attach again")
        try:
            writes = [self._socket] if self._out else []
            readable, writable, _ = select.select([self._socket], writes, [], max(0.0, timeout))
            if writable:
                del self._out[: self._socket.send(memoryview(self._out)[:_CHUNK].tobytes())]
            if readable:
                self._receive()
        except (BlockingIOError, InterruptedError):
            pass
        except ReplyError as error:
            raise self._gone(f"it does not follow the protocol: {error}") from error
        except OSError as error:
            raise self._gone(str(error.strerror or error)) from error
        if self._waiting and time.monotonic() - self._heard > SILENCE:
            raise self._gone(f"it has sent nothing for {SILENCE:g} seconds")

    def close(self) -> None:
        """Close the connection. Idempotent."""
        self._socket.close()
        self._waiting.clear()

    def _receive(self) -> None:
        data = self._socket.recv(_CHUNK)
        if not data:
            raise self._gone("it has closed the connection")
        self._heard = time.monotonic()
        self._reader.feed(data)
        while self._waiting:
            reply = self._reader.next(self._waiting[0].most)
            if reply is None:
                return
            self._waiting.popleft().then(reply)
        if self._reader.next(0) is not None:  # signals, which nobody subscribes to, are skipped by the reader
            raise ReplyError("a reply that nothing asked for")

    def _gone(self, why: str) -> HostGoneError:
        self.close()
        return HostGoneError(f"the emulator at {self.name} is gone: {why}; attach again")


def checked(reply: Reply, command: str) -> Reply:
    """Return the reply. Raises HostError if it reports an error."""
    if reply.error is not None:
        raise HostError(f"the emulator refuses {command.partition(' ')[0]}: {reply.error}")
    return reply
