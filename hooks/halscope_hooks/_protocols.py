"""The Protocol that codecs implement."""

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
        consumed: Length of the packed stream in bytes, including its terminator.
        offset: Offset of the stream in the input.
    """

    data: NDArray[np.uint8]
    consumed: int
    offset: int


class CancelSignal(Protocol):
    """A cancellation request. Long-running work must poll it at least every 10 ms."""

    @property
    def cancelled(self) -> bool:
        """Whether the work should stop by raising CancelledError. Once true, it stays true."""


@runtime_checkable
class Codec(Protocol):
    """A compression format. All methods must be pure and thread-safe."""

    @property
    def name(self) -> str:
        """Short lower-case name, as used in `Origin.codec`."""

    def decode(self, data: Buffer, offset: int = 0) -> Block:
        """Decode the stream at `offset`, rejecting anything that is not strictly valid. Raises CodecError."""

    def encode(self, data: Buffer, *, cancel: CancelSignal | None = None) -> bytes:
        """Encode `data` as the smallest stream that this codec can produce.

        Args:
            data: The uncompressed bytes.
            cancel: Polled while encoding. For a third-party codec that lacks this parameter, it is omitted.

        Raises:
            CodecError: The data does not fit in one stream.
            CancelledError: `cancel` was cancelled.
        """

    def scan(self, rom: Buffer, *, window: int = 0, cancel: CancelSignal | None = None) -> NDArray[Any]:
        """Find every offset at which a strictly valid stream begins.

        Args:
            rom: The headerless image.
            window: Streams must not cross a multiple of this many bytes (0x8000 for LoROM); 0 means no limit.
            cancel: See `encode`.

        Returns:
            Structured array, ascending by offset, with at least the fields `offset` (uint32), `packed_size` (uint32,
            including the terminator) and `size` (uint32, decoded bytes).

        Raises:
            CancelledError: `cancel` was cancelled.
        """
