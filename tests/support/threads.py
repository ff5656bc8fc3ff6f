"""What this process uses: processor time by thread, and memory. Linux alone."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path


def processor_times() -> dict[str, float]:
    """Return the seconds of processor time of all living threads by their names."""
    clocks = {one.name: time.pthread_getcpuclockid(one.ident) for one in threading.enumerate() if one.ident is not None}
    return {name: time.clock_gettime(clock) for name, clock in clocks.items()}


def processor_time(name: str) -> float:
    """Return the seconds of processor time of a thread."""
    return processor_times()[name]


def resident() -> int:
    """Return the bytes of memory that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
