"""Whether a child that does not answer is hung, or only gets no processor; what platforms do differently is here."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Final

_NOT_ITS_FAULT: Final = frozenset("RDTt")  # runnable, waiting for a disk, stopped by a signal or a debugger (proc(5))


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used; 0.0 where that is not known."""
    if sys.platform != "linux":
        return 0.0
    try:
        return time.clock_gettime(~pid << 3 | 2)  # the process's clock, as clock_getcpuclockid(3) makes its id
    except OSError:
        return 0.0


def is_starved(pid: int, used: float, patience: float) -> bool:
    """Whether a process that has not answered would go on if other programs let it.

    Args:
        pid: The process.
        used: Processor time in seconds that it has had since the request.
        patience: Seconds of it that an answer may take.
    """
    if sys.platform != "linux" or used >= patience:
        return False
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] in _NOT_ITS_FAULT
