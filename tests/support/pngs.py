"""PNG files as other programs write them: any depth, colour type and interlacing, written from the specification."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, INDEXED, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def header(width: int, height: int, depth: int = 8, colour_type: int = RGB, interlaced: bool = False) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, interlaced))


def make_png(
    samples: NDArray[np.integer],
    colour_type: int,
    depth: int = 8,
    *,
    interlaced: bool = False,
    palette: NDArray[np.uint8] | None = None,
    transparency: bytes = b"",
    extra: Sequence[bytes] = (),
) -> bytes:
    """`samples`: [height, width, samples per pixel], in the depth's range; `extra`: chunks inserted before IDAT."""
    height, width, _ = samples.shape
    passes = ADAM7 if interlaced else ((0, 0, 1, 1),)
    data = b""
    for left, top, step_x, step_y in passes:
        for row in samples[top::step_y, left::step_x] if left < width else ():
            data += b"\0" + _packed(row.reshape(-1), depth)
    chunks = [header(width, height, depth, colour_type, interlaced)]
    if palette is not None:
        chunks.append(chunk(b"PLTE", palette.astype(np.uint8).tobytes()))
    if transparency:
        chunks.append(chunk(b"tRNS", transparency))
    return SIGNATURE + b"".join([*chunks, *extra, chunk(b"IDAT", zlib.compress(data)), chunk(b"IEND", b"")])


def chunks_of(data: bytes) -> list[tuple[bytes, bytes]]:
    """Type and data of every chunk."""
    found, at = [], len(SIGNATURE)
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        found.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    return found


def with_chunks(data: bytes, keep: Sequence[tuple[bytes, bytes]]) -> bytes:
    """A file with these chunks."""
    return SIGNATURE + b"".join(chunk(kind, body) for kind, body in keep)


def without_text(data: bytes) -> bytes:
    """The same picture without text chunks, as many editors save it."""
    return with_chunks(
        data, [(kind, body) for kind, body in chunks_of(data) if kind not in (b"iTXt", b"tEXt", b"zTXt")]
    )


def _packed(row: NDArray[np.integer], depth: int) -> bytes:
    if depth == 16:
        return row.astype(">u2").tobytes()
    if depth == 8:
        return row.astype(np.uint8).tobytes()
    bits = (row[:, None] >> np.arange(depth - 1, -1, -1)) & 1
    return np.packbits(bits.reshape(-1).astype(np.uint8)).tobytes()
