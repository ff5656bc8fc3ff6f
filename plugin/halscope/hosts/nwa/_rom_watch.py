"""Notices that the emulator runs other bytes than before: a game was loaded again from its file, rebuilt or not.

The protocol has no event for that, and its name of the game stays the same. So the internal headers, what Halscope has
written, and one piece of the ROM after the other are read again and compared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, final

from halscope_hooks import Write

from halscope.hosts.nwa._connection import Connection
from halscope.hosts.nwa._replies import Reply

EVERY: Final = 0.5
"""Seconds between two looks."""
_PIECE: Final = 0xC000
"""Bytes of the ROM in a look: all of 4 MiB is compared in 43 seconds."""
_HEADERS: Final = (0x7FC0, 0xFFC0, 0x40FFC0)
"""Internal headers of LoROM, HiROM and ExHiROM: a checksum of the whole ROM is in them."""
_HEADER_BYTES: Final = 64
_LAST_WRITES: Final = 4  # that each look compares
_MOST_OF_A_WRITE: Final = 0x400


@final
class RomWatch:
    """The bytes of the running ROM, as far as Halscope knows them.

    Args:
        image: What was read when the game was attached to.
    """

    def __init__(self, image: bytes) -> None:
        self._image = bytearray(image)
        self._written: list[tuple[int, int]] = []  # begin and end, oldest first
        self._next = 0

    def wrote(self, writes: Sequence[Write]) -> None:
        """Take over Halscope's own writes, which the emulator has made."""
        for write in writes:
            if write.space == "rom" and write.data:
                end = write.offset + len(write.data)
                self._image[write.offset : end] = write.data
                self._written.append((write.offset, end))

    def look(self, connection: Connection, differs: Callable[[], None]) -> None:
        """Ask for some of the bytes; `differs` is called inside a later `work` if they are others."""
        ranges = self._ranges()
        size = sum(end - begin for begin, end in ranges)
        arguments = ";".join(f"${begin:X};{end - begin}" for begin, end in ranges)

        def compare(reply: Reply) -> None:
            # Only now: writes that were asked for earlier have been answered meanwhile.
            expected = b"".join(self._image[begin:end] for begin, end in ranges)
            if reply.block is not None and len(reply.block) == size and reply.block != expected:
                differs()

        connection.send(f"CORE_READ CARTROM;{arguments}", compare, most=size)

    def lacks_writes(self, image: bytes) -> bool:
        """Whether a ROM does not hold all that Halscope has written."""
        return any(image[begin:end] != self._image[begin:end] for begin, end in self._written)

    def accept(self, image: bytes) -> None:
        """Take over a ROM in which something else than Halscope has changed bytes."""
        self._image[:] = image

    def _ranges(self) -> list[tuple[int, int]]:
        size = len(self._image)
        begin, end = self._next, min(self._next + _PIECE, size)
        self._next = end if end < size else 0
        headers = [(at, at + _HEADER_BYTES) for at in _HEADERS if at + _HEADER_BYTES <= size]
        written = [(at, min(end, at + _MOST_OF_A_WRITE)) for at, end in self._written[-_LAST_WRITES:]]
        return [(begin, end), *headers, *written]
