"""Cores that run one probe ROM after another: a game that is exchanged takes 2 ms, a core that is started up to 80."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from halscope.hosts.libretro import LibretroHost
from halscope_hooks import Snapshot, Write

_VRAM_BYTES = 0x10000
_WRAM_BYTES = 0x20000
_POWER_ON_WRAM = b"\x55"  # as `LibretroHost` begins


class ProbeConsoles:
    """At most one running core of each name, which probe ROMs (`probe_rom.build`) are put into.

    What a core shows of a ROM is what one shows that was started with it: the ROM sets whatever it needs at a reset
    (tests/hosts/test_libretro_snapshot.py compares the two).
    """

    def __init__(self) -> None:
        self._hosts: dict[str, tuple[dict[str, Any], LibretroHost]] = {}

    def start(self, core: str | Path, rom: bytes, **parts: bool) -> LibretroHost:
        """Run a ROM from its first frame. The host that was given before for this core must not be used any more.

        Args:
            core: Name or path of the core.
            rom: What `probe_rom.build` returns, edited or not.
            parts: See `LibretroHost`.
        """
        name = os.fspath(core)
        wanted, host = self._hosts.get(name, ({}, None))
        if host is not None and wanted == parts and "rom" in host.info.writable:
            host.write(
                [
                    Write("rom", 0, rom),
                    Write("vram", 0, bytes(_VRAM_BYTES)),
                    Write("wram", 0, _POWER_ON_WRAM * _WRAM_BYTES),
                ]
            )
            host.reset()
            return host
        self.close(core)
        host = LibretroHost(rom, core, **parts)
        self._hosts[name] = (parts, host)
        return host

    def observe(self, core: str | Path, rom: bytes, frames: int, **parts: bool) -> Snapshot:
        """Run a ROM for so many frames, and return the last one."""
        host = self.start(core, rom, **parts)
        for _ in range(frames - 1):
            host.step()
        return host.step()

    def close(self, core: str | Path) -> None:
        """Close this core's host, so that the test may start the core by itself."""
        if (running := self._hosts.pop(os.fspath(core), None)) is not None:
            running[1].close()

    def close_all(self) -> None:
        """Close what still runs: the next file's tests start cores by themselves."""
        for core in list(self._hosts):
            self.close(core)
