"""The lab ROM laid out for other memory maps, built once in a run when one is asked for."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from support import lab_truth
from support.run_folder import once

MAPS: Final = ("hirom", "exhirom", "exlorom", "sa1")

Variant = tuple[Path, dict[str, Any]]
"""An image's path and its truth file. Names, scenes and variables are those of the committed image; offsets and
addresses are not."""


@pytest.fixture(scope="session")
def lab_variant(run_folder: Path) -> Callable[[str], Variant]:
    """Return a function that gives the variant for one of MAPS; it is not to be changed, nor anything put beside it."""
    if shutil.which("ca65") is None:
        pytest.skip("ca65 is not installed (apt install cc65)")

    def variant(memory_map: str) -> Variant:
        image = once(run_folder, "lab", _build) / f"halscope-lab-{memory_map}.sfc"
        return image, json.loads(image.with_suffix(".json").read_text(encoding="utf-8"))

    return variant


def _build(folder: Path) -> None:
    build = lab_truth.FOLDER / "source" / "build.py"
    subprocess.run(
        [sys.executable, build, "--map", *MAPS, "--out", folder], check=True, capture_output=True, timeout=300
    )
