"""The core's own copy of the ROM is found also where the core does not name it, and no other copy is taken for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from halscope.hosts.embedded import EmbeddedHost
from halscope.hosts.libretro import LibretroHost, process_memory
from halscope_hooks import HostError, Write
from support import probe_rom, small_core
from support.cores import two_cores

only_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is searched on Linux alone")

# In a process of its own, as in the embedded host: a search may find stale copies in the memory of a test run.
SEARCH = """
import sys
from pathlib import Path
from halscope.hosts.libretro import process_memory
process_memory.keep_freed_memory_apart()
from halscope.hosts.libretro import LibretroHost
from halscope.hosts.libretro.machine import Machine
from halscope_hooks import Write
import numpy as np

rom, core, offset = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])

def run(search):
    with LibretroHost(rom, core, own_process=search) as host:
        snapshots = [host.step() for _ in range(30)]
        if search:
            mark = bytes(range(1, 65))
            host.write([Write("rom", offset, mark, expected=bytes(64))])
            host.reset()
            for _ in range(12):
                shown = host.step()
            print("shown:", shown.vram[2:64].tobytes() == mark[2:])  # the game counts in word 0
        return snapshots, "rom" in host.info.writable

Machine.rom_pointers = lambda self: ()
Machine.rom_memory = lambda self: None
plain, found = run(False)
print("found without a search:", found)
searched, found = run(True)
print("found:", found)
names = ("vram", "wram", "cgram", "oam", "picture")
equal = [all(np.array_equal(getattr(a, n), getattr(b, n)) for n in names) for a, b in zip(plain, searched)]
print("alike:", all(equal[first:]) if (first := int(sys.argv[4])) else all(equal))
"""


@only_linux
@pytest.mark.slow
@pytest.mark.parametrize("core", two_cores())
def test_the_rom_is_found_by_its_content_and_proven_by_running_it(core: str, tmp_path: Path) -> None:
    rom = tmp_path / "game.sfc"
    rom.write_bytes(probe_rom.build(animate=["oam", "vram"]))
    # bsnes-mercury's state is not pure, so the frames before the game sets all memories may differ.
    first = 0 if core == "snes9x" else 12
    command = [sys.executable, "-c", SEARCH, str(rom), core, str(probe_rom.VRAM_OFFSET), str(first)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert result.stderr == ""
    assert result.stdout.splitlines() == ["found without a search: False", "shown: True", "found: True", "alike: True"]


@pytest.mark.slow
@only_linux
def test_a_copy_that_the_game_does_not_run_from_is_not_taken(tmp_path: Path) -> None:
    core = small_core.build(tmp_path, ROM_BYTES=0)  # keeps a copy of the ROM, and its state never changes
    with EmbeddedHost(probe_rom.build(), core) as host:
        assert "rom" not in host.info.writable
        with pytest.raises(HostError, match="rom is not writable"):
            host.write([Write("rom", 0, b"x")])


def test_the_rom_that_a_core_hands_out_is_used(tmp_path: Path) -> None:
    rom = probe_rom.build()
    core = small_core.build(tmp_path, ROM_BYTES=len(rom))
    with LibretroHost(rom, core) as host:
        assert "rom" in host.info.writable
        host.write([Write("rom", 0x100, b"halscope", expected=rom[0x100:0x108])])
        host.write([Write("rom", 0x100, b"HALSCOPE", expected=b"halscope")])


@pytest.mark.parametrize("size", [0x8000, 0x20000])
def test_memory_that_is_not_the_rom_is_not_used(tmp_path: Path, size: int) -> None:
    core = small_core.build(tmp_path, ROM_BYTES=size, ON_LOAD="rom[0x7000] ^= 1")
    with LibretroHost(probe_rom.build(), core) as host:
        assert "rom" not in host.info.writable


@only_linux
def test_copies_in_memory_are_found_but_not_the_sample_itself() -> None:
    data = np.random.default_rng(7).bytes(0x50000)
    copies = [np.frombuffer(bytearray(data), np.uint8) for _ in range(3)]
    changed = np.frombuffer(bytearray(data), np.uint8)
    changed[-1] ^= 1
    found = set(process_memory.copies_of(data))
    assert {copy.ctypes.data for copy in copies} <= found
    assert changed.ctypes.data not in found
    assert np.frombuffer(data, np.uint8).ctypes.data not in found


def test_memory_that_is_not_mapped_is_not_read() -> None:
    assert process_memory.read(0, 16) is None
    assert process_memory.read(1 << 80, 16) is None
