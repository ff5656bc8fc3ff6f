"""A server of `support` in a process of its own, which a test may kill."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Self

TESTS = Path(__file__).parents[1]
END_WAIT = 60.0


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
    """Context manager: `python -m support.MODULE PORT ARGUMENTS`, which prints its port when it is ready."""

    def __init__(self, module: str, *arguments: object, port: int = 0) -> None:
        self.arguments = [*map(str, arguments)]
        self._temporary = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)  # a killed process leaves its files
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"support.{module}", str(port), *self.arguments],
            stdout=subprocess.PIPE,
            text=True,
            cwd=TESTS,
            env=os.environ | {"PYTHONPATH": str(TESTS), "TMPDIR": self._temporary.name},
        )
        assert self._process.stdout is not None
        try:
            self.port = int(self._process.stdout.readline())
        except BaseException:
            self.kill()
            raise

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        """End it as a crash does."""
        self._process.kill()
        self._process.wait(END_WAIT)
        self._temporary.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        assert self._process.stdout is not None
        self._process.stdout.close()
