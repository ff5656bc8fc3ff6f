"""snes9x's video memory and registers in its own memory, at places that its states have proven.

A state is 400 to 900 KB: in each frame it drives everything else out of the processor's caches. What a frame needs of
it are 1.5 KB.

The structures are those of ppu.h, dma.h and snes9x.h (SPPU, SDMA, STimings) on a 64-bit machine, found by comparing
the core's memory with states of games that set every register; `FillRAM`, the register space, is in front of the ROM.
Nothing of this is believed: the bytes must be found in the core's variables at one place alone, and equal some states.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Final, final

import numpy as np
from halscope_hooks import CGRAM_BYTES, IRAM_BYTES, OAM_BYTES

import halscope._codec as _codec
from halscope.formats import snes9x
from halscope.hosts.libretro import process_memory

_STATES: Final = 8
"""States, of one frame each, that must agree before memory is believed."""
CHECK_EVERY: Final = 256
"""Frames between two comparisons of a core's memory with a state from then on."""
_MOST_SEARCHES: Final = 120  # frames in which the places may not have been found, before that is given up
_REGISTER_SPACE: Final = 0x8000  # bytes, in front of the ROM

# Distances from CGRAM (CGDATA, 256 little-endian words) in SPPU. `snes9x.RegisterBytes.front` begins with BG1's fields,
# of which a state has 11 bytes each, big-endian, and memory 12.
_BG, _BG_BYTES, _BG_IN_STATE = -52, 12, 11
_FLIP, _ADDRESS = -4, -2
_FLIP_IN_STATE, _ADDRESS_IN_STATE = 0x2C, 0x2E
_MATRIX: Final = 0xA52  # eight words, A to D, X, Y, and the scroll
_MATRIX_WORDS: Final = 8
_COLOURS: Final = 0xA92  # red, green and blue of the fixed colour
_COLOURS_IN_STATE: Final = 0x40  # in `snes9x.RegisterBytes.back`
_TELLING: Final = 8  # bytes that are not 0, which a memory must have to be searched for: equal blanks prove nothing

# SDMA: 22 bytes a channel, of which a state has 19. For each byte of a state its place; words are big-endian in states.
_CHANNEL: Final = 22
_CHANNEL_PLACES: Final = (0, 1, 2, 3, 4, 5, 6, 9, 8, 10, 13, 12, 14, 17, 16, 18, 19, 20, 21)
_CHANNELS: Final = 8
_DMA_PLACES: Final = tuple(n * _CHANNEL + place for n in range(_CHANNELS) for place in _CHANNEL_PLACES)
_NUMBERS: Final = 9  # 32-bit ones that STimings and its block of a state begin with
_FIELD: Final = 48  # in STimings, in which the block lacks a number

_FRONT_BYTES, _BACK_BYTES, _DMA_BYTES = 0x2F, 0x43, len(_DMA_PLACES)
_PORTS, _PORT_BYTES = 0x2100, 0x40
_CPU_PORTS, _CPU_PORT_BYTES = 0x4200, 13
_ENDS: Final = tuple(accumulate((_FRONT_BYTES, _BACK_BYTES, _PORT_BYTES, _CPU_PORT_BYTES, _DMA_BYTES)))
"""Where the parts of `snes9x.RegisterBytes` end in what is read; the field, CGRAM, OAM and IRAM follow."""
_IRAM: Final = 0x3000


