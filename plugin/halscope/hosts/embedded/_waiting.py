"""Waiting for pipes with a time-out; what platforms do differently about it is in this file alone."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Sequence

if sys.platform == "win32":
    import _winapi
    import msvcrt

    # Anonymous pipes cannot be waited for on Windows, so they are looked at once in a while.
    _LOOK_EVERY = 0.0005  # seconds

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

else:
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
