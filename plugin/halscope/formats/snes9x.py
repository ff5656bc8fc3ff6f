"""snes9x's savestate: named blocks, some of which hold VRAM, WRAM, CGRAM, OAM and the registers.

The file is `#!s9xsnp:VVVV\\n` (VVVV: the version) and then blocks `NAM:LLLLLL:` + LLLLLL bytes; a block longer than
999999 bytes has the length `------` whose last four characters are a big-endian number instead. `VRA` is VRAM, `RAM`
is WRAM, `FIL` the console's register space as last written ($2100 is at 0x2100), `PPU` the emulator's own fields.
With an `SA1` block, `SRA` holds the SA-1's BW-RAM and `FIL` its IRAM, at 0x3000.
Write-twice registers are only in `PPU`. Versions 13 and 14 added MSU-1 fields, which are not read here. Versions 9 and
14 are verified on running cores.
"""

from __future__ import annotations

import re
from collections.abc import Buffer, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, final

import numpy as np
from halscope_hooks import (
    IRAM_BYTES,
    OAM_BYTES,
    VRAM_BYTES,
    WRAM_BYTES,
    CpuRegisters,
    FormatError,
    PpuRegisters,
)
from numpy.typing import NDArray

from halscope.formats import _snes9x_cpu, _snes9x_ppu
from halscope.formats._snes9x_ppu import Layout

MAGIC: Final = b"#!s9xsnp:"
OLDEST: Final = 6
NEWEST: Final = 14
_HEAD: Final = len(MAGIC) + 5
_HEADER: Final = 11  # bytes before each block
_FIL_BYTES: Final = 0x8000
_IRAM: Final = 0x3000  # in FIL
_BWRAM_BYTES: Final = 0x20000  # snes9x emulates no more; SRA is longer
_NO_NAMES: Final = ("Removed", "MemoryROM")  # what cores write that load the ROM from memory


class RegisterBytes(NamedTuple):
    """The bytes of a state that hold the registers. They are read when they are asked for, and equal ones once."""

    front: bytes
    back: bytes
    ports: bytes
    cpu_ports: bytes | None
    """`None` if the state has no register space."""
    dma: bytes

    @property
    def ppu(self) -> PpuRegisters:
        """The PPU's registers."""
        return _snes9x_ppu.registers(self.front, self.back, self.ports)

    @property
    def cpu(self) -> CpuRegisters | None:
        """The CPU's registers, or `None` if the state has none."""
        return None if self.cpu_ports is None else _snes9x_cpu.registers(self.cpu_ports, self.dma)


@dataclass(frozen=True, slots=True, eq=False)
class StateFields:
    """The video memory in a state. The arrays are copies unless requested otherwise.

    Args:
        version: Version of the state format.
        rom_name: File name of the ROM, as written by the emulator, or an empty string. libretro cores write none.
        vram: uint8[65536].
        cgram: uint16[256].
        oam: uint8[544].
        registers: The bytes of the registers; see `ppu` and `cpu`.
        wram: uint8[131072], or `None` if the state has no WRAM.
        field: The displayed field, 0 or 1, or `None` if the state has no `TIM` block.
        bwram: The SA-1's BW-RAM, uint8[131072], whatever the cartridge has of it; `None` without an SA-1.
        iram: The SA-1's IRAM, uint8[2048], or `None`.
    """

    version: int
    rom_name: str
    vram: NDArray[np.uint8]
    cgram: NDArray[np.uint16]
    oam: NDArray[np.uint8]
    registers: RegisterBytes
    wram: NDArray[np.uint8] | None
    field: int | None
    bwram: NDArray[np.uint8] | None = None
    iram: NDArray[np.uint8] | None = None

    @property
    def ppu(self) -> PpuRegisters:
        """The PPU's registers. Those that only the `FIL` block holds are `None` without it."""
        return self.registers.ppu

    @property
    def cpu(self) -> CpuRegisters | None:
        """The CPU's, or `None` without the `FIL` block; without channels if the `DMA` block is unknown."""
        return self.registers.cpu


def find_blocks(state: Buffer) -> tuple[int, dict[str, tuple[int, int]]]:
    """Return the version and the location of each block's bytes: name → (offset, length).

    Raises:
        FormatError: Not a snes9x state, a version before 6, or a block that runs past the end.
    """
    data = memoryview(state).cast("B")
    return _version(data), _by_name(_walk(data))


