"""What systems do differently about the embedded core's process and its pipes. Linux is tested."""

from __future__ import annotations

import ctypes
import math
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_NOT_ITS_FAULT: Final = frozenset("RDTt")  # runnable, waiting for a disk, stopped by a signal or a debugger (proc(5))
_LINE_BYTES: Final = 1024
_LINE_BUFFERED: Final = 1  # _IOLBF of stdio.h, on Linux, macOS and the BSDs

if sys.platform == "win32":
    import _winapi
    import msvcrt

    _SYNCHRONIZE: Final = 0x100000
    # Anonymous pipes cannot be waited for on Windows, so they are looked at once in a while.
    _LOOK_EVERY: Final = 0.0005  # seconds

    def wait(readable: Sequence[int], writable: Sequence[int], timeout: float) -> set[int]:
        """See the other definition. Every pipe in `writable` counts as ready."""
        until = time.monotonic() + timeout
        while True:
            ready = {pipe for pipe in readable if _has_data(pipe)} | set(writable)
            if ready or time.monotonic() >= until:
                return ready
            time.sleep(_LOOK_EVERY)

    def _has_data(pipe: int) -> bool:
        try:
            return bool(_winapi.PeekNamedPipe(msvcrt.get_osfhandle(pipe), 0)[0])  # bytes that are there
        except OSError:
            return True  # the other end is closed: a read returns at once

    def wait_for_end(_requests: int) -> None:
        """See the other definition: a pipe cannot be waited for here, but the parent can."""
        parent = _winapi.OpenProcess(_SYNCHRONIZE, False, os.getppid())
        _winapi.WaitForSingleObject(parent, _winapi.INFINITE)

    def bell_pipe() -> tuple[int, int] | None:
        """See the other definition: a child inherits no descriptor here."""
        return None

    def prepare_child() -> None:
        """See the other definition: nothing has to be done here."""

    def remove_open(_path: Path) -> None:
        """See the other definition: an open file cannot be removed here; it goes with its folder."""

else:
    import resource
    import select

    def wait(readable: Sequence[int], writable: Sequence[int], timeout: float) -> set[int]:
        """Wait until a pipe can be read or written, or its other end is closed. Signal handlers run meanwhile.

        Args:
            readable: Descriptors of pipes to read from.
            writable: Descriptors of pipes to write to.
            timeout: The most seconds to wait, which may be infinite.

        Returns:
            The descriptors that are ready; empty after the time-out.
        """
        poll = select.poll()
        for pipe in readable:
            poll.register(pipe, select.POLLIN)
        for pipe in writable:
            poll.register(pipe, select.POLLOUT)
        milliseconds = None if math.isinf(timeout) else math.ceil(max(0.0, timeout) * 1000)
        return {pipe for pipe, _ in poll.poll(milliseconds)}

    def wait_for_end(requests: int) -> None:
        """Wait until the parent is gone, or has closed its end of the pipe of requests. Nothing is read from it."""
        poll = select.poll()
        poll.register(requests, 0)  # POLLHUP and POLLERR are always reported
        poll.poll()

    def bell_pipe() -> tuple[int, int] | None:
        """Return a pipe of which a child can inherit the writing end, both not blocking. Raises OSError."""
        ours, theirs = os.pipe()
        for pipe in (ours, theirs):
            os.set_blocking(pipe, False)
        return ours, theirs

    def prepare_child() -> None:
        """Have a C library write its lines at once, and leave no core dump.

        In a pipe, C programs keep their output until a buffer is full; the last lines before a crash would be lost.
        """
        name = "__stdoutp" if sys.platform == "darwin" else "stdout"
        library = ctypes.CDLL(None)
        library.setvbuf(ctypes.c_void_p.in_dll(library, name), None, _LINE_BUFFERED, ctypes.c_size_t(_LINE_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))

    def remove_open(path: Path) -> None:
        """Remove a file that is open, so that nothing is left behind whoever is killed."""
        path.unlink()


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used; 0.0 where that is not known."""
    if sys.platform != "linux":
        return 0.0
    try:
        return time.clock_gettime(~pid << 3 | 2)  # the process's clock, as clock_getcpuclockid(3) makes its id
    except OSError:
        return 0.0


def is_starved(pid: int, used: float, enough: float) -> bool:
    """Whether a process that has not answered would go on if other programs let it; False where that is not known.

    Args:
        pid: The process.
        used: Processor time in seconds that it has had since the request.
        enough: Seconds of it that an answer may take.
    """
    if sys.platform != "linux" or used >= enough:
        return False
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] in _NOT_ITS_FAULT