@final
class Snes9xPlaces:
    """The places of one core with one game.

    Args:
        core: The core's shared library.
        rom: Address of the core's copy of the ROM, in front of which it has the register space; `None`: not known.
    """

    def __init__(self, core: Path, rom: int | None) -> None:
        self._space = None if rom is None else rom - _REGISTER_SPACE
        self._variables = [] if rom is None else process_memory.variables_of(core.resolve())
        self._memory: _codec.MemoryBytes | None = None
        self._agreed = 0
        self._fields_seen: set[int | None] = set()
        self._searches = 0
        self._age = 0
        self._has_iram = False
        self._registers: tuple[bytes, snes9x.RegisterBytes] = b"", snes9x.RegisterBytes(b"", b"", b"", None, b"")

    @property
    def given_up(self) -> bool:
        """Whether the core's memory is not as it is known here, so that nothing will be read from it."""
        return self._memory is None and (not self._variables or self._searches >= _MOST_SEARCHES)

    def read(self) -> snes9x.StateFields | None:
        """Return what a state would say, without VRAM, WRAM and BW-RAM; `None` if a state must say it, to be given to
        `prove`: the places are not proven, or are to be compared again."""
        # The field is one bit, and changes from frame to frame: only both values prove its place.
        if self._memory is None or self._agreed < _STATES or len(self._fields_seen) < 2:
            return None
        self._age += 1
        if self._age >= CHECK_EVERY:
            return None
        return self._fields(self._memory.read())

    def doubt(self) -> None:
        """Compare with the next state: one was loaded, or the console was reset."""
        self._age = CHECK_EVERY

    def prove(self, state: bytes | bytearray, fields: snes9x.StateFields) -> None:
        """Compare the core's memory with a state that was saved just now. One that differs gives the places up.

        Args:
            state: The state.
            fields: What it says.
        """
        if self.given_up:
            return
        if self._memory is None:
            self._searches += 1
            self._memory = self._find(memoryview(state), fields)
            self._agreed = 0
        if self._memory is None:
            return
        self._age = 0
        here = self._fields(self._memory.read())
        if _same(here, fields):
            self._agreed += 1
            self._fields_seen.add(fields.field)
        else:
            self._memory, self._variables = None, []

    def _fields(self, read: bytes) -> snes9x.StateFields:
        at = _ENDS[-1]
        named = read[:at]
        if named != self._registers[0]:
            parts = (named[start:end] for start, end in pairwise((0, *_ENDS)))
            self._registers = named, snes9x.RegisterBytes(*parts)
        iram = None
        if self._has_iram:
            iram = np.frombuffer(read, np.uint8, IRAM_BYTES, at + 1 + CGRAM_BYTES + OAM_BYTES)
        return snes9x.StateFields(
            version=0,
            rom_name="",
            vram=_NOTHING,
            cgram=np.frombuffer(read, "<u2", CGRAM_BYTES // 2, at + 1),
            oam=np.frombuffer(read, np.uint8, OAM_BYTES, at + 1 + CGRAM_BYTES),
            registers=self._registers[1],
            wram=None,
            field=read[at] & 1,
            iram=iram,
        )

    def _find(self, state: memoryview, fields: snes9x.StateFields) -> _codec.MemoryBytes | None:
        """Search the core's variables for what the state has of them."""
        _, blocks = snes9x.find_blocks(state)
        dma, timings = (bytes(_block(state, blocks, name)) for name in ("DMA", "TIM"))
        space = process_memory.read(self._space or 0, _REGISTER_SPACE)
        if len(dma) != _DMA_BYTES or len(timings) < 4 * _NUMBERS or space != bytes(_block(state, blocks, "FIL")):
            return None
        numbers = np.frombuffer(timings, ">u4", _NUMBERS).astype("<u4")
        cgram = self._only(fields.cgram.astype("<u2").tobytes())
        oam = self._only(fields.oam.tobytes())
        found = cgram, oam, self._only(dma, _DMA_PLACES), self._only(numbers.tobytes())
        if None in found:
            return None
        self._has_iram = fields.iram is not None
        return _codec.MemoryBytes(self._places(*(one or 0 for one in found)))

    def _only(self, data: bytes, places: Sequence[int] | None = None) -> int | None:
        """Return the address of the only copy of some bytes in the core's variables; `None` if they tell too little.

        Args:
            data: The bytes.
            places: Where each stands from there on; between them may be anything. By default one behind the other.
        """
        if len(data) - data.count(0) < _TELLING:
            return None
        found: list[int] = []
        for start, size in self._variables:
            memory = process_memory.read(start, size) or b""
            found += [start + at for at in _found(memory, data, range(len(data)) if places is None else places)]
        return found[0] if len(found) == 1 else None

    def _places(self, cgram: int, oam: int, channels: int, timings: int) -> list[tuple[int, int]]:
        """Return the places of all bytes, in the order in which `_fields` takes them apart."""
        unused = timings + 3  # the highest byte of a small number, for what registers are not made of
        front, back = [unused] * _FRONT_BYTES, [unused] * _BACK_BYTES
        for layer in range(4):
            for word in (0, 2):  # BGnHOFS, BGnVOFS
                at = cgram + _BG + layer * _BG_BYTES + word
                front[layer * _BG_IN_STATE + word : layer * _BG_IN_STATE + word + 2] = at + 1, at
        front[_FLIP_IN_STATE], front[_ADDRESS_IN_STATE] = cgram + _FLIP, cgram + _ADDRESS
        for word in range(_MATRIX_WORDS):
            at = cgram + _MATRIX + 2 * word
            back[2 * word : 2 * word + 2] = at + 1, at
        back[_COLOURS_IN_STATE : _COLOURS_IN_STATE + 3] = range(cgram + _COLOURS, cgram + _COLOURS + 3)
        dma = [channels + place for place in _DMA_PLACES]
        space = self._space or 0
        places = [(at, 1) for at in (*front, *back)]
        places += [(space + _PORTS, _PORT_BYTES), (space + _CPU_PORTS, _CPU_PORT_BYTES)]
        places += [(at, 1) for at in (*dma, timings + _FIELD)]
        places += [(cgram, CGRAM_BYTES), (oam, OAM_BYTES)]
        return [*places, (space + _IRAM, IRAM_BYTES)] if self._has_iram else places


def _found(memory: bytes, data: bytes, places: Sequence[int]) -> list[int]:
    """Return the offsets at which a memory has all bytes of `data` at their places."""
    values = np.frombuffer(memory, np.uint8)
    last = len(memory) - 1 - max(places)
    known = sorted(zip(data, places, strict=True), key=lambda one: one[0] == 0)  # a 0 tells little
    (first, place), *others = known
    at = np.flatnonzero(values[place : place + max(0, last + 1)] == first)
    for value, place in others:
        at = at[values[at + place] == value]
    return at.tolist()


def _same(here: snes9x.StateFields, told: snes9x.StateFields) -> bool:
    return (
        (here.ppu, here.cpu, here.field) == (told.ppu, told.cpu, told.field)
        and here.cgram.tobytes() == told.cgram.tobytes()
        and here.oam.tobytes() == told.oam.tobytes()
        and (here.iram is None) == (told.iram is None)
        and (here.iram is None or told.iram is None or here.iram.tobytes() == told.iram.tobytes())
    )


def _block(state: memoryview, blocks: Mapping[str, Sequence[int]], name: str) -> memoryview:
    at, length = blocks.get(name, (0, 0))
    return state[at : at + length]


_NOTHING: Final = np.empty(0, np.uint8)