@final
class BlockFinder:
    """Finds the blocks of the states that one emulator saves: all but the first are mostly where they were before.

    Reading the headers one by one takes 0.1 ms, in each frame.
    """

    def __init__(self) -> None:
        self._heads: list[tuple[int, bytes]] = []  # offset and bytes of everything that `find_blocks` has read
        self._size = 0
        self._found: tuple[int, dict[str, tuple[int, int]]] = (0, {})

    def find(self, state: Buffer) -> tuple[int, dict[str, tuple[int, int]]]:
        """Return what `find_blocks` does, with its errors."""
        data = memoryview(state).cast("B")
        if len(data) != self._size or any(data[at : at + len(head)] != head for at, head in self._heads):
            self._size = 0  # until it is known that these can be read
            version, blocks = _version(data), list(_walk(data))
            ends = [_HEAD, *(at + length for _, at, length in blocks)]
            self._heads = [(0, bytes(data[:_HEAD])), *((at, bytes(data[at : at + _HEADER])) for at in ends)]
            self._found = version, _by_name(blocks)
            self._size = len(data)
        return self._found


def _version(data: memoryview) -> int:
    head = bytes(data[:_HEAD])
    if not head.startswith(MAGIC):
        raise FormatError(f"snes9x state: it begins with {head[:9]!r}, expected {MAGIC!r}")
    if not re.fullmatch(rb"\d{4}\n", head[len(MAGIC) :]):
        raise FormatError(f"snes9x state: the version {head[len(MAGIC) :]!r} is not a number")
    version = int(head[len(MAGIC) : -1])
    if version < OLDEST:
        raise FormatError(
            f"snes9x state: version {version} is too old, known are {OLDEST} to {NEWEST}; save it with a newer snes9x"
        )
    return version


def _walk(data: memoryview) -> Iterator[tuple[str, int, int]]:
    """Yield each block's name, and the offset and length of its bytes."""
    at = _HEAD
    while at + _HEADER <= len(data):
        header = bytes(data[at : at + _HEADER])
        if not any(header):
            break  # a core's buffer may be longer than its state; the rest is zeros
        match = re.fullmatch(rb"([A-Z0-9]{3}):(?:(\d{6})|--.{4}):", header, re.DOTALL)
        if match is None:
            raise FormatError(f"snes9x state: no block begins at offset {at:#x} ({header!r}); the file is damaged")
        length = int(match[2]) if match[2] is not None else int.from_bytes(header[6:10], "big")
        at += _HEADER
        if at + length > len(data):
            raise FormatError(
                f"snes9x state: block {match[1].decode()} at offset {at - _HEADER:#x} has {length} bytes, "
                f"{at + length - len(data)} more than the file; the file is truncated"
            )
        yield match[1].decode(), at, length
        at += length


def _by_name(blocks: Iterable[tuple[str, int, int]]) -> dict[str, tuple[int, int]]:
    """Return the first block of each name."""
    found: dict[str, tuple[int, int]] = {}
    for name, at, length in blocks:
        found.setdefault(name, (at, length))
    return found


def parse_state(
    state: Buffer,
    *,
    copy_memories: bool = True,
    known_vram: NDArray[np.uint8] | None = None,
    finder: BlockFinder | None = None,
) -> StateFields:
    """Parse an uncompressed state.

    A version after 14 is read if its blocks are as in version 14 or contain the fields at a place that can be proven.

    Args:
        state: The whole state.
        copy_memories: Whether to copy VRAM, WRAM and the SA-1's memories. If false, they are read-only views of
            `state`.
        known_vram: The emulator's VRAM, uint8[65536], if available: a version after 14 must contain it.
        finder: Finds its blocks, if earlier states of the same emulator were parsed with it.

    Raises:
        FormatError: It is not a snes9x state, has a version that cannot be read, is truncated, or a block is missing
            or has the wrong size.
    """
    version, blocks = find_blocks(state) if finder is None else finder.find(state)
    data = memoryview(state).cast("B")
    try:
        fields = _read(version, blocks, data, copy_memories)
        if version > NEWEST and known_vram is not None and not np.array_equal(fields.vram, known_vram):
            raise FormatError("snes9x state: the VRA block does not hold the emulator's VRAM")
    except FormatError as error:
        if version <= NEWEST:
            raise
        raise FormatError(f"{error}; {_too_new(version)}") from error
    return fields


def _too_new(version: int) -> str:
    return (
        f"state version {version} is newer than the versions that Halscope knows ({OLDEST} to {NEWEST}): "
        "update Halscope, or use an older core"
    )


