"""What the script observes on request: the decoder's calls, DMA to VRAM, reads of the ROM, writers of buffers."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from halscope_hooks import Decoder, HostError, HostGoneError, Touched

_EVENT: Final = struct.Struct("<cIIII")
_NOWHERE: Final = 0xFFFFFFFF
_MOST: Final = 32  # of ranges and of decoders: Mesen looks at each callback at every access
_MOST_KEPT: Final = 4096  # events that nobody takes


@dataclass(frozen=True, slots=True)
class DecoderCall:
    """A call of the game's decoder.

    Args:
        frame: The host's frame number.
        caller: 24-bit address of the JSL or JSR, or `None` if it was called in another way.
        stream: 24-bit address of the stream.
        rom_offset: File offset of the stream in the headerless image, or `None` if it is not in the ROM.
        codec: Name of the codec of the decoder that was called.
    """

    frame: int
    caller: int | None
    stream: int
    rom_offset: int | None
    codec: str = ""


@dataclass(frozen=True, slots=True)
class Transfer:
    """DMA to VRAM.

    Args:
        frame: The host's frame number.
        source: 24-bit address of the first byte.
        vram_word: Word address in VRAM.
        size: Bytes.
    """

    frame: int
    source: int
    vram_word: int
    size: int


@dataclass(frozen=True, slots=True)
class BufferWriter:
    """Code that writes a buffer in WRAM from which DMA brings data to VRAM.

    Args:
        frame: The host's frame number.
        address: 24-bit address of the processor's program counter at a write; the instruction may end there.
        first: Offset of the buffer in WRAM.
        last: Offset of its last byte.
    """

    frame: int
    address: int
    first: int
    last: int


class Observations:
    """Collects what the script has observed until it is taken."""

    def __init__(self) -> None:
        self.codecs: tuple[str, ...] = ()
        """Codecs of the decoders that are watched, in the order of the request."""
        self.touches: deque[Touched] = deque(maxlen=_MOST_KEPT)
        self.calls: deque[DecoderCall] = deque(maxlen=_MOST_KEPT)
        self.transfers: deque[Transfer] = deque(maxlen=_MOST_KEPT)
        self.writers: deque[BufferWriter] = deque(maxlen=_MOST_KEPT)

    def take(self, payload: bytes) -> None:
        """Add the events of a message. Raises HostGoneError if it is not one."""
        if len(payload) % _EVENT.size:
            raise HostGoneError("a message from Mesen ends too early")
        for kind, frame, first, second, third in _EVENT.iter_unpack(payload):
            match kind:
                case b"C":
                    offset = None if third == _NOWHERE else third
                    caller, stream = None if first == _NOWHERE else first, second & 0xFFFFFF
                    number = second >> 24
                    codec = self.codecs[number] if number < len(self.codecs) else ""
                    self.calls.append(DecoderCall(frame, caller, stream, offset, codec))
                    if offset is not None and codec:
                        self.touches.append(Touched(frame, offset, codec=codec))
                case b"D":
                    self.transfers.append(Transfer(frame, first, second, third))
                case b"B":
                    self.writers.append(BufferWriter(frame, first, second, third))
                case b"R":
                    self.touches.append(Touched(frame, first, page=second))
                case _:
                    raise HostGoneError(f"Mesen sent an event of an unknown kind ({kind!r})")


def known_decoders(decoders: Sequence[Decoder]) -> Sequence[Decoder]:
    """Return the decoders whose calls can be watched: it is known where they take their pointer from."""
    return [one for one in decoders if one.pointer is not None]


def pack_request(decoders: Sequence[Decoder], ranges: Sequence[tuple[int, int]], *, transfers: bool) -> bytes:
    """Return the message that asks for tracing.

    Args:
        decoders: The game's decoders; those without a known `pointer` are left out.
        ranges: File offsets, end exclusive.
        transfers: Whether DMA and the writers of its buffers are observed.

    Raises:
        HostError: There are too many, or a range is empty or negative.
    """
    known = [(one.snes_address, one.pointer) for one in known_decoders(decoders) if one.pointer is not None]
    if len(known) > _MOST or len(ranges) > _MOST:
        raise HostError(f"{len(known)} decoders and {len(ranges)} ranges; Mesen can watch {_MOST} of each")
    parts = [struct.pack("<BB", transfers, len(known))]
    for address, pointer in known:
        places = (pointer.address.encode(), pointer.bank.encode())
        parts += [struct.pack("<I", address), *(bytes([len(place)]) + place for place in places)]
    parts.append(bytes([len(ranges)]))
    for low, high in ranges:
        if not 0 <= low < high <= 1 << 31:
            raise HostError(f"{low:#x} to {high:#x} is not a range of file offsets")
        parts.append(struct.pack("<II", low, high))
    return b"".join(parts)
