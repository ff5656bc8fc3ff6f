"""Containers of savestates: what emulators wrap around a core's state, taken off layer by layer.

- gzip, zlib and Zstandard files. snes9x writes freeze files as gzip.
- RetroArch's `RASTATE` (since 1.9.1): the magic, a version byte (1), then blocks: four letters, size (u32,
  little-endian), data padded to 8 bytes. `MEM ` is the core's state, `END ` the last block.
- RetroArch's `RZIP` ("savestate compression"): `#RZIPv`, a version byte, `#`, chunk size (u32), total size (u64), then
  chunks: compressed size (u32) and data. Version 1 holds zlib data, version 2 Zstandard.

A file is untrusted: every size is checked, and no more than `MOST_BYTES` are unpacked.
"""

from __future__ import annotations

import zlib
from typing import Final

from halscope_hooks import FormatError

MOST_BYTES: Final = 16 << 20
"""Largest state in bytes, packed or not. Cores write 0.2 to 2 MiB."""

_MOST_LAYERS: Final = 4
"""RetroArch nests two; no file needs more, and each may unpack to `MOST_BYTES`."""

_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_RASTATE: Final = b"RASTATE"
_RZIP: Final = b"#RZIPv"
_RZIP_HEADER: Final = 20
_BLOCK_HEADER: Final = 8


def unwrap(data: bytes) -> bytes:
    """Return the state inside a file: the bytes that the emulator's core wrote. A file without a container is returned
    as it is.

    Raises:
        FormatError: A container is damaged, truncated or too large, or it needs the package zstandard.
    """
    for _ in range(_MOST_LAYERS):
        inner = _layer(data)
        if inner is None:
            return data
        data = inner
    raise FormatError(f"savestate: more than {_MOST_LAYERS} containers inside one another; the file is damaged")


def _layer(data: bytes) -> bytes | None:
    """Take off one container. Return `None` if there is none."""
    if data.startswith(_RZIP):
        return _rzip(data)
    if data.startswith(_RASTATE):
        return _rastate(data)
    if data.startswith(_GZIP):
        return _inflate(data, 31, MOST_BYTES, "gzip")
    if data.startswith(_ZSTD):
        return _unpack_zstd(data, MOST_BYTES)
    return _inflate(data, 15, MOST_BYTES, "zlib") if _is_zlib(data) else None


def _is_zlib(data: bytes) -> bool:
    """Whether it begins with a zlib header (RFC 1950): deflate, a window of 32 KiB, no dictionary, check bits."""
    return len(data) > 2 and data[0] == 0x78 and data[1] & 0x20 == 0 and int.from_bytes(data[:2], "big") % 31 == 0


def _rastate(data: bytes) -> bytes:
    at = len(_RASTATE) + 1
    while at + _BLOCK_HEADER <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        at += _BLOCK_HEADER
        if name == b"END ":
            break
        if at + size > len(data):
            raise FormatError(
                f"RetroArch state: block {name!r} at offset {at - _BLOCK_HEADER:#x} has {size} bytes, "
                f"{at + size - len(data)} more than the file; the file is truncated"
            )
        if name == b"MEM ":
            return data[at : at + size]
        at += -(-size // 8) * 8
    raise FormatError("RetroArch state: there is no MEM block, so it holds no core's state; the file is damaged")


def _rzip(data: bytes) -> bytes:
    if len(data) < _RZIP_HEADER or data[7:8] != b"#":
        raise FormatError("RetroArch state: its RZIP header is truncated or damaged")
    chunk_size, total = int.from_bytes(data[8:12], "little"), int.from_bytes(data[12:20], "little")
    if total > MOST_BYTES or not 0 < chunk_size <= MOST_BYTES:
        raise FormatError(
            f"RetroArch state: its RZIP header claims {total} bytes in chunks of {chunk_size}; no state has more than "
            f"{MOST_BYTES}"
        )
    state = bytearray()
    at = _RZIP_HEADER
    while len(state) < total:
        if at + 4 > len(data):
            raise FormatError(f"RetroArch state: it ends after {len(state)} of {total} bytes; the file is truncated")
        size = int.from_bytes(data[at : at + 4], "little")
        chunk = data[at + 4 : at + 4 + size]
        wanted = min(chunk_size, total - len(state))
        unpacked = _unpack_zstd(chunk, wanted) if chunk.startswith(_ZSTD) else _inflate(chunk, 15, wanted, "RZIP")
        if len(chunk) < size or len(unpacked) != wanted:
            raise FormatError(
                f"RetroArch state: the chunk at offset {at:#x} unpacks to {len(unpacked)} bytes, expected {wanted}; "
                "the file is damaged"
            )
        state += unpacked
        at += 4 + size
    return bytes(state)


def _inflate(data: bytes, window: int, most: int, what: str) -> bytes:
    unpacker = zlib.decompressobj(window)
    try:
        unpacked = unpacker.decompress(data, most + 1)
    except zlib.error as error:
        raise FormatError(f"savestate: its {what} data is damaged: {error}") from error
    if len(unpacked) > most:
        raise FormatError(f"savestate: its {what} data unpacks to more than {most} bytes, which no state does")
    if not unpacker.eof:
        raise FormatError(f"savestate: its {what} data ends early; the file is truncated")
    return unpacked


def _unpack_zstd(data: bytes, most: int) -> bytes:
    try:
        import zstandard
    except ImportError:
        raise FormatError(
            "savestate: it is compressed with Zstandard; reading it needs a package: pip install zstandard (the extra "
            "halscope[states])"
        ) from None
    unpacker = zstandard.ZstdDecompressor(max_window_size=MOST_BYTES)
    try:
        with unpacker.stream_reader(data) as reader:  # reads no more than it is asked for, whatever the data claims
            size = len(reader.read(most + 1))
        if size > most:
            raise FormatError(f"savestate: its Zstandard data unpacks to more than {most} bytes, which no state does")
        whole = unpacker.decompressobj()  # knows whether the data ended
        unpacked = whole.decompress(data)
    except zstandard.ZstdError as error:
        raise FormatError(f"savestate: its Zstandard data is damaged: {error}") from error
    if not whole.eof:
        raise FormatError("savestate: its Zstandard data ends early; the file is truncated")
    return unpacked
