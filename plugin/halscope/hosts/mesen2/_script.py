"""Where the Lua script is, and what to switch on in Mesen."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def script_path() -> Path:
    """Return the path of the script that Mesen loads. The scripts beside it are loaded by it."""
    # Joined as text: in an editable install the package is spread over two folders.
    return Path(str(files("halscope.hosts.mesen2").joinpath("halscope.lua")))
