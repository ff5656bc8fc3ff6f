"""The memory that a scan and an index take, each measured in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

_PREPARE: Final = """
import resource, sys
from pathlib import Path
from halscope.codecs import hal
from halscope.rom.image import Rom
from halscope.rom.index import RomIndex
data = Path(sys.argv[1]).read_bytes()
hal.scan(data[:4096])
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
before = peak()
"""
_SCAN: Final = """
found = hal.scan(data)
print(peak() - before - found.nbytes)
"""
_INDEX: Final = """
RomIndex.build(Rom.from_bytes(data, "rom"), [hal.HAL])
print(peak())
"""


def scan_growth(rom: Path) -> int | None:
    """Bytes by which a process grew at its peak while it scanned, without the result; None as for `index_peak`."""
    return _told(_SCAN, rom)


def index_peak(rom: Path) -> int | None:
    """Peak bytes of a process that builds an index; None if ru_maxrss has another unit or does not exist."""
    return _told(_INDEX, rom)


def _told(work: str, rom: Path) -> int | None:
    if sys.platform != "linux":
        return None
    command: list[str | Path] = [sys.executable, "-c", _PREPARE + work, rom]
    return max(0, int(subprocess.run(command, capture_output=True, check=True, text=True).stdout))
