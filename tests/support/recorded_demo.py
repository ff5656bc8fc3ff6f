"""The documents' recording of the demo, made once for all tests that look into it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Final

import pytest
from halscope.demo import rom_path
from support.in_process import halscope
from support.run_folder import once

RECORD: Final = re.compile(r"halscope record game\.sfc -o (\w+\.hrec) --frames 300 --press start@150-152")
"""The command that makes it, as the documents print it, with the name that it gives the recording."""


@pytest.fixture(scope="session")
def recorded_demo(run_folder: Path) -> Path:
    """A folder with `game.sfc`, and its recording `run.hrec` with the meadow. Nobody may change what is in it."""

    def make(folder: Path) -> None:
        with rom_path() as path:
            shutil.copy(path, folder / "game.sfc")
        done = halscope("record", "game.sfc", "-o", "run.hrec", "--frames", 300, "--press", "start@150-152", cwd=folder)
        assert done.returncode == 0, done.stderr

    return once(run_folder, "recorded", make)
