"""Replies of the Emulator Network Access protocol, taken from a stream of bytes.

A text reply is a line feed, lines `key:value`, and an empty line; a binary reply is a zero byte, a big-endian u32 and
that many bytes. A signal is a line `!NAME SOURCE` followed by a text reply.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

MOST_TEXT: Final = 1 << 16
"""Largest text reply in bytes."""
_BINARY_HEADER: Final = 5


class ReplyError(Exception):
    """The bytes do not follow the protocol, or a reply is too large. The connection cannot be used any more."""


@final
@dataclass(frozen=True, slots=True)
class Reply:
    """One reply.

    Args:
        items: The text reply as a list of records. A record ends before a key that it already has. Empty for an empty
            text reply, and for a binary one.
        block: The bytes of a binary reply, or `None`.
    """

    items: tuple[dict[str, str], ...] = ()
    block: bytes | None = None

    @property
    def first(self) -> dict[str, str]:
        """The first record, or an empty one."""
        return self.items[0] if self.items else {}

    @property
    def error(self) -> str | None:
        """The error that the emulator reports, in one line, or `None`."""
        if "error" not in self.first:
            return None
        kind, reason = self.first["error"], self.first.get("reason", "")
        return f"{kind}: {reason}" if reason else kind or "an error without a name"


@final
class ReplyReader:
    """Splits a stream into replies. Call `next` until it returns `None`, then `feed` more."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._searched = 0  # bytes of a text reply in which there is no end

    def feed(self, data: bytes) -> None:
        """Append bytes that arrived."""
        self._data += data

    def __len__(self) -> int:
        """Number of bytes that are not part of a returned reply."""
        return len(self._data)

    def next(self, most: int) -> Reply | None:
        """Return the next reply, or `None` if its end has not arrived.

        Args:
            most: Largest binary reply in bytes that is accepted.

        Raises:
            ReplyError: The bytes are not a reply, or it is larger.
        """
        while self._data.startswith(b"!"):
            if not self._skip_signal():
                return None
        if not self._data:
            return None
        if self._data[0] == 0:
            return self._binary(most)
        if self._data[0] == 0x0A:
            return self._text()
        raise ReplyError(f"a reply begins with {bytes(self._data[:8])!r}, expected a line feed or a zero byte")

    def _binary(self, most: int) -> Reply | None:
        if len(self._data) < _BINARY_HEADER:
            return None
        size = int.from_bytes(self._data[1:_BINARY_HEADER], "big")
        if size > most:
            raise ReplyError(f"a binary reply of {size} bytes, where at most {most} were asked for")
        end = _BINARY_HEADER + size
        if len(self._data) < end:
            return None
        block = bytes(self._data[_BINARY_HEADER:end])
        self._drop(end)
        return Reply(block=block)

    def _text(self) -> Reply | None:
        end = self._text_end(0)
        if end is None:
            return None
        lines = bytes(self._data[1 : end - 2]).decode("utf-8", "replace").split("\n")
        self._drop(end)
        return Reply(_records(lines))

    def _text_end(self, start: int) -> int | None:
        """Return the end of the text reply that begins at `start`, or `None`."""
        if self._data[start : start + 2] == b"\n\n":
            return start + 2
        found = self._data.find(b"\n\n", max(start, self._searched - 1))
        end = len(self._data) if found < 0 else found + 2
        if end - start > MOST_TEXT:
            raise ReplyError(f"a text reply of more than {MOST_TEXT} bytes")
        self._searched = len(self._data) if found < 0 else 0
        return None if found < 0 else end

    def _skip_signal(self) -> bool:
        """Drop the signal at the start of the stream; return whether it was complete. None is ever asked for."""
        line = self._data.find(b"\n")
        if line < 0 or line + 1 == len(self._data):
            if len(self._data) > MOST_TEXT:
                raise ReplyError(f"a signal of more than {MOST_TEXT} bytes")
            return False
        if self._data[line + 1] != 0x0A:
            raise ReplyError("a signal without its text reply")
        end = self._text_end(line + 1)
        if end is None:
            return False
        self._drop(end)
        return True

    def _drop(self, size: int) -> None:
        del self._data[:size]
        self._searched = 0


def _records(lines: list[str]) -> tuple[dict[str, str], ...]:
    records: list[dict[str, str]] = []
    for line in lines:
        key, _, value = line.rstrip("\r").partition(":")
        if not key and not value:
            continue
        if not records or key in records[-1]:
            records.append({})
        records[-1][key] = value
    return tuple(records)


def whole_number(text: str | None) -> int | None:
    """Return a size as emulators write it, decimal or `$hex`; `None` if there is none or it is not a number."""
    if text is None or len(text) > 16:
        return None
    try:
        value = int(text[1:], 16) if text.startswith("$") else int(text)
    except ValueError:
        return None
    return value if value >= 0 else None
