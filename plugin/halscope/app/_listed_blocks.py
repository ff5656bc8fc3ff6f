"""Compressed blocks as they are listed, and what else a ROM or a file is asked for before it is searched."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from halscope_hooks import Block, Codec, CodecError, StartEvidence, UsageError

from halscope._files import read_limited
from halscope.rom.image import Rom

BARE_LIMIT: Final = 16 << 20
LISTED_SCORE: Final = 0.5
"""Least score of a listed block: from here on it is more likely than not that a block begins exactly there."""


@dataclass(frozen=True, slots=True)
class ListedBlock:
    """A compressed block as `halscope scan` lists it.

    Args:
        offset: File offset in the headerless image.
        packed_size: Bytes in the ROM, including the terminator.
        size: Decoded size in bytes.
        codec: The codec's name.
        score: 0 to 1, the estimated chance that a block begins exactly here; `None` if it was not estimated.
        start: Evidence for the start.
        crosses: File offset of the bank edge that it crosses, or `None`. It is a block only if the game's decoder reads
            on there.
        name: The label at its offset, or `None`.
    """

    offset: int
    packed_size: int
    size: int
    codec: str
    score: float | None
    start: StartEvidence
    crosses: int | None = None
    name: str | None = None


def to_rom_offset(rom: Rom, snes_address: int) -> int:
    """Return the file offset that a 24-bit SNES address maps to.

    Raises:
        UsageError: The address is not mapped to the ROM.
    """
    offset = rom.to_offset(snes_address)
    if offset is None:
        bank, address = divmod(snes_address, 0x10000)
        raise UsageError(f"${bank:02X}:{address:04X} is not mapped to {rom.name} ({rom.mapping.name} mapping)")
    return offset


def bare_stream(path: Path, codec: Codec) -> Block | None:
    """Decode a file that is one stream from its first byte to its last, as `halscope compress` writes it.

    Returns:
        The block, or `None` for any other file. A ROM image is never a single stream.
    """
    data = read_limited(path, BARE_LIMIT, "ROM, or file with a single stream")
    try:
        block = codec.decode(data)
    except CodecError:
        return None
    return block if block.consumed == len(data) else None
