"""Receipts of writes that a remote emulator has not answered yet."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from typing import final

from halscope_hooks import HostError, HostGoneError, WriteReceipt


@final
class OpenReceipts:
    """The open receipts of a host. When the link ends, each completes with the reason: nobody will answer any more."""

    __slots__ = ("_open",)

    def __init__(self) -> None:
        self._open: list[WriteReceipt] = []

    def new(self) -> WriteReceipt:
        """Return a receipt that is open."""
        receipt = WriteReceipt()
        self._open = [one for one in self._open if not one.done]
        self._open.append(receipt)
        return receipt

    def fail(self, error: HostError) -> None:
        """Complete every open receipt with an error: a copy without frames, as the host raises `error` itself."""
        receipts, self._open = self._open, []
        for receipt in receipts:
            receipt.complete(copy.copy(error))

    def close(self, emulator: str) -> None:
        """Complete every open receipt because the host is closed."""
        self.fail(HostGoneError(f"{emulator}: the host was closed before the emulator answered the write"))

    @contextlib.contextmanager
    def while_linked(self) -> Iterator[None]:
        """Complete every open receipt with the HostGoneError that leaves the block."""
        try:
            yield
        except HostGoneError as gone:
            self.fail(gone)
            raise
