"""The demo ROM: our own SNES game, which Halscope is demonstrated and tested with, and its ground truth.

`source/` holds its sources; the README there describes the memory map and the fields of the truth file.
"""

import json
from contextlib import AbstractContextManager
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

__all__ = ["rom_path", "truth"]


def rom_path() -> AbstractContextManager[Path]:
    """Provide the image as a file while the context is open: `with rom_path() as path: ...`."""
    return as_file(files(__name__) / "halscope-demo.sfc")


def truth() -> dict[str, Any]:
    """Return the ground truth recorded by the build: where everything is in the image, and what each scene shows."""
    document: dict[str, Any] = json.loads((files(__name__) / "halscope-demo.json").read_text(encoding="utf-8"))
    return document
