"""HAL Laboratory's compression: decode, encode, scan, and the codec as a value."""

from __future__ import annotations

from collections.abc import Buffer
from dataclasses import dataclass
from typing import Any, Final, Literal

from halscope_hooks import Block, Codec, CodecError
from numpy.typing import NDArray

import halscope._codec as _codec
from halscope._codec import CancelToken


class HalError(CodecError):
    """A HAL stream cannot be read or written.

    Args:
        offset: For decoding, the input offset of the command at fault (the offset asked for, if that lies outside the
            input); for encoding, the offset in the data where the limit is passed.
        reason: What is wrong there.
    """


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
    block = _codec.hal_decode(data, offset, strict)
    if isinstance(block, tuple):
        raise HalError(*block)
    return block


def encode(data: Buffer, *, effort: Literal["optimal", "fast"] = "optimal", cancel: CancelToken | None = None) -> bytes:
    """Pack data into one stream, which `decode` takes strictly. The GIL is released.

    Args:
        data: Any C-contiguous buffer of 0 to 65,536 bytes; none gives the lone terminator FF.
        effort: "optimal" gives the smallest stream that exists; "fast" one a few percent larger, several times as
            quickly.
        cancel: Looked at every millisecond; once it is raised, the call ends.

    Raises:
        CancelledError: `cancel` was raised.
        HalError: More than 65,536 bytes, or the packed stream would pass 64 KiB (random data of nearly that size).
        TypeError: `data` is no buffer, not contiguous, or its items are not bytes.
        ValueError: `effort` is another word.
    """
    if effort not in ("optimal", "fast"):
        raise ValueError(f"effort must be 'optimal' or 'fast', not {effort!r}")
    packed, position, reason = _codec.hal_encode(data, effort == "fast", cancel)
    if packed is None:
        raise HalError(position, reason)
    return packed


def scan(rom: Buffer, *, window: int = 0, strict: bool = True, cancel: CancelToken | None = None) -> NDArray[Any]:
    """Find every offset at which a stream with at least one byte of output begins. The GIL is released.

    That it decodes proves little: dozens of offsets share an end, and one in ten of a ROM's offsets decodes strictly.

    Args:
        rom: The headerless image, any C-contiguous buffer of bytes.
        window: A stream may not cross a multiple of this many bytes (0x8000 for LoROM); 0: no such limit.
        strict: As in `decode`.
        cancel: Once it is cancelled, from any thread, the scan ends within a millisecond.

    Returns:
        Structured array (offset uint32, packed_size uint32 with the terminator, size uint32), ascending by offset.
        `decode` takes exactly these offsets, except those of lone terminators and of streams that cross an edge.

    Raises:
        CancelledError: `cancel` was cancelled.
        TypeError: `rom` is no buffer, not contiguous, or its items are not bytes.
        ValueError: `window` is negative, or the ROM is 4 GiB or larger.
    """
    if window < 0:
        raise ValueError(f"window must be 0 or a number of bytes, not {window}")
    return _codec.hal_scan(rom, window, strict, 0, cancel)


@dataclass(frozen=True, slots=True)
class _HalCodec:
    """Strict decoding, minimal encoding and the scan as one value, for those who take any codec."""

    name: str = "hal"

    def decode(self, data: Buffer, offset: int = 0) -> Block:
        return decode(data, offset)

    def encode(self, data: Buffer) -> bytes:
        return encode(data)

    def scan(self, rom: Buffer, *, window: int = 0) -> NDArray[Any]:
        return scan(rom, window=window)


HAL: Final[Codec] = _HalCodec()
