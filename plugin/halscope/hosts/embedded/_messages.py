"""Messages between the two processes: pickles in a pipe."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Buffer, Callable
from typing import Any, Final

_HEAD: Final = struct.Struct("<I")  # bytes that follow


def pack(value: object) -> bytes:
    """Return a value as a message."""
    body = pickle.dumps(value, 5)
    return _HEAD.pack(len(body)) + body


def unpack(message: Buffer) -> Any | None:
    """Return the value of a message, or `None` if its end has not arrived.

    The two processes are one program: messages are trusted as the core's own code is.
    """
    data = memoryview(message)
    if len(data) < _HEAD.size:
        return None
    (length,) = _HEAD.unpack_from(data)
    body = data[_HEAD.size : _HEAD.size + length]
    return pickle.loads(body) if len(body) == length else None  # noqa: S301 - see above


def receive(read: Callable[[int], bytes]) -> Any | None:
    """Wait for a message and return its value; `None` at the end of the pipe.

    Args:
        read: Reads at most this many bytes; none at the end.
    """
    data = bytearray()
    wanted = _HEAD.size
    while len(data) < wanted:
        chunk = read(wanted - len(data))
        if not chunk:
            return None
        data += chunk
        if len(data) == _HEAD.size:
            wanted += _HEAD.unpack(data)[0]
    return unpack(data)
