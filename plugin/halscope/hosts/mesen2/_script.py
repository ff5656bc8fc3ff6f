"""Where the Lua script is, and what to switch on in Mesen."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def script_path() -> Path:
    """Return the path of the script that Mesen loads. It loads the scripts beside it."""
    # By way of the package's files: in an editable install the package is spread over two folders.
    return Path(str(files("halscope.hosts.mesen2").joinpath("halscope.lua")))


def setup() -> str:
    """Return what the user does in Mesen, in one line."""
    return (
        'in Mesen 2 or MesenCE open Debug > Script Window, turn on "Allow access to I/O and OS functions" and "Allow '
        f'network access" in Script > Settings > Script Window > Restrictions, and open and run {script_path()}'
    )
