"""The parent's ends of the pipes: one request at a time, its reply, and whatever the core prints."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections import deque
from collections.abc import Sequence
from mmap import mmap
from typing import Any, Final, final

from halscope.hosts.embedded._messages import pack, unpack
from halscope.hosts.embedded._waiting import wait

_CHUNK: Final = 1 << 16
_KEPT_OUTPUT: Final = 1 << 14  # bytes of the core's last output
_logger = logging.getLogger("halscope.hosts.embedded")


@final
class _Call:
    """A request on its way, and what has arrived of its reply. Interrupts lose nothing: a system call and the record of
    its result are one step of a C iterator."""

    __slots__ = ("message", "read", "request", "written")

    def __init__(self, request: Sequence[object]) -> None:
        self.request = request
        self.message = memoryview(pack(request))
        self.written: deque[int] = deque()
        self.read: deque[bytes] = deque()


@final
class Channel:
    """Sends requests to the child and receives replies. No time-out is needed to notice the child's death.

    Args:
        requests: Descriptor of the pipe to write to.
        replies: Descriptor of the pipe to read replies from.
        output: Descriptor of the pipe to read the core's output from.
        shared: The memory that holds the arrays of replies.
    """

    def __init__(self, requests: int, replies: int, output: int, shared: mmap) -> None:
        self._requests, self._replies, self._output = requests, replies, output
        self._shared = shared
        self._call: _Call | None = None
        self._printed: deque[bytes] = deque()
        self._line = b""  # the last line that the core printed, as long as its end is missing
        self._readable = [replies, output]
        os.set_blocking(requests, False)  # a child that does not read must not block the caller for ever

    @property
    def waiting(self) -> Sequence[object] | None:
        """The request whose reply has not been taken: an interrupt ended the call before it came."""
        return None if self._call is None else self._call.request

    def ask(self, request: Sequence[object]) -> None:
        """Make this the request of the next `answer`."""
        self._call = _Call(request)

    def answer(self, timeout: float) -> Any:
        """Return the reply to the request; after an interrupt, call it again.

        Raises:
            TimeoutError: No reply came in time.
            EOFError: The child has ended.
        """
        call = self._call
        if call is None:
            raise ValueError("no request is waiting")
        until = time.monotonic() + timeout
        while True:
            sent = sum(call.written) == len(call.message)
            ready = wait(self._readable, () if sent else (self._requests,), until - time.monotonic())
            if self._output in ready:
                self._take_output()
            if self._replies in ready:
                call.read.extend(map(os.read, (self._replies,), (_CHUNK,)))
                if not call.read[-1]:
                    raise EOFError
                reply = unpack(b"".join(call.read), self._shared)
                if reply is not None:
                    self._call = None
                    return reply
            if self._requests in ready:
                with contextlib.suppress(BlockingIOError, BrokenPipeError):  # the end is noticed by reading
                    rest = call.message[sum(call.written) :][:_CHUNK]
                    call.written.extend(map(os.write, (self._requests,), (rest,)))
            if not ready:
                raise TimeoutError

    def wait_for_end(self, timeout: float) -> bool:
        """Wait until the child has closed its pipes, and take its output meanwhile; return whether it has."""
        until = time.monotonic() + timeout
        pipes = [*self._readable]
        while pipes and (ready := wait(pipes, (), until - time.monotonic())):
            if self._output in ready and not self._take_output():
                pipes.remove(self._output)
            if self._replies in ready and not os.read(self._replies, _CHUNK):
                pipes.remove(self._replies)
        return not pipes

    def last_output(self) -> str:
        """The last line that the core printed, or an empty string."""
        lines = b"".join(self._printed).decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def _take_output(self) -> bool:
        """Read what the core has printed; return whether more may come."""
        self._printed.extend(map(os.read, (self._output,), (_CHUNK,)))
        printed = self._printed[-1]
        if not printed:
            self._readable = [self._replies]
            return False
        *lines, self._line = (self._line + printed).split(b"\n")
        for line in lines:
            _logger.debug("the core prints: %s", line.decode(errors="replace").rstrip())
        kept = b"".join(self._printed)[-_KEPT_OUTPUT:]
        self._printed = deque((kept,))
        return True
