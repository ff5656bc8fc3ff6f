"""A real core as the console behind a network server: it runs frame by frame, and its memories are read between two."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from halscope.hosts.libretro import LibretroHost
from halscope_hooks import Snapshot, Write
from numpy.typing import NDArray


class CoreConsole:
    """A game on a core. The process must do nothing else with cores: its memory is searched for the ROM.

    Args:
        rom: The ROM.
        core: The core's name or path.
    """

    def __init__(self, rom: Path, core: str) -> None:
        self.rom = rom
        self.core = core
        self.host = LibretroHost(rom, core, own_process=True)
        self.snapshot: Snapshot = self.host.step()

    def step(self) -> None:
        """Run a frame."""
        self.snapshot = self.host.step()

    def load(self, rom: Path) -> None:
        """Take the cartridge out and put another one in."""
        self.host.close()
        self.rom = rom
        self.host = LibretroHost(rom, self.core, own_process=True)
        self.snapshot = self.host.step()

    def reload_tiles(self) -> None:
        """Have the core forget the tiles that it has decoded."""
        self.host.load_state(self.host.save_state())

    def memory(self, space: str) -> NDArray[np.uint8]:
        """A memory as bytes: the core's own for rom, vram and wram, a copy for cgram and oam."""
        machine = self.host._machine
        if space == "rom":
            rom = self.host._rom_memory
            return np.zeros(0, np.uint8) if rom is None else rom.bytes  # none where the core does not name its place
        if space == "cgram":
            return self.snapshot.cgram.astype("<u2").view(np.uint8)
        if space == "oam":
            return self.snapshot.oam.copy()
        if space == "bwram":
            return np.zeros(0, np.uint8) if machine.bwram is None else machine.bwram
        return {"vram": machine.vram, "wram": machine.wram}[space]

    def write(self, space: str, offset: int, data: bytes) -> None:
        """Change a memory behind the core's back, as an emulator's debugger does; CGRAM through the core's state."""
        if space == "cgram":
            self.host.write([Write("cgram", offset, data)])
            colours = self.snapshot.cgram.astype("<u2").view(np.uint8).copy()
            colours[offset : offset + len(data)] = np.frombuffer(data, np.uint8)
        else:
            self.memory(space)[offset : offset + len(data)] = np.frombuffer(data, np.uint8)
