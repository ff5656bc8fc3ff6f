"""A snes9x core of today, which has no memory maps, prints, and writes states of version 14, is as good as the old one.

It is the installed core in a shell; a real one is tested by HALSCOPE_TEST_CORES.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from halscope.formats import snes9x
from halscope.hosts.embedded import EmbeddedHost
from halscope.hosts.libretro import LibretroHost
from halscope_hooks import Write
from support import newer_snes9x, probe_rom

MEMORIES = ("vram", "cgram", "oam", "wram", "picture")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is searched on Linux alone")
def test_it_runs_shows_its_registers_and_takes_an_edit_of_the_rom(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    core = newer_snes9x.build(tmp_path)
    rom = probe_rom.build(
        registers={"bg2hofs": 0x155, "bg2vofs": 0x2AA, "m7a": 0x1234, "coldata": 0x56B5},
        animate=["oam", "vram", "scroll"],
    )
    with LibretroHost(rom, "snes9x") as old, EmbeddedHost(rom, core) as new:
        for _ in range(16):
            one, other = old.step(), new.step()
            assert all(np.array_equal(getattr(one, name), getattr(other, name)) for name in MEMORIES)
            assert (one.ppu, one.cpu, one.field) == (other.ppu, other.cpu, other.field)
        assert (other.ppu.bg2vofs, other.ppu.m7a, other.ppu.coldata) == (0x2AA, 0x1234, 0x56B5)
        assert new.info.emulator.startswith("Snes9x 1.63")
        state = new.save_state()
        assert snes9x.parse_state(state).version == 14

        assert new.info.writable == old.info.writable
        mark = bytes(range(1, 65))
        new.write([Write("rom", probe_rom.VRAM_OFFSET, mark, expected=bytes(64))])
        new.write([Write("cgram", 2, b"\x34\x12")])
        assert new.step().cgram[1] == 0x1234
        new.reset()
        for _ in range(12):
            shown = new.step()
        assert shown.vram[2:64].tobytes() == mark[2:], "the game does not run from the bytes that were written"
        new.load_state(state)
        assert other.ppu.bg1hofs is not None
        assert new.step().ppu.bg1hofs == other.ppu.bg1hofs + 1
    assert capfd.readouterr().out == "", "what the core prints is not ours"
