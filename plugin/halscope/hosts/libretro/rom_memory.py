"""The running core's own copy of the ROM: named by the core, or found in the process's memory and proven."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from halscope.hosts.libretro import process_memory
from halscope.hosts.libretro.machine import Machine

RomSource = Literal["memory id", "memory map", "search"]
"""How the core's copy was found: libretro's memory id 4, the core's memory maps, or a search by content."""

_SPIN: Final = b"\x80\xfe"  # 65816: BRA to itself. Entered at an odd address it is INC $FE80,X once, then the branch


@dataclass(frozen=True, slots=True, eq=False)
class RomMemory:
    """The core's copy of the ROM.

    Args:
        bytes: uint8[n], writable; the core reads these bytes.
        source: How it was found.
    """

    bytes: NDArray[np.uint8]
    source: RomSource

    @property
    def address(self) -> int:
        """Its address in this process."""
        return int(self.bytes.ctypes.data)

    def copies(self) -> list[int]:
        """Return the addresses of all memory from which the game may run, this one first.

        A copy that was searched for is proven to be the one. Where a core names one, it may run from another.
        """
        address = self.address
        if self.source == "search":
            return [address]
        return [address, *(one for one in process_memory.copies_of(self.bytes.tobytes()) if one != address)]


def find_rom(machine: Machine, rom: bytes, *, search: bool) -> RomMemory | None:
    """Return the core's copy of the ROM, or `None` if it is not found. Call before the first frame.

    Args:
        machine: The core, with its game loaded.
        rom: The headerless image. The core's copy must equal it in full.
        search: Whether to search the memory of this process where the core names no copy. See `process_memory` for
            what that demands of the process.
    """
    given = machine.rom_memory()
    if given is not None and given[: len(rom)].tobytes() == rom:
        return RomMemory(given[: len(rom)], "memory id")
    for address in machine.rom_pointers():
        if process_memory.read(address, len(rom)) == rom:
            return RomMemory(_view(address, len(rom)), "memory map")
    if search and process_memory.is_freed_memory_apart():
        for address in _proven(machine, rom):
            return RomMemory(_view(address, len(rom)), "search")
    return None


def _proven(machine: Machine, rom: bytes) -> Iterator[int]:
    """Yield the addresses of copies of the ROM that the game runs from.

    The proof: a copy is filled with a branch to itself, and the machine runs one frame. If that frame ends in another
    state than with the real bytes, the processor has read this copy. The bytes and the state are restored.
    """
    power_on = bytes(machine.state())
    usual = _state_after_a_frame(machine, power_on)
    if _state_after_a_frame(machine, power_on) == usual:  # else a difference would prove nothing
        for address in process_memory.copies_of(rom):
            view = _view(address, len(rom))
            view[:] = np.resize(np.frombuffer(_SPIN, np.uint8), len(rom))
            try:
                changed = _state_after_a_frame(machine, power_on)
            finally:  # a copy may be the caller's own bytes, which outlive a core that fails
                view[:] = np.frombuffer(rom, np.uint8)
            if changed != usual:
                machine.load(power_on)
                machine.drop_picture()
                yield address
    machine.load(power_on)
    machine.drop_picture()


def _state_after_a_frame(machine: Machine, state: bytes) -> bytes:
    machine.load(state)
    machine.run()
    return bytes(machine.state())


def _view(address: int, size: int) -> NDArray[np.uint8]:
    return np.frombuffer((ctypes.c_uint8 * size).from_address(address), np.uint8)
