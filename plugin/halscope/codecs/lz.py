"""Nintendo's LC_LZ1 and LC_LZ2 (Zelda 3, Super Mario World): decode, encode, scan, and the codecs as values."""

from __future__ import annotations

from collections.abc import Buffer
from typing import Any, Final, Literal

from halscope_hooks import Block, CancelSignal, CodecError
from numpy.typing import NDArray

from halscope.codecs._native import Effort, NativeCodec

Format = Literal["lz1", "lz2"]
"""The two differ in their references alone: low byte first, or high byte first."""


class LzError(CodecError):
    """An LC_LZ1 or LC_LZ2 stream cannot be read or written.

    Args:
        offset: For decoding, the input offset of the command at fault (the offset asked for, if that lies outside the
            input); for encoding, the offset in the data where the limit is passed.
        reason: What is wrong there.
    """


LZ1: Final = NativeCodec("lz1", LzError)
LZ2: Final = NativeCodec("lz2", LzError)


def decode(data: Buffer, offset: int = 0, *, format: Format = "lz2", strict: bool = True) -> Block:  # noqa: A002
    """Decode the stream that begins at `offset`. The input is not copied, and the GIL is released.

    Args:
        data: Any C-contiguous buffer of bytes, a whole ROM too.
        offset: Where the stream begins, in bytes.
        format: "lz1" or "lz2".
        strict: Every reference must lie inside output that is already written, and commands 5 to 7 are refused. False:
            what the games' decoders take; 5 to 7 are copies too, a copy only has to stay inside the 64 KiB of output,
            and unwritten output reads as zero.

    Returns:
        The block; `data` is uint8[size] with 0 to 65,536 bytes (0: a lone terminator), `consumed` counts the
        terminator.

    Raises:
        LzError: This is no such stream: truncated, a command that no packer writes, a reference past the output, more
            than 65,536 bytes of input or output, or an offset outside the input.
        TypeError: `data` is no buffer, not contiguous, or its items are not bytes; `offset` is no integer.
        ValueError: `format` is another word.
    """
    return _codec_of(format).decode(data, offset, strict=strict)


def encode(
    data: Buffer,
    *,
    format: Format = "lz2",  # noqa: A002
    effort: Effort = "optimal",
    cancel: CancelSignal | None = None,
) -> bytes:
    """Pack data into one stream, which `decode` takes strictly. The GIL is released.

    Args:
        data: Any C-contiguous buffer of 0 to 65,536 bytes; none gives the lone terminator FF.
        format: "lz1" or "lz2". The two streams of one input are equally long.
        effort: "optimal" gives the smallest stream that exists; "fast" one a few percent larger, several times as
            quickly.
        cancel: A session's token, or a native one: looked at every millisecond; once it is cancelled, the call ends.

    Raises:
        CancelledError: `cancel` was cancelled.
        LzError: More than 65,536 bytes, or the packed stream would pass 64 KiB (random data of nearly that size).
        TypeError: `data` is no buffer, not contiguous, or its items are not bytes.
        ValueError: `format` or `effort` is another word.
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
    """Find every offset at which a stream with at least one byte of output begins. The GIL is released.

    Args:
        rom: The headerless image, any C-contiguous buffer of bytes.
        window: A stream may not cross a multiple of this many bytes (0x8000 for LoROM); 0: no such limit.
        format: "lz1" or "lz2".
        strict: As in `decode`.
        cancel: As for `encode`; the scan ends within a millisecond.

    Returns:
        Structured array (offset uint32, packed_size uint32 with the terminator, size uint32), ascending by offset.
        `decode` takes exactly these offsets, except those of lone terminators and of streams that cross an edge.

    Raises:
        CancelledError: `cancel` was cancelled.
        TypeError: `rom` is no buffer, not contiguous, or its items are not bytes.
        ValueError: `window` is negative, `format` is another word, or the ROM is 4 GiB or larger.
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
