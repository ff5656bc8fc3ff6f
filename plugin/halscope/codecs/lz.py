"""Nintendo's LC_LZ1 and LC_LZ2 formats (Zelda 3, Super Mario World): decode, encode, scan, and the codecs as values."""

from __future__ import annotations

from collections.abc import Buffer
from typing import Any, Final, Literal

from halscope_hooks import Block, CancelSignal, CodecError
from numpy.typing import NDArray

from halscope.codecs._native import Effort, NativeCodec

Format = Literal["lz1", "lz2"]
"""The two differ only in the byte order of references: low byte first (lz1) or high byte first (lz2)."""


class LzError(CodecError):
    """An LC_LZ1 or LC_LZ2 stream cannot be decoded or encoded.

    Args:
        reason: What is wrong there.
        offset: When decoding, the input offset of the faulty command (the requested offset if that is outside the
            input); when encoding, the offset in the data at which the limit is exceeded.
    """


LZ1: Final = NativeCodec("lz1", LzError)
LZ2: Final = NativeCodec("lz2", LzError)


def decode(data: Buffer, offset: int = 0, *, format: Format = "lz2", strict: bool = True) -> Block:  # noqa: A002
    """Decode the stream at `offset`. The input is not copied, and the GIL is released.

    Args:
        data: Any C-contiguous buffer of bytes, such as a whole ROM.
        offset: Byte offset of the stream.
        format: "lz1" or "lz2".
        strict: If true, every reference must lie within the output written so far, and commands 5 to 7 are rejected. If
            false, accept what the games' decoders accept: commands 5 to 7 are copies too, a copy only has to stay
            within the 64 KiB of output, and unwritten output reads as zero.

    Returns:
        The block. `data` is uint8[size] with 0 to 65,536 bytes (0 for a lone terminator); `consumed` includes the
        terminator.

    Raises:
        LzError: Not a valid stream: it is truncated, has a command that no packer writes or a reference past the
            output, or has more than 65,536 bytes of input or output; or `offset` is outside the input.
        TypeError: `data` is not a contiguous buffer of bytes, or `offset` is not an integer.
        ValueError: `format` is not one of the two words.
    """
    return _codec_of(format).decode(data, offset, strict=strict)


def encode(
    data: Buffer,
    *,
    format: Format = "lz2",  # noqa: A002
    effort: Effort = "optimal",
    cancel: CancelSignal | None = None,
) -> bytes:
    """Pack data into one stream that `decode` accepts in strict mode. The GIL is released.

    Args:
        data: Any C-contiguous buffer of 0 to 65,536 bytes. Empty data gives the lone terminator FF.
        format: "lz1" or "lz2". Both produce streams of the same length.
        effort: "optimal" produces the smallest possible stream; "fast" produces a slightly larger one (a few percent)
            several times faster.
        cancel: A session's token or a native one. It is polled every millisecond.

    Raises:
        CancelledError: `cancel` was cancelled.
        LzError: There are more than 65,536 bytes, or the packed stream would exceed 64 KiB (random data of nearly that
            size).
        TypeError: `data` is not a contiguous buffer of bytes.
        ValueError: `format` or `effort` is not one of its two words.
    """
    return _codec_of(format).encode(data, effort=effort, cancel=cancel)


def scan(
    rom: Buffer,
    *,
    window: int = 0,
    format: Format = "lz2",  # noqa: A002
    strict: bool = True,
    cancel: CancelSignal | None = None,
) -> NDArray[Any]:
    """Find every offset of a stream with at least one byte of output. The GIL is released.

    Args:
        rom: The headerless image, any C-contiguous buffer of bytes.
        window: Streams must not cross a multiple of this many bytes (0x8000 for LoROM); 0 means no limit.
        format: "lz1" or "lz2".
        strict: See `decode`.
        cancel: See `encode`. The scan ends within a millisecond.

    Returns:
        Structured array (offset uint32, packed_size uint32 including the terminator, size uint32), ascending by offset.
        These are exactly the offsets that `decode` accepts, except lone terminators and streams that cross an edge.

    Raises:
        CancelledError: `cancel` was cancelled.
        TypeError: `rom` is not a contiguous buffer of bytes.
        ValueError: `window` is negative, `format` is not one of the two words, or the ROM is 4 GiB or larger.
    """
    return _codec_of(format).scan(rom, window=window, strict=strict, cancel=cancel)


def _codec_of(name: str) -> NativeCodec:
    match name:
        case "lz1":
            return LZ1
        case "lz2":
            return LZ2
        case _:
            raise ValueError(f"format must be 'lz1' or 'lz2', not {name!r}")
