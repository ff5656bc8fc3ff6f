"""Writing into the running game: what is there is read and checked first, and put back if a part is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

from halscope_hooks import HostError, MemorySpace, Write

from halscope.hosts.nwa._connection import Connection
from halscope.hosts.nwa._emulator import SPACES, Memory
from halscope.hosts.nwa._replies import Reply

RANGES: Final = 8
"""Ranges in a command: the protocol's example server keeps 20 arguments."""
MOST_BYTES: Final = 1 << 16
"""Bytes in a command with several ranges."""

NAMES: Final[Mapping[MemorySpace, str]] = {space: name for name, space in SPACES.items()}


@dataclass(frozen=True, slots=True)
class _Batch:
    """Writes to one memory that fit into one command."""

    memory: str
    writes: tuple[Write, ...]

    @property
    def arguments(self) -> str:
        ranges = ";".join(f"${write.offset:X};{len(write.data)}" for write in self.writes)
        return f"{self.memory};{ranges}"

    @property
    def size(self) -> int:
        return sum(len(write.data) for write in self.writes)

    @property
    def block(self) -> bytes:
        return b"".join(write.data for write in self.writes)

    def split(self, block: bytes) -> Iterator[tuple[Write, bytes]]:
        """Yield each write with its bytes of the block."""
        at = 0
        for write in self.writes:
            yield write, block[at : at + len(write.data)]
            at += len(write.data)


def check_writes(writes: Sequence[Write], memories: Mapping[str, Memory], emulator: str) -> None:
    """Raise HostError if a memory is not writable or an offset is outside it."""
    for write in writes:
        memory = memories.get(NAMES.get(write.space, ""))
        if memory is None or not memory.writable or not memory.readable:
            raise HostError(f"{emulator}: {write.space} is not writable: the emulator does not offer it for writing")
        end = write.offset + len(write.data)
        if write.offset < 0 or (memory.size is not None and end > memory.size):
            size = "its memory" if memory.size is None else f"its {memory.size:#x} bytes"
            raise HostError(f"a write to {write.space} {write.offset:#x} to {end:#x} is outside {size}")
        if write.expected is not None and len(write.expected) != len(write.data):
            raise HostError(
                f"a write to {write.space} {write.offset:#x} has {len(write.data)} bytes and expects "
                f"{len(write.expected)}; both must be equally long"
            )


@final
class Writing:
    """Writes in progress.

    Bytes that already are as they are to be count as expected: an edit may be in the game since an earlier session.

    Args:
        writes: The writes.
        done: Called with the last reply: with `None` if all were done, or else with the reason why none was.
    """

    def __init__(self, writes: Sequence[Write], done: Callable[[HostError | None], None]) -> None:
        self._batches = list(_batches(writes))
        self._done = done
        self._old: list[_Batch] = []
        self._unread = len(self._batches)
        self._refusals: list[HostError] = []

    def begin(self, connection: Connection) -> None:
        """Read what is there. The rest follows from the replies."""
        if not self._batches:
            self._done(None)
        for batch in self._batches:
            connection.send(f"CORE_READ {batch.arguments}", self._compare(batch, connection), most=batch.size)

    def _compare(self, batch: _Batch, connection: Connection) -> _Callback:
        def take(reply: Reply) -> None:
            self._unread -= 1
            if reply.block is None or len(reply.block) != batch.size:
                self._refusals.append(HostError(f"{batch.memory} cannot be read: {reply.error or 'a short reply'}"))
            else:
                there = [*batch.split(reply.block)]
                self._refusals += [error for write, old in there if (error := _mismatch(write, old)) is not None]
                self._old.append(
                    _Batch(batch.memory, tuple(Write(write.space, write.offset, old) for write, old in there))
                )
            if self._unread == 0:
                self._write(connection)

        return take

    def _write(self, connection: Connection) -> None:
        if self._refusals:
            self._done(self._refusals[0])
            return
        unanswered = len(self._batches)
        done: list[_Batch] = []

        def written(old: _Batch) -> _Callback:
            def take(reply: Reply) -> None:
                nonlocal unanswered
                unanswered -= 1
                if reply.error is None:
                    done.append(old)
                else:
                    self._refusals.append(HostError(f"the emulator refuses to write {old.memory}: {reply.error}"))
                if unanswered:
                    return
                if self._refusals:
                    self._undo(connection, done)
                else:
                    self._done(None)

            return take

        for batch, old in zip(self._batches, self._old, strict=True):
            _send_write(connection, batch, written(old))

    def _undo(self, connection: Connection, batches: Sequence[_Batch]) -> None:
        """Put back what was there."""
        unanswered = len(batches)

        def take(_: Reply) -> None:
            nonlocal unanswered
            unanswered -= 1
            if not unanswered:
                self._done(self._refusals[0])

        if not batches:
            self._done(self._refusals[0])
        for batch in batches:
            _send_write(connection, batch, take)


type _Callback = Callable[[Reply], None]


def _send_write(connection: Connection, batch: _Batch, then: _Callback) -> None:
    connection.send(f"bCORE_WRITE {batch.arguments}", then, block=batch.block)


def _mismatch(write: Write, there: bytes) -> HostError | None:
    if write.expected is None or there in (write.expected, write.data):
        return None
    return HostError(
        f"{write.space} {write.offset:#x} does not hold the expected bytes ({there[:8].hex()}..., expected "
        f"{write.expected[:8].hex()}...); nothing was written"
    )


def _batches(writes: Sequence[Write]) -> Iterator[_Batch]:
    """Yield the writes in their order, as few commands as fit."""
    taken: list[Write] = []
    for write in writes:
        if not write.data:
            continue
        together = [*taken, write]
        fits = len(together) <= RANGES and sum(len(one.data) for one in together) <= MOST_BYTES
        if taken and not (taken[0].space == write.space and fits):
            yield _Batch(NAMES[taken[0].space], tuple(taken))
            together = [write]
        taken = together
    if taken:
        yield _Batch(NAMES[taken[0].space], tuple(taken))
