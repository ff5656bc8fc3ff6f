"""What the benchmark tables share: a row, and a description of the machine."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table; `met` is None if there is no target or no measurement."""

    what: str
    target: str
    measured: str
    plain: str = ""
    met: bool | None = None

    @property
    def said(self) -> str:
        """The text of the last column."""
        return "" if self.met is None else "yes" if self.met else "no"


def machine() -> str:
    """The processor, the number of CPUs, and the Python version."""
    name = platform.processor() or platform.machine()
    if (info := Path("/proc/cpuinfo")).is_file():
        names = [
            line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        name = names[0] if names else name
    return f"{name}, {os.cpu_count()} CPUs, Python {platform.python_version()}"
