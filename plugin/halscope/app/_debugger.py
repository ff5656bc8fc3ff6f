"""What a debugger sees of a game, beyond touches: who calls the decoder, DMA to VRAM, code that fills its buffers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, Protocol, runtime_checkable

from halscope_hooks import Decoder

from halscope.rom.mapping import snes_text
from halscope.rom.tracing import FilledBuffer, Passage, Passages

_MOST_LISTED: Final = 8


class Call(Protocol):
    """A call of a decoder."""

    @property
    def codec(self) -> str:
        """Name of the decoder's codec."""

    @property
    def rom_offset(self) -> int | None:
        """File offset of the stream; `None` if it is not in the ROM."""

    @property
    def caller(self) -> int | None:
        """24-bit address of the call instruction; `None` if there was none."""


class Dma(Protocol):
    """DMA to VRAM."""

    @property
    def frame(self) -> int:
        """The host's frame number."""

    @property
    def source(self) -> int:
        """24-bit address."""

    @property
    def vram_word(self) -> int:
        """Word address in VRAM."""

    @property
    def size(self) -> int:
        """Bytes."""


class Writer(Protocol):
    """Code that writes a buffer of DMA."""

    @property
    def address(self) -> int:
        """24-bit address of its program counter."""

    @property
    def first(self) -> int:
        """Offset of the buffer in WRAM."""

    @property
    def last(self) -> int:
        """Offset of its last byte."""


@runtime_checkable
class DecoderTracing(Protocol):
    """A tracing host that can watch the game's decoders: each call is a touch of the stream's first byte."""

    def trace(self, decoders: Sequence[Decoder], *, transfers: bool = True) -> None:
        """Watch these decoders, and with `transfers` DMA to VRAM and what fills its buffers. Raises HostError."""

    def take_calls(self) -> Sequence[Call]:
        """Return the decoders' calls since the last time."""

    def take_transfers(self) -> Sequence[Dma]:
        """Return the DMA to VRAM since the last time."""

    def take_writers(self) -> Sequence[Writer]:
        """Return the code that was seen filling buffers of DMA since the last time."""


class Seen(NamedTuple):
    """What a debugger has seen."""

    calls: Sequence[Call]
    transfers: Sequence[Dma]
    writers: Sequence[Writer]

    def join(self, passages: Passages) -> None:
        """Add it to the passages."""
        for call in self.calls:
            if call.rom_offset is not None:
                passages.called(call.codec, call.rom_offset, call.caller)
        for dma in self.transfers:
            passages.transferred(dma.frame, dma.source, dma.vram_word, dma.size)
        for writer in self.writers:
            passages.written(writer.address, writer.first, writer.last)


def take_seen(debugger: DecoderTracing) -> Seen:
    """Return what was seen since the last time. Call it on the host's thread."""
    return Seen(debugger.take_calls(), debugger.take_transfers(), debugger.take_writers())


def filled_line(filled: FilledBuffer) -> str:
    """Return a line about code that fills a buffer: where no decoder is known, it leads to one."""
    return (
        f"code at {snes_text(filled.writer)} writes {snes_text(filled.first)} to {snes_text(filled.last)}, from where "
        "DMA takes it to VRAM"
    )


def passage_lines(passages: Iterable[Passage]) -> list[str]:
    """Return lines about how blocks came to VRAM: the decoder's callers, and the buffers."""
    callers: Counter[int] = Counter()
    buffers: Counter[int] = Counter()
    for one in passages:
        callers.update(one.callers)
        buffers.update(one.buffers)
    lines = []
    if callers:
        lines.append(f"the decoder was called from {_counted(callers)}")
    if buffers:
        lines.append(f"unpacked blocks were staged at {_counted(buffers)}, from where DMA took them to VRAM")
    return lines


def _counted(addresses: Counter[int]) -> str:
    """List addresses with their numbers of blocks, the most frequent first."""
    most = sorted(addresses.items(), key=lambda item: (-item[1], item[0]))
    texts = [f"{snes_text(address)} ({count} block{'s' * (count != 1)})" for address, count in most[:_MOST_LISTED]]
    return ", ".join(texts) + (f" and {len(most) - _MOST_LISTED} more" if len(most) > _MOST_LISTED else "")
