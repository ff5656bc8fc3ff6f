"""Touches in a recording: chunks between those of the frames."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Final

import numpy as np
from halscope_hooks import FormatError, Touched, UsageError

from halscope.formats.recording._file import CHUNK, chunk_crc
from halscope.formats.recording._frames import inflate

TAG: Final = b"TUCH"
MOST_TOUCHES: Final = 1 << 16  # in a chunk
_MOST_NAMES: Final = 1 << 12  # bytes of the codecs' names
_MOST_CODECS: Final = 0xFF
_ROW: Final = 4 + 4 + 4 + 1  # bytes of a touch: frame, offset, distance from the page's beginning, codec
_NO_PAGE: Final = 0xFFFFFFFF
_MOST: Final = MOST_TOUCHES * _ROW + _MOST_NAMES


def pack_touches(touches: Sequence[Touched]) -> bytes:
    """Return a chunk of touches. Raises UsageError if there are too many, or a value does not fit."""
    codecs = list(dict.fromkeys(touch.codec for touch in touches))
    names = "\0".join(codecs).encode()
    first = touches[0].frame if touches else 0
    if len(touches) > MOST_TOUCHES or len(codecs) > _MOST_CODECS or len(names) > _MOST_NAMES:
        raise UsageError(f"{len(touches)} touches of {len(codecs)} codecs are too many for a recording")
    numbers = {codec: number for number, codec in enumerate(codecs)}
    try:
        columns = (
            np.array([touch.frame - first for touch in touches], "<i4"),
            np.array([touch.rom_offset for touch in touches], "<u4"),
            np.array([_NO_PAGE if one.page is None else one.rom_offset - one.page for one in touches], "<u4"),
            np.array([numbers[touch.codec] for touch in touches], np.uint8),
        )
    except OverflowError as error:
        raise UsageError(f"a recording cannot hold a touch: {error}") from error
    payload = zlib.compress(b"".join(column.tobytes() for column in columns) + names, 1)
    head = CHUNK.pack(TAG, 0, len(payload), len(touches), first, 0)
    return head[:-4] + chunk_crc(head, payload).to_bytes(4, "little") + payload


def unpack_touches(count: int, first: int, payload: bytes) -> list[Touched]:
    """Reverse of `pack_touches`. Raises FormatError.

    Args:
        count: Number of touches.
        first: Number of the frame of the first one.
        payload: The packed touches.
    """
    if count > MOST_TOUCHES:
        raise FormatError(f"{count} touches in a chunk, expected {MOST_TOUCHES} at most")
    data = inflate(payload, _MOST, count * _ROW)
    frames = np.frombuffer(data, "<i4", count)
    offsets = np.frombuffer(data, "<u4", count, 4 * count)
    leads = np.frombuffer(data, "<u4", count, 8 * count)
    numbers = np.frombuffer(data, np.uint8, count, 12 * count)
    try:
        codecs = data[count * _ROW :].decode().split("\0")
    except UnicodeDecodeError as error:
        raise FormatError(f"the name of a codec is not text: {error}") from error
    if count and int(numbers.max()) >= len(codecs):
        raise FormatError(f"a touch is of codec {int(numbers.max())}, but {len(codecs)} are named")
    rows = zip(frames.tolist(), offsets.tolist(), leads.tolist(), numbers.tolist(), strict=True)
    return [
        Touched(first + frame, offset, None if lead == _NO_PAGE else offset - lead, codecs[number])
        for frame, offset, lead, number in rows
    ]


def touches_length(head: bytes) -> int | None:
    """Return the length of the chunk with this header, or `None` if it is not a chunk of touches."""
    if len(head) < CHUNK.size or not head.startswith(TAG):
        return None
    _, _, length, _, _, _ = CHUNK.unpack(head)
    return CHUNK.size + int(length)


def parse_touches(data: bytes) -> list[Touched]:
    """Return the touches of a whole chunk. Raises FormatError."""
    head, payload = data[: CHUNK.size], data[CHUNK.size :]
    _, kind, length, count, first, crc = CHUNK.unpack(head)
    if kind != 0 or len(payload) != length or chunk_crc(head, payload) != crc:
        raise FormatError("the touches are damaged or truncated")
    return unpack_touches(count, first, payload)
