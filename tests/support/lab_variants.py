"""The lab ROM laid out for another memory map, built when it is asked for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from support import lab_truth

MAPS = ("hirom", "exhirom", "exlorom", "sa1")


def build(memory_map: str, folder: Path) -> tuple[Path, dict[str, Any]]:
    """Build the lab for one of MAPS in a folder (needs cc65). Return the image's path and its truth file.

    Names, scenes and variables are those of the committed image; offsets and addresses are not.
    """
    subprocess.run(
        [sys.executable, lab_truth.FOLDER / "source" / "build.py", "--map", memory_map, "--out", folder],
        check=True,
        capture_output=True,
        timeout=300,
    )
    image = folder / f"halscope-lab-{memory_map}.sfc"
    return image, json.loads(image.with_suffix(".json").read_text(encoding="utf-8"))
