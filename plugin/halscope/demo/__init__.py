"""The demo ROM: our own game for the SNES, the test bed and first sight of Halscope, and the truth about it.

`source/` holds what it is built from; its README tells the memory map and the truth file's fields.
"""

import json
from contextlib import AbstractContextManager
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

__all__ = ["rom_path", "truth"]


def rom_path() -> AbstractContextManager[Path]:
    """The image as a file for as long as the context is open: `with rom_path() as path: ...`."""
    return as_file(files(__name__) / "halscope-demo.sfc")


def truth() -> dict[str, Any]:
    """What lies where in the image and what each scene shows, as the build knows it."""
    document: dict[str, Any] = json.loads((files(__name__) / "halscope-demo.json").read_text(encoding="utf-8"))
    return document
