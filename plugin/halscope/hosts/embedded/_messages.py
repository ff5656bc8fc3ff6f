"""Messages between the two processes: a pickle in a pipe, whose arrays may lie in shared memory."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Buffer, Callable
from mmap import mmap
from typing import Any, Final

_HEAD: Final = struct.Struct("<II")  # bytes that follow, number of buffers in the shared memory
_SIZE: Final = struct.Struct("<Q")
_ALIGNMENT: Final = 64  # of each buffer in the shared memory: a cache line


def pack(value: object, shared: mmap | None = None) -> bytes:
    """Return a value as a message. Arrays are copied into `shared` if they fit there, else into the message."""
    buffers: list[pickle.PickleBuffer] = []
    body = pickle.dumps(value, 5, buffer_callback=None if shared is None else buffers.append)
    views = [buffer.raw() for buffer in buffers]
    sizes = [view.nbytes for view in views]
    places, end = _places(sizes)
    if shared is None or end > len(shared):
        body, sizes = pickle.dumps(value, 5), []
    else:
        for view, at in zip(views, places, strict=True):
            shared[at : at + view.nbytes] = view
    body = b"".join(map(_SIZE.pack, sizes)) + body
    return _HEAD.pack(len(body), len(sizes)) + body


def unpack(message: Buffer, shared: mmap | None = None) -> Any | None:
    """Return the value of a message, or `None` if its end has not arrived. Its arrays are private and read-only.

    The two processes are one program: messages are trusted as the core's own code is.
    """
    data = memoryview(message)
    if len(data) < _HEAD.size:
        return None
    length, count = _HEAD.unpack_from(data)
    body = data[_HEAD.size : _HEAD.size + length]
    if len(body) < length:
        return None
    sizes = [_SIZE.unpack_from(body, _SIZE.size * n)[0] for n in range(count)]
    places, end = _places(sizes)
    private = memoryview(
        b"" if shared is None else shared[:end]
    )  # one copy of all arrays: the next reply replaces them
    buffers = [private[at : at + size] for at, size in zip(places, sizes, strict=True)]
    return pickle.loads(body[_SIZE.size * count :], buffers=buffers)  # noqa: S301 - see above


def receive(read: Callable[[int], bytes]) -> Any | None:
    """Wait for a message without arrays in shared memory and return its value; `None` at the end of the pipe.

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


def _places(sizes: list[int]) -> tuple[list[int], int]:
    """Return the offset of each buffer in the shared memory, and the end of the last one."""
    places, end = [], 0
    for size in sizes:
        at = -(-end // _ALIGNMENT) * _ALIGNMENT
        places.append(at)
        end = at + size
    return places, end
