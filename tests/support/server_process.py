"""A server of `support` in a process of its own, which a test may kill.

It is forked from a process that has imported the servers already: to import all that a core needs takes longer than
most of the tests that need a server.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import tempfile
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final, Self

END_WAIT = 60.0
_SERVERS: Final = ("nwa_server", "usb2snes_server")
_FORKS: Final = multiprocessing.get_context("forkserver")


def announcer() -> Callable[[int], None]:
    """In the server, before it loads a core: return what announces its port. What a core prints goes to standard error:
    nobody reads a server's standard output after the port, and a full pipe would stop it."""
    announced = os.dup(1)
    os.dup2(2, 1)

    def announce(port: int) -> None:
        os.write(announced, f"{port}\n".encode())
        os.close(announced)

    return announce


class ServerProcess:
    """Context manager: runs `support.MODULE.main(PORT, ROM, ARGUMENTS)`, which prints its port when it is ready."""

    def __init__(self, module: str, rom: Path, *arguments: object, port: int = 0) -> None:
        _FORKS.set_forkserver_preload([f"support.{name}" for name in _SERVERS])  # heeded by the first start
        self.arguments = arguments
        self._temporary = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)  # a killed process leaves its files
        output, its_output = _FORKS.Pipe(duplex=False)
        environment = os.environ | {"TMPDIR": self._temporary.name}
        self._process = _FORKS.Process(
            target=_run, args=(module, its_output, environment, port, rom, *arguments), daemon=True
        )
        self._process.start()
        its_output.close()
        try:
            with output, os.fdopen(os.dup(output.fileno())) as lines:
                self.port = int(lines.readline())
        except BaseException:
            self.kill()
            raise

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def kill(self) -> None:
        """End it as a crash does."""
        self._process.kill()
        self._process.join(END_WAIT)
        assert self._process.exitcode is not None
        self._temporary.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def _run(module: str, output: Connection, environment: dict[str, str], *arguments: object) -> None:
    """In the new process: the module's main program, with the caller's environment and a standard output of its own."""
    os.dup2(output.fileno(), 1)
    output.close()
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None  # it is found again
    importlib.import_module(f"support.{module}").main(*arguments)
