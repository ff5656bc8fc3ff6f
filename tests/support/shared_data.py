"""The location of test data that is not in the repository: streams packed by other programs, the plain decoder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def shared_folder() -> Path:
    """The folder named by HALSCOPE_SHARED, or `shared` beside the repository; skips the test if neither exists."""
    named = os.environ.get("HALSCOPE_SHARED")
    folder = Path(named) if named else Path(__file__).resolve().parents[3] / "shared"
    if not (folder / "vectors" / "hal").is_dir():
        pytest.skip(f"no shared data in {folder}: set HALSCOPE_SHARED to the folder that holds vectors/hal")
    return folder
