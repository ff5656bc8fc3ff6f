"""The sources build exactly the committed image."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
from support import lab_truth


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("ca65") is None, reason="ca65 is not installed (apt install cc65)")
def test_a_rebuild_gives_the_committed_image_byte_for_byte() -> None:
    result = subprocess.run(
        [sys.executable, lab_truth.FOLDER / "source" / "build.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
