"""A proxy between a host and a server that does to the server's bytes what a bad link or a bad peer does."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Callable
from typing import Self

Send = Callable[[bytes], None]
Tamper = Callable[[bytes, Send], None]
"""Is called with bytes of the server, and sends what is to arrive instead. Raises ConnectionError to hang up."""


def pass_on(data: bytes, send: Send) -> None:
    """Changes nothing."""
    send(data)


class TamperingProxy:
    """Context manager. `tamper` may be set at any time.

    Args:
        port: The server's port, or `None` for a peer that answers nothing by itself.
        tamper: What is done to its bytes.
    """

    def __init__(self, port: int | None, tamper: Tamper = pass_on) -> None:
        self.tamper = tamper
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(60)
        self._listener.close()
        assert not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.is_set():
            ready, _, _ = select.select([self._listener], [], [], 0.05)
            if ready:
                client, _ = self._listener.accept()
                with client, contextlib.suppress(OSError):
                    if self._port is None:
                        self._answer(client)
                    else:
                        with socket.create_connection(("127.0.0.1", self._port)) as server:
                            self._relay(client, server)

    def _answer(self, client: socket.socket) -> None:
        while not self._stop.is_set():
            ready, _, _ = select.select([client], [], [], 0.05)
            if ready:
                if not client.recv(1 << 16):
                    return
                self.tamper(b"", client.sendall)

    def _relay(self, client: socket.socket, server: socket.socket) -> None:
        while not self._stop.is_set():
            ready, _, _ = select.select([client, server], [], [], 0.05)
            for one in ready:
                data = one.recv(1 << 16)
                if not data:
                    return
                if one is client:
                    server.sendall(data)
                else:
                    self.tamper(data, client.sendall)
