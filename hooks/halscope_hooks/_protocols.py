"""The Protocol that codecs are written against."""

from __future__ import annotations

from collections.abc import Buffer
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A decoded stream.

    Args:
        data: uint8[size], read-only.
        consumed: Length of the packed stream in bytes, its terminator included.
        offset: Where the stream begins in the input.
    """

    data: NDArray[np.uint8]
    consumed: int
    offset: int


class CancelSignal(Protocol):
    """Says whether some work is no longer wanted. Long work polls it, at least every 10 ms."""

    @property
    def cancelled(self) -> bool:
        """Whether the work should stop, by raising CancelledError. Once true, it stays true."""


@runtime_checkable
class Codec(Protocol):
    """A compression format as a value. All methods are pure and may be called from any thread."""

    @property
    def name(self) -> str:
        """Short lower-case name, as it stands in `Origin.codec`."""

    def decode(self, data: Buffer, offset: int = 0) -> Block:
        """Decode the stream at `offset`, strictly. Raises CodecError."""

    def encode(self, data: Buffer, *, cancel: CancelSignal | None = None) -> bytes:
        """Encode to the smallest stream this codec can make.

        Args:
            data: The bytes that the stream decodes to.
            cancel: Polled while encoding. A plugin's codec without this parameter is called without it.

        Raises:
            CodecError: The data does not fit into one stream.
            CancelledError: `cancel` was cancelled.
        """

    def scan(self, rom: Buffer, *, window: int = 0, cancel: CancelSignal | None = None) -> NDArray[Any]:
        """Every offset at which a strict stream begins.

        Args:
            rom: The headerless image.
            window: A stream may not cross a multiple of this many bytes (0x8000 for LoROM); 0: no such limit.
            cancel: As for `encode`.

        Returns:
            Structured array, ascending by offset, with at least the fields `offset` (uint32), `packed_size` (uint32,
            terminator included) and `size` (uint32, decoded bytes).

        Raises:
            CancelledError: `cancel` was cancelled.
        """
