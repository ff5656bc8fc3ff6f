"""HAL Laboratory's compression format: decode, encode, scan, and the codec as a value."""

from __future__ import annotations

from collections.abc import Buffer
from typing import TYPE_CHECKING, Any, Final

from halscope_hooks import Block, CancelSignal, CodecError
from numpy.typing import NDArray

from halscope.codecs._native import Effort, NativeCodec


class HalError(CodecError):
    """A HAL stream cannot be decoded or encoded.

    Args:
        reason: What is wrong there.
        offset: When decoding, the input offset of the faulty command (the requested offset if that is outside the
            input); when encoding, the offset in the data at which the limit is exceeded.
    """


HAL: Final = NativeCodec("hal", HalError)


def decode(data: Buffer, offset: int = 0, *, strict: bool = True) -> Block:
    """Decode the stream at `offset`. The input is not copied, and the GIL is released.

    Args:
        data: Any C-contiguous buffer of bytes, such as a whole ROM.
        offset: Byte offset of the stream.
        strict: If true, every reference must lie within the output written so far. If false, accept what the widely
            used C tool accepts: a copy only has to stay within the 64 KiB of output, and unwritten output reads as
            zero.

    Returns:
        The block. `data` is uint8[size] with 0 to 65,536 bytes (0 for a lone terminator); `consumed` includes the
        terminator.

    Raises:
        HalError: Not a valid HAL stream: it is truncated, has a reference past the output, or has more than 65,536
            bytes of input or output; or `offset` is outside the input.
        TypeError: `data` is not a contiguous buffer of bytes, or `offset` is not an integer.
    """
    return HAL.decode(data, offset, strict=strict)


if not TYPE_CHECKING:
    # The C++ function itself: a call of Python's around it would take as long as a small block.
    decode = HAL.handle.decoder(HalError, decode.__doc__)


def encode(data: Buffer, *, effort: Effort = "optimal", cancel: CancelSignal | None = None) -> bytes:
    """Pack data into one stream that `decode` accepts in strict mode. The GIL is released.

    Args:
        data: Any C-contiguous buffer of 0 to 65,536 bytes. Empty data gives the lone terminator FF.
        effort: "optimal" produces the smallest possible stream; "fast" produces a slightly larger one (a few percent)
            several times faster.
        cancel: A session's token or a native one. It is polled every millisecond.

    Raises:
        CancelledError: `cancel` was cancelled.
        HalError: There are more than 65,536 bytes, or the packed stream would exceed 64 KiB (random data of nearly that
            size).
        TypeError: `data` is not a contiguous buffer of bytes.
        ValueError: `effort` is not one of the two words.
    """
    return HAL.encode(data, effort=effort, cancel=cancel)


def scan(rom: Buffer, *, window: int = 0, strict: bool = True, cancel: CancelSignal | None = None) -> NDArray[Any]:
    """Find every offset of a stream with at least one byte of output. The GIL is released.

    A stream that decodes proves little: dozens of offsets share an end, and one in ten offsets of a ROM decodes in
    strict mode.

    Args:
        rom: The headerless image, any C-contiguous buffer of bytes.
        window: Streams must not cross a multiple of this many bytes (0x8000 for LoROM); 0 means no limit.
        strict: See `decode`.
        cancel: See `encode`. The scan ends within a millisecond.

    Returns:
        Structured array (offset uint32, packed_size uint32 including the terminator, size uint32), ascending by offset.
        These are exactly the offsets that `decode` accepts, except lone terminators and streams that cross an edge.

    Raises:
        CancelledError: `cancel` was cancelled.
        TypeError: `rom` is not a contiguous buffer of bytes.
        ValueError: `window` is negative, or the ROM is 4 GiB or larger.
    """
    return HAL.scan(rom, window=window, strict=strict, cancel=cancel)