def _read(version: int, blocks: dict[str, tuple[int, int]], data: memoryview, copy_memories: bool) -> StateFields:
    vram_at = _place(blocks, "VRA", VRAM_BYTES)
    ppu, layout, space = _ppu_block(blocks, data)
    wram = None
    if "RAM" in blocks:
        wram = _memory(data, _place(blocks, "RAM", WRAM_BYTES), WRAM_BYTES, copy_memories)
    bwram = iram = None
    if "SA1" in blocks and "SRA" in blocks:
        bwram_at, bwram_bytes = blocks["SRA"]
        bwram = _memory(data, bwram_at, min(bwram_bytes, _BWRAM_BYTES), copy_memories)
    if "SA1" in blocks and space is not None:
        iram = _memory(space, _IRAM, IRAM_BYTES, copy_memories)
    ports, dma = _snes9x_cpu.register_bytes(_block(blocks, data, "DMA"), space) or (None, b"")
    name_at, name_bytes = blocks.get("NAM", (0, 0))
    rom_name = bytes(data[name_at : name_at + name_bytes]).split(b"\0")[0].decode(errors="replace")
    return StateFields(
        version=version,
        rom_name="" if rom_name in _NO_NAMES else rom_name,
        vram=_memory(data, vram_at, VRAM_BYTES, copy_memories),
        cgram=np.frombuffer(ppu, ">u2", 256, layout.cgram).astype(np.uint16),
        oam=np.frombuffer(ppu, np.uint8, OAM_BYTES, layout.oam).copy(),
        registers=RegisterBytes(*_snes9x_ppu.register_bytes(ppu, layout, space), ports, dma),
        wram=wram,
        field=_snes9x_cpu.field(_block(blocks, data, "TIM")),
        bwram=bwram,
        iram=iram,
    )


def cgram_offset(state: Buffer) -> int:
    """Return the offset of CGRAM (256 colours, big-endian) in a state. Raises FormatError like `parse_state`."""
    _, blocks = find_blocks(state)
    _, layout, _ = _ppu_block(blocks, memoryview(state).cast("B"))
    return blocks["PPU"][0] + layout.cgram


def oam_offset(state: Buffer) -> int:
    """Return the offset of OAM (544 bytes) in a state. Raises FormatError like `parse_state`."""
    _, blocks = find_blocks(state)
    _, layout, _ = _ppu_block(blocks, memoryview(state).cast("B"))
    return blocks["PPU"][0] + layout.oam


def iram_offset(state: Buffer) -> int:
    """Return the offset of the SA-1's IRAM in a state of a game with an SA-1. Raises FormatError like `parse_state`."""
    _, blocks = find_blocks(state)
    _place(blocks, "SA1", None)
    return _place(blocks, "FIL", _FIL_BYTES) + _IRAM


def _memory(data: memoryview, at: int, size: int, copy: bool) -> NDArray[np.uint8]:
    memory = np.frombuffer(data.toreadonly(), np.uint8, size, at)
    return memory.copy() if copy else memory


def _block(blocks: dict[str, tuple[int, int]], data: memoryview, name: str) -> memoryview | None:
    """Return a block's bytes, or `None` if the state does not have it."""
    at, length = blocks.get(name, (0, -1))
    return None if length < 0 else data[at : at + length]


def _place(blocks: dict[str, tuple[int, int]], name: str, size: int | None) -> int:
    """Return the offset of a block's bytes after checking its size."""
    if name not in blocks:
        raise FormatError(f"snes9x state: there is no {name} block; the file is damaged")
    at, length = blocks[name]
    if size is not None and length != size:
        raise FormatError(f"snes9x state: the {name} block at offset {at:#x} has {length} bytes, expected {size}")
    return at


def _ppu_block(blocks: dict[str, tuple[int, int]], data: memoryview) -> tuple[memoryview, Layout, memoryview | None]:
    """Return the PPU block, its layout, and the register space if the state has one."""
    at, length = _place(blocks, "PPU", None), blocks["PPU"][1]
    space = None
    if "FIL" in blocks:
        space_at = _place(blocks, "FIL", _FIL_BYTES)
        space = data[space_at : space_at + _FIL_BYTES]
    block = data[at : at + length]
    layout = _snes9x_ppu.find_layout(block, space)
    if layout is None:
        raise FormatError(
            f"snes9x state: the PPU block at offset {at:#x} has {length} bytes, expected 2649 or 2652, and OAM and "
            "the registers are not found in it"
        )
    return block, layout, space
