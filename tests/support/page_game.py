"""A game whose page a browser shows."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from support.made_host import eventually

CHROMIUM = shutil.which("chromium")
EDITOR = f"{sys.executable} {Path(__file__).parents[1] / 'browser' / 'painting_editor.py'}"


class Game:
    """`halscope play --no-browser` in a process of its own.

    Args:
        folder: Where it runs.
        rom: The game.
        more: Further arguments.
        editor: The image editor that it opens.
    """

    def __init__(self, folder: Path, rom: Path, *more: object, editor: str = EDITOR) -> None:
        self.errors = folder / "errors.txt"
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "halscope", "play", str(rom), "--no-browser", *map(str, more)],
                stderr=errors,
                stdout=subprocess.DEVNULL,
                cwd=folder,
                env=os.environ | {"PYTHONUNBUFFERED": "1", "HALSCOPE_EDITOR": editor},
            )
        assert eventually(lambda: "in a browser" in self.errors.read_text()), self.errors.read_text()
        found = re.search(r"http://\S+", self.errors.read_text())
        assert found is not None
        self.address = found[0]

    def end(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)
