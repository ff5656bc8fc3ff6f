"""The parent's ends of the pipes: one request at a time, its reply, and whatever the core prints."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections import deque
from collections.abc import Sequence
from typing import Any, Final, final

from halscope.hosts.embedded._bell import Bell
from halscope.hosts.embedded._frames import FrameReader, Published
from halscope.hosts.embedded._messages import pack, unpack
from halscope.hosts.embedded._platform import wait

_CHUNK: Final = 1 << 16
_SLICE: Final = 0.1  # seconds between looks whether a signal handler has waited for the reply
_LOOK_EVERY: Final = 0.001  # seconds between looks at the ring where there is no bell
_KEPT_OUTPUT: Final = 1 << 14  # bytes of the core's last output
_logger = logging.getLogger("halscope.hosts.embedded")


@final
class Call:
    """A request on its way, and what has arrived of its reply. Interrupts lose nothing: a system call and the record of
    its result are one step of a C iterator."""

    __slots__ = ("delivered", "message", "read", "reply", "request", "written")

    def __init__(self, request: Sequence[object]) -> None:
        self.request = request
        self.reply: Any = None
        self.delivered = False  # whether a caller has received the reply
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
        bell: Rings when the child has published a frame by itself.
    """

    def __init__(self, requests: int, replies: int, output: int, bell: Bell) -> None:
        self._requests, self._replies, self._output = requests, replies, output
        self._bell = bell
        self.frames: FrameReader | None = None
        """The frames that the child publishes, once the game has started."""
        self.waiting: Call | None = None
        """The request whose reply has not arrived; an interrupt may have ended the call that waited for it."""
        self.closed = False
        """Whether the pipes were closed. A call that resumes after a signal handler closed them ends."""
        self._printed: deque[bytes] = deque()
        self._line = b""  # the last line that the core printed, as long as its end is missing
        self._readable = [replies, output]
        # A child that does not read must not block the caller for ever, nor a handler that has read what was there.
        for pipe in (requests, replies, output):
            os.set_blocking(pipe, False)

    def ask(self, request: Sequence[object]) -> Call:
        """Make this the request that waits for its reply."""
        call = Call(request)
        self.waiting = call
        return call

    def answer(self, call: Call, timeout: float) -> None:
        """Wait until a request has its reply; after an interrupt, call it again.

        Raises:
            TimeoutError: No reply came in time.
            EOFError: The child has ended, or a signal handler has closed the pipes.
        """
        try:
            self._answer(call, timeout)
        except OSError:  # a handler may close them between any two lines
            if self.closed:
                raise EOFError from None
            raise

    def _answer(self, call: Call, timeout: float) -> None:
        until = time.monotonic() + timeout
        while self.waiting is call:  # else a signal handler has waited for the reply
            if call.read:
                reply = unpack(b"".join(call.read))
                if reply is not None:
                    call.reply = self._with_frame(*reply)
                    self.waiting = None
                    return
                if not call.read[-1]:
                    raise EOFError
            sent = sum(call.written) == len(call.message)
            rest = until - time.monotonic()
            ready = wait(self._readable, () if sent else (self._requests,), min(rest, _SLICE))
            if self.closed:
                raise EOFError
            if not ready and rest <= 0:
                raise TimeoutError
            if self._output in ready:
                self._take_output()
            # A signal handler may have finished this call since then. Between a check and its C iterator none can run.
            if self._replies in ready:
                reads = map(os.read, (self._replies,), (_CHUNK,))
                with contextlib.suppress(BlockingIOError):
                    call.read.extend(reads if self.waiting is call else ())
            if self._requests in ready:
                writes = map(os.write, (self._requests,), (call.message[sum(call.written) :][:_CHUNK],))
                with contextlib.suppress(BlockingIOError, BrokenPipeError):  # the end is noticed by reading
                    call.written.extend(writes if self.waiting is call else ())

    def listen(self, timeout: float) -> bytes:
        """Wait until the bell rings and return what it says; empty after the time-out.

        Raises:
            EOFError: The child has ended, or a signal handler has closed the pipes.
        """
        try:
            return self._listen(timeout)
        except OSError:
            if self.closed:
                raise EOFError from None
            raise

    def _listen(self, timeout: float) -> bytes:
        until = time.monotonic() + timeout
        bell = self._bell.pipe
        pipes = self._readable if bell is None else [*self._readable, bell]
        while True:
            rest = until - time.monotonic()
            ready = wait(pipes, (), min(rest, _LOOK_EVERY if bell is None else _SLICE))
            if self.closed:
                raise EOFError
            if self._output in ready:
                self._take_output()
                pipes = self._readable if bell is None else [*self._readable, bell]
            with contextlib.suppress(BlockingIOError):  # a signal handler has read it
                if self._replies in ready and self.waiting is None and not os.read(self._replies, _CHUNK):
                    raise EOFError
                if bell in ready:
                    if message := self._bell.take():
                        return message
                    raise EOFError
            if rest <= 0 or bell is None:
                return b""

    def wait_for_end(self, timeout: float) -> bool:
        """Wait until the child has closed its pipes, and take its output meanwhile; return whether it has."""
        until = time.monotonic() + timeout
        pipes = [*self._readable]
        while pipes and (ready := wait(pipes, (), until - time.monotonic())):
            if self._output in ready and not self._take_output():
                pipes.remove(self._output)
            with contextlib.suppress(BlockingIOError):
                if self._replies in ready and not os.read(self._replies, _CHUNK):
                    pipes.remove(self._replies)
        return not pipes

    def last_output(self) -> str:
        """The last line that the core printed, or an empty string."""
        lines = b"".join(self._printed).decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def _with_frame(self, good: bool, value: object) -> tuple[bool, object]:
        """Return a reply with the snapshot in place of its number. It may be called again after an interrupt."""
        if isinstance(value, Published) and self.frames is not None:
            return good, self.frames.read(value)
        return good, value

    def _take_output(self) -> bool:
        """Read what the core has printed; return whether more may come."""
        try:
            self._printed.extend(map(os.read, (self._output,), (_CHUNK,)))
        except BlockingIOError:
            return True
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
