"""What systems do differently about the core's process is in one file."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

FOLDER = files("halscope.hosts.embedded")
NAMES = sorted(entry.name for entry in FOLDER.iterdir() if entry.name.endswith(".py"))
TELLS = re.compile(r"sys\.platform|os\.name|hasattr\(os|_winapi|msvcrt|/proc/|import (select|resource|fcntl)\b")


@pytest.mark.parametrize("name", NAMES)
def test_only_one_file_asks_what_system_this_is(name: str) -> None:
    assert (TELLS.search((FOLDER / name).read_text(encoding="utf-8")) is not None) == (name == "_platform.py")
