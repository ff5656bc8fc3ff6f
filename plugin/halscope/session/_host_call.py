"""A call that waits for the host's thread, and then possibly for the emulator's answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, final

from halscope_hooks import HostError, WriteReceipt

from halscope.session._jobs import JobContext

ANSWER_WAIT: Final = 5.0  # seconds that a remote emulator has to answer a write


@final
class HostCall:
    """The work of a job that writes into the running game.

    Args:
        send: Performs the write; called on the host's thread.
        written: Called on the host's thread once the emulator has written everything.
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
        """Whether the job can end: the emulator has answered, or its time is over."""
        receipt = self._receipt
        return receipt is None or receipt.done or time.monotonic() >= self._until

    def __call__(self, _context: JobContext) -> None:
        """End the job. Raises the host's error, or HostError if the emulator did not answer."""
        receipt, error = self._receipt, self._error
        if error is None and receipt is not None:
            error = receipt.error
            if not receipt.done:
                error = HostError(
                    f"the emulator has not answered a write for {ANSWER_WAIT:g} s; check that it is running, and "
                    "save again"
                )
        if error is not None:
            raise error
        self._written()
