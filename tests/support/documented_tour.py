"""The README's first command, run once for all tests that look at what it writes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.run_folder import once

TOUR = "halscope demo --out halscope-demo"
PATIENCE = 300.0


@pytest.fixture(scope="session")
def demo_tour(run_folder: Path) -> Path:
    """The folder that the command makes where nothing was learnt about the game before. Nobody may change it."""

    def make(folder: Path) -> None:
        arguments = TOUR.split()[1:]
        done = subprocess.run(
            [sys.executable, "-m", "halscope", *arguments],
            cwd=folder,
            env=os.environ | {"HALSCOPE_DATA_DIR": str(folder / "learnt")},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stderr

    return once(run_folder, "tour", make) / "halscope-demo"
