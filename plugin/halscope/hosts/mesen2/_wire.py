"""Messages between Halscope and the script, and the socket that carries them. See docs/reference/mesen.md."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import time
from collections import deque
from typing import Final, final

from halscope_hooks import HostError, HostGoneError

from halscope.hosts._clipping import utf8

PROTOCOL: Final = 2
MOST_HELLO_BYTES: Final = 0x4000
"""Longest first message: of a peer that has not shown the token yet."""
MOST_BYTES: Final = 1 << 20
"""Longest message of a script: a savestate has 270 KB; a frame has 35 KiB at most."""
MOST_SENT_BYTES: Final = 1 << 20
"""Longest message that the script takes."""
_MOST_WAITING_BYTES: Final = 8 << 20  # for an emulator that is paused
_CHUNK: Final = 1 << 16
_LENGTH: Final = struct.Struct("<I")


@final
class Wire:
    """A connection to one script.

    An interrupt loses nothing: a system call and the record of its result are one step of a C iterator.

    Args:
        connection: The socket. The wire owns it.
    """

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = connection
        self._arrived: deque[bytes] = deque()
        self._data = bytearray()
        self._outgoing: deque[bytes] = deque()
        self._sent: deque[int] = deque()
        self.most = MOST_HELLO_BYTES
        """Longest message that is accepted, in bytes."""
        self.ended = False
        """Whether the peer has closed the connection, or this end has."""

    def fileno(self) -> int:
        """The socket's descriptor."""
        return self._socket.fileno()

    def post(self, kind: bytes, payload: bytes = b"") -> None:
        """Queue a message, and send what can be sent now.

        Raises:
            HostError: The message is too long, or too much is waiting to be sent.
        """
        if len(payload) >= MOST_SENT_BYTES:
            raise HostError(f"{len(payload)} bytes are too many for one message to Mesen; at most {MOST_SENT_BYTES}")
        if sum(map(len, self._outgoing)) > _MOST_WAITING_BYTES:
            raise HostError("Mesen has taken nothing for a while; continue the game if it is paused")
        self._outgoing.append(_LENGTH.pack(len(payload) + 1) + kind + payload)
        self.flush()

    def flush(self) -> None:
        """Send what can be sent without waiting."""
        while self._outgoing and not self.ended:
            done = sum(self._sent)
            if done >= len(self._outgoing[0]):
                self._sent = deque()
                self._outgoing.popleft()
                continue
            view = memoryview(self._outgoing[0])[done:]
            try:
                self._sent.extend(map(self._socket.send, (view,)))
            except BlockingIOError:
                return
            except OSError:
                self.ended = True

    def read(self, timeout: float) -> tuple[bytes, bytes] | None:
        """Return the next message's kind and payload, or `None` if none arrives in time.

        Raises:
            HostGoneError: The connection has ended, or the peer sends something else than messages.
        """
        until = time.monotonic() + timeout
        while (message := self._take()) is None:
            if self.ended:
                raise HostGoneError("Mesen has closed the connection: the script or the emulator was ended")
            self.flush()
            rest = max(0.0, until - time.monotonic())
            readable, writable, _ = select.select((self,), (self,) if self._outgoing else (), (), rest)
            if readable:
                self._receive()
            elif not writable and time.monotonic() >= until:
                return None
        return message

    def close(self) -> None:
        """Close the connection. Idempotent."""
        self.ended = True
        self._socket.close()

    def _receive(self) -> None:
        try:
            self._arrived.extend(map(self._socket.recv, (_CHUNK,)))
        except BlockingIOError:
            return
        except OSError:
            self.ended = True
            return
        self.ended = not self._arrived[-1]

    def _take(self) -> tuple[bytes, bytes] | None:
        """Return the next message if it has arrived whole. Its length is checked before the rest is waited for."""
        while self._arrived:
            self._data += self._arrived[0]
            self._arrived.popleft()
        if len(self._data) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._data)
        if not 1 <= length <= self.most:
            self.close()
            raise HostGoneError(f"a message of {length} bytes came from Mesen, at most {self.most} are expected")
        end = _LENGTH.size + length
        if len(self._data) < end:
            return None
        kind, payload = bytes(self._data[4:5]), bytes(self._data[5:end])
        del self._data[:end]
        return kind, payload


def end(wire: Wire, reason: str) -> None:
    """Tell a script why it is refused, and close the connection."""
    with contextlib.suppress(HostError):
        wire.post(b"X", text(reason))
    wire.close()


def text(value: str) -> bytes:
    """Pack a text: a 16-bit length and UTF-8, cut to 65,535 bytes."""
    data = utf8(value, 0xFFFF)
    return struct.pack("<H", len(data)) + data


@final
class Fields:
    """Reads the fields of a payload one after the other.

    Args:
        payload: The payload.
    """

    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self._at = 0

    @property
    def left(self) -> int:
        """Number of bytes that have not been read."""
        return len(self._payload) - self._at

    def number(self, size: int) -> int:
        """Read an unsigned number of `size` bytes. Raises HostGoneError if the payload ends before."""
        return int.from_bytes(self.bytes(size), "little")

    def bytes(self, size: int) -> bytes:
        """Read `size` bytes. Raises HostGoneError if the payload ends before."""
        if size > self.left:
            raise HostGoneError("a message from Mesen ends too early")
        data = self._payload[self._at : self._at + size]
        self._at += size
        return data

    def text(self, width: int = 2) -> str:
        """Read a text behind its length of `width` bytes."""
        return self.bytes(self.number(width)).decode("utf-8", "replace")
