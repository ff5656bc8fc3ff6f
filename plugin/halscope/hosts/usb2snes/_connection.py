"""A WebSocket to a server of the usb2snes protocol, which sends one request at a time and waits for its reply."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Final, final

from halscope_hooks import HostAbsentError, HostError, HostGoneError

from halscope.hosts.usb2snes._messages import PIECE, Answer, Ask, Flow, MessageError, read_results

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

OPEN_WAIT: Final = 2.0
PATIENCE: Final = 5.0
"""Seconds for a request and its reply while a device is being attached."""
SILENCE: Final = 10.0
"""Seconds without a message after which a server that owes a reply is given up."""
_MOST_MESSAGE: Final = 1 << 20
_CLOSE_WAIT: Final = 0.5
_EXTRA: Final = (
    "usb2snes needs the package websockets; install it with: pip install websockets (the extra halscope[console])"
)


@final
class Connection:
    """A connection to a server. Only one thread uses it.

    Args:
        url: The server's `ws://` URL.

    Raises:
        HostError: The package websockets is missing.
        HostAbsentError: No server answers.
    """

    def __init__(self, url: str) -> None:
        try:
            from websockets.exceptions import ConnectionClosed, WebSocketException
            from websockets.sync.client import connect
        except ModuleNotFoundError as error:
            raise HostError(_EXTRA) from error
        self._closed_error = ConnectionClosed
        self._open = contextlib.ExitStack()
        self.url = url
        try:
            self._socket: ClientConnection = self._open.enter_context(
                connect(
                    url,
                    open_timeout=OPEN_WAIT,
                    close_timeout=_CLOSE_WAIT,
                    ping_interval=None,  # a busy server answers none
                    compression=None,
                    proxy=None,
                    max_size=_MOST_MESSAGE,
                )
            )
        except (OSError, UnicodeError, WebSocketException) as error:  # TimeoutError is an OSError
            raise HostAbsentError(
                f"no usb2snes server answers at {url} ({str(error) or type(error).__name__})"
            ) from error
        self._pending: Ask | None = None
        self._block = bytearray()
        self._heard = time.monotonic()

    @property
    def peer(self) -> str:
        """The address that was connected to, however it was written."""
        return " ".join(map(str, self._socket.remote_address[:2]))

    def finish[T](self, flow: Flow[T], patience: float = PATIENCE) -> T:
        """Run a flow to its end.

        Raises:
            HostGoneError: The server has closed the connection, or does not answer. The connection is closed.
        """
        running = Running(self, flow)
        until = time.monotonic() + patience
        while not running.advance(until - time.monotonic()):
            if time.monotonic() >= until:
                raise self._gone(f"it has not answered within {patience:g} seconds")
        return running.result

    def send(self, ask: Ask) -> None:
        """Send a request; its reply is to be awaited with `answer` before the next one. Raises HostGoneError."""
        try:
            self._socket.send(ask.text)
            for at in range(0, len(ask.data), PIECE):
                self._socket.send(ask.data[at : at + PIECE])
        except self._closed_error as error:
            raise self._gone(_reason(error)) from error
        except OSError as error:
            raise self._gone(str(error)) from error
        self._pending = ask
        self._block.clear()
        self._heard = time.monotonic()

    def answer(self, timeout: float) -> Answer:
        """Wait for the reply to the last request.

        Raises:
            TimeoutError: It is not complete yet.
            HostGoneError: The server has closed the connection, breaks the protocol, or has been silent for too long.
        """
        ask = self._pending
        if ask is None or ask.size is None:
            return None
        until = time.monotonic() + timeout
        while True:
            message = self._message(until - time.monotonic())
            try:
                answer = self._take(ask, message)
            except MessageError as error:
                raise self._gone(f"it does not follow the protocol: {error}") from error
            if answer is not None:
                self._pending = None
                return answer

    def close(self) -> None:
        """Close the connection. Idempotent."""
        self._open.close()

    def _message(self, timeout: float) -> str | bytes:
        try:
            message = self._socket.recv(timeout=max(0.0, timeout))
        except TimeoutError:
            if time.monotonic() - self._heard > SILENCE:
                raise self._gone(f"it has sent nothing for {SILENCE:g} seconds") from None
            raise
        except self._closed_error as error:
            raise self._gone(_reason(error)) from error
        self._heard = time.monotonic()
        return message

    def _take(self, ask: Ask, message: str | bytes) -> Answer:
        """Return the reply if this message completes it."""
        assert ask.size is not None
        if isinstance(message, str):
            results = read_results(message)
            if len(results) < ask.least:
                return None  # the answer to an earlier request
            if ask.size:
                raise MessageError(f"text where {ask.size} bytes were asked for: {message[:40]!r}")
            return results
        if not ask.size:
            raise MessageError(f"{len(message)} bytes where a text reply was expected")
        self._block += message
        if len(self._block) > ask.size:
            raise MessageError(f"{len(self._block)} bytes where {ask.size} were asked for")
        return bytes(self._block) if len(self._block) == ask.size else None

    def _gone(self, why: str) -> HostGoneError:
        self.close()
        return HostGoneError(f"the usb2snes server at {self.url} is gone: {why}; attach again")


@final
class Running[T]:
    """A flow in progress."""

    def __init__(self, connection: Connection, flow: Flow[T]) -> None:
        self._connection = connection
        self._flow = flow
        self._begun = False
        self.result: T
        """What the flow returned, once it has ended."""

    def advance(self, timeout: float) -> bool:
        """Go on for up to `timeout` seconds; return whether the flow has ended. Raises HostGoneError."""
        until = time.monotonic() + timeout
        try:
            if not self._begun:
                self._connection.send(next(self._flow))
                self._begun = True
            while True:
                answer = self._connection.answer(until - time.monotonic())
                self._connection.send(self._flow.send(answer))
        except StopIteration as end:
            self.result = end.value
            return True
        except TimeoutError:
            return False


def _reason(error: Exception) -> str:
    """Return why the server closed the connection, as far as it says."""
    received = getattr(error, "rcvd", None)
    text = getattr(received, "reason", "")
    return f"it has closed the connection{f': {text}' if text else ''}"
