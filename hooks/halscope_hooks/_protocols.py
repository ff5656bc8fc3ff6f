"""The Protocols that hosts and codecs are written against."""

from __future__ import annotations

from collections.abc import Buffer, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from halscope_hooks._patch import MemorySpace, Write
from halscope_hooks._snapshot import RomIdentity, Snapshot


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


@dataclass(frozen=True, slots=True)
class HostInfo:
    """What a host can do, known once it is attached.

    Args:
        name: The adapter ("libretro", "recording").
        emulator: What runs behind it, with its version.
        readable: Memories that its snapshots hold.
        writable: Memories that `write` takes.
        rom: The running ROM, as far as the host knows it.
    """

    name: str
    emulator: str
    readable: frozenset[str] = field(default_factory=frozenset)
    writable: frozenset[MemorySpace] = field(default_factory=frozenset)
    rom: RomIdentity = field(default_factory=RomIdentity)


@runtime_checkable
class Host(Protocol):
    """An emulator (or a recording of one) that Halscope drives or listens to. One thread calls it."""

    @property
    def info(self) -> HostInfo:
        """What this host is and can do."""

    def step(self) -> Snapshot | None:
        """Run to the next frame and return its state; `None` when there are no more frames (a recording's end).

        Raises HostError.
        """

    def write(self, writes: Sequence[Write]) -> None:
        """Write into the running game so that the picture changes; all or nothing.

        Raises HostError: a memory is not writable here, an offset is outside it, or expected bytes are not there.
        """

    def close(self) -> None:
        """Let go of the emulator. Idempotent."""
