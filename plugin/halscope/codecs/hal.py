"""HAL Laboratory's compression: decode, encode, scan, and the codec as a value."""

from __future__ import annotations

from collections.abc import Buffer
from typing import Any, Final

from halscope_hooks import Block, CancelSignal, CodecError
from numpy.typing import NDArray

from halscope.codecs._native import Effort, NativeCodec


class HalError(CodecError):
    """A HAL stream cannot be read or written.

    Args:
        offset: For decoding, the input offset of the command at fault (the offset asked for, if that lies outside the
            input); for encoding, the offset in the data where the limit is passed.
        reason: What is wrong there.
    """


HAL: Final = NativeCodec("hal", HalError)
_decode: Final = HAL.handle.decode


def decode(data: Buffer, offset: int = 0, *, strict: bool = True) -> Block:
    """Decode the stream that begins at `offset`. The input is not copied, and the GIL is released.

    Args:
        data: Any C-contiguous buffer of bytes, a whole ROM too.
        offset: Where the stream begins, in bytes.
        strict: Every reference must lie inside output that is already written. False: what the widely used C tool
            takes; a copy only has to stay inside the 64 KiB of output, and unwritten output reads as zero.

    Returns:
        The block; `data` is uint8[size] with 0 to 65,536 bytes (0: a lone terminator), `consumed` counts the
        terminator.

    Raises:
        HalError: This is no HAL stream: truncated, a reference past the output, more than 65,536 bytes of input or
            output, or an offset outside the input.
        TypeError: `data` is no buffer, not contiguous, or its items are not bytes; `offset` is no integer.
    """
    block = _decode(data, offset, strict)
    if isinstance(block, tuple):
        raise HalError(*block)
    return block


def encode(data: Buffer, *, effort: Effort = "optimal", cancel: CancelSignal | None = None) -> bytes:
    """Pack data into one stream, which `decode` takes strictly. The GIL is released.

    Args:
        data: Any C-contiguous buffer of 0 to 65,536 bytes; none gives the lone terminator FF.
        effort: "optimal" gives the smallest stream that exists; "fast" one a few percent larger, several times as
            quickly.
        cancel: A session's token, or a native one: looked at every millisecond; once it is cancelled, the call ends.

    Raises:
        CancelledError: `cancel` was cancelled.
        HalError: More than 65,536 bytes, or the packed stream would pass 64 KiB (random data of nearly that size).
        TypeError: `data` is no buffer, not contiguous, or its items are not bytes.
        ValueError: `effort` is another word.
    """
    return HAL.encode(data, effort=effort, cancel=cancel)


def scan(rom: Buffer, *, window: int = 0, strict: bool = True, cancel: CancelSignal | None = None) -> NDArray[Any]:
    """Find every offset at which a stream with at least one byte of output begins. The GIL is released.

    That it decodes proves little: dozens of offsets share an end, and one in ten of a ROM's offsets decodes strictly.

    Args:
        rom: The headerless image, any C-contiguous buffer of bytes.
        window: A stream may not cross a multiple of this many bytes (0x8000 for LoROM); 0: no such limit.
        strict: As in `decode`.
        cancel: As for `encode`; the scan ends within a millisecond.

    Returns:
        Structured array (offset uint32, packed_size uint32 with the terminator, size uint32), ascending by offset.
        `decode` takes exactly these offsets, except those of lone terminators and of streams that cross an edge.

    Raises:
        CancelledError: `cancel` was cancelled.
        TypeError: `rom` is no buffer, not contiguous, or its items are not bytes.
        ValueError: `window` is negative, or the ROM is 4 GiB or larger.
    """
    return HAL.scan(rom, window=window, strict=strict, cancel=cancel)
