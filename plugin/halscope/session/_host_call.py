"""A call that waits for the host's thread, and then possibly for the emulator's answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, final

from halscope_hooks import WriteReceipt

from halscope.session._errors import forget_frames, told_error
from halscope.session._job_terms import WriteTimeoutError
from halscope.session._jobs import JobContext

ANSWER_WAIT: Final = 5.0  # seconds that a remote emulator has to answer a write


@final
class HostCall:
    """The work of a job that writes into the running game.

    Args:
        send: Performs the write; called on the host's thread.
        written: Called on the host's thread once the emulator has written everything. May be called again after an
            interrupt.
    """

    __slots__ = ("_error", "_receipt", "_send", "_until", "_written")

    def __init__(self, send: Callable[[], WriteReceipt], written: Callable[[], None]) -> None:
        self._send = send
        self._written = written
        self._receipt: WriteReceipt | None = None
        self._error: Exception | None = None
        self._until = 0.0

    def send(self) -> None:
        """Pass the write to the host. The job raises the host's error, if any."""
        self._until = time.monotonic() + ANSWER_WAIT
        try:
            self._receipt = self._send()
        except Exception as error:
            self._error = error

    @property
    def answered(self) -> bool:
        """Whether the emulator has answered."""
        return self._receipt is None or self._receipt.done

    @property
    def overdue(self) -> bool:
        """Whether the emulator had enough time to answer."""
        return time.monotonic() >= self._until

    def __call__(self, _context: JobContext) -> None:
        """End the job. Raises the host's error, or WriteTimeoutError if the emulator did not answer."""
        receipt, error = self._receipt, self._error
        if error is None and receipt is not None:
            # A copy: the receipts of a link that ended have the same error, and the host raises it too.
            error = None if receipt.error is None else told_error(receipt.error)
            if not receipt.done:
                error = WriteTimeoutError(
                    f"the emulator has not answered a write for {ANSWER_WAIT:g} s, and may still make it; check that "
                    "it is running",
                    receipt,
                )
        if error is not None:
            raise error
        self._written()

    def forget_frames(self) -> None:
        """Keep the host's error without its frames: an interrupt has cut off the call that would have told it."""
        if self._error is not None:
            forget_frames(self._error)

    def end_late(self) -> None:
        """Take the answer to a write whose job has ended: it came after the time-out."""
        receipt = self._receipt
        if self._error is None and (receipt is None or receipt.error is None):
            self._written()
