"""The command as its users run it: in a process of its own, with pipes or on a terminal."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

PATIENCE = 120.0  # seconds


class Shown(NamedTuple):
    """What a command on a terminal printed, standard output and error together, and its exit code."""

    text: str
    code: int

    @property
    def plain(self) -> str:
        """The text without colours and movements of the cursor."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.text)


def halscope(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    """Run the command with pipes; `options` are those of `subprocess.run`, `env` adds to the environment."""
    environment = os.environ | {"PYTHONUTF8": "0"} | dict(options.pop("env", {}))  # type: ignore[call-overload]
    return subprocess.run(
        [sys.executable, "-m", "halscope", *map(str, arguments)],
        **{"capture_output": True, "text": True, "timeout": PATIENCE, "env": environment, **options},
    )


def on_a_terminal(*arguments: object, columns: int = 80, env: Mapping[str, str] | None = None) -> Shown:
    """Run the command on a terminal of this width."""
    return python_on_a_terminal("-m", "halscope", *arguments, columns=columns, env=env)


def python_on_a_terminal(*arguments: object, columns: int = 80, env: Mapping[str, str] | None = None) -> Shown:
    """Run Python on a terminal of this width."""
    pid, master = pty.fork()
    if pid == 0:
        os.environ.pop("NO_COLOR", None)
        os.environ.update({"TERM": "xterm-256color", "COLUMNS": str(columns), "LINES": "50", **(env or {})})
        os.execv(sys.executable, [sys.executable, *map(str, arguments)])
    shown = b""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if select.select([master], [], [], 0.2)[0]:
            try:
                part = os.read(master, 65536)
            except OSError:  # Linux: nobody has the terminal open any more
                break
            if not part:
                break
            shown += part
    else:
        os.kill(pid, signal.SIGKILL)
    os.close(master)
    return Shown(shown.decode(errors="replace").replace("\r\n", "\n"), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def kana_rom(path: Path) -> Path:
    """Write a LoROM image of 512 KiB whose title is in half-width katakana."""
    image = bytearray(0x80000)
    image[0x7FC0:0x7FD5] = b"\xb6\xb0\xcb\xde\xa8 TEST".ljust(21)
    image[0x7FD5:0x7FDC] = bytes([0x20, 0, 9, 0, 1, 0, 0])
    image[:4] = bytes([0x78, 0x18, 0xFB, 0x80])  # SEI, CLC, XCE, BRA
    image[0x7FE4:0x8000] = b"\x00\x80" * 14
    image[0x7FDC:0x7FE0] = b"\xff\xff\x00\x00"
    total = sum(image) & 0xFFFF
    image[0x7FDC:0x7FE0] = (total ^ 0xFFFF).to_bytes(2, "little") + total.to_bytes(2, "little")
    path.write_bytes(image)
    return path
