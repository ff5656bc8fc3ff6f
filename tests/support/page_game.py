"""A game whose page a browser shows."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from halscope.app._kept_moments import KeptMoments
from support.demo_states import demo_state
from support.made_host import eventually

CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
"""Debian's Chromium. Without the parts that only a window needs, it takes a quarter less processor time."""
EDITOR = f"{sys.executable} {Path(__file__).parents[1] / 'browser' / 'painting_editor.py'}"


class Game:
    """`halscope play --no-browser` in a process of its own.

    Args:
        folder: Where it runs, and where its user's data are.
        rom: The game.
        more: Further arguments.
        editor: The image editor that it opens.
        scene: The scene of the demo that it begins in, fully on the screen; by default at power-on.
    """

    def __init__(self, folder: Path, rom: Path, *more: object, editor: str = EDITOR, scene: str | None = None) -> None:
        self.errors = folder / "errors.txt"
        self._sheets = Path(str(more[more.index("--watch") + 1])) if "--watch" in more else None
        if scene is not None:
            state = folder / f"{scene}.state"
            state.write_bytes(demo_state(scene).data)
            more = (*more, "--state", state)
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "halscope", "play", str(rom), "--no-browser", *map(str, more)],
                stderr=errors,
                stdout=subprocess.DEVNULL,
                cwd=folder,
                env=os.environ
                | {"PYTHONUNBUFFERED": "1", "HALSCOPE_EDITOR": editor, "HALSCOPE_DATA_DIR": str(folder / "data")},
            )
        assert eventually(lambda: "in a browser" in self.errors.read_text()), self.errors.read_text()
        found = re.search(r"http://\S+", self.errors.read_text())
        assert found is not None
        self.address = found[0]
        self._kept: dict[str, str] = {}

    def moment(self, scene: str) -> str:
        """Name of a kept moment of the demo, in which this scene is fully on the screen. The game watches a folder."""
        if scene not in self._kept:
            assert self._sheets is not None
            made, folder = demo_state(scene), self._sheets / "moments"
            self._kept[scene] = KeptMoments(lambda: folder).keep(made.snapshot, made.data)
        return self._kept[scene]

    def end(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(120)
