"""Cores are found where they are installed, and each unusable one is refused with one clear line."""

from __future__ import annotations

import ctypes
import gc
import importlib.util
import logging
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from halscope.hosts.libretro import CORE_VARIABLE, CoreFile, LibretroHost, available_cores, cores, find_core
from halscope_hooks import HostError, RomError, UsageError
from support import probe_rom, small_core, tiny_rom
from support.cores import installed_cores

pytestmark = pytest.mark.quick
TESTS = Path(__file__).parents[1]
only_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="functions are replaced on Linux alone")
on_every_core = pytest.mark.parametrize("core", installed_cores())


def flush_c_output() -> None:
    """Write out what C code has left in its buffers, where it would appear much later."""
    ctypes.CDLL(None).fflush(None)


@pytest.fixture
def no_cores(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without cores: no wheel, an empty home, no system folders."""
    monkeypatch.delenv(CORE_VARIABLE, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(cores, "_SYSTEM_PATTERNS", ())
    return tmp_path


@on_every_core
def test_an_installed_core_is_found_by_its_name_and_by_its_path(core: str) -> None:
    path = find_core(core)
    assert path.is_file()
    assert find_core(path) == path
    assert find_core(str(path)) == path


@on_every_core
def test_the_environment_chooses_the_core_when_none_is_given(core: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CORE_VARIABLE, core)
    assert find_core() == find_core(core)


def test_retroarchs_cores_are_found_in_a_users_folders(no_cores: Path) -> None:
    folder = no_cores / ".var/app/org.libretro.RetroArch/config/retroarch/cores"
    folder.mkdir(parents=True)
    for name in ("bsnes_mercury_balanced", "snes9x", "snes9x2005", "genesis_plus_gx"):
        (folder / f"{name}_libretro.so").touch()
    assert available_cores() == [
        CoreFile("snes9x", folder / "snes9x_libretro.so"),
        CoreFile("bsnes-mercury-balanced", folder / "bsnes_mercury_balanced_libretro.so"),
    ]
    assert find_core() == folder / "snes9x_libretro.so"


def test_the_cores_of_steams_retroarch_are_found(no_cores: Path) -> None:
    core = no_cores / ".local/share/Steam/steamapps/common/RetroArch/cores/snes9x_libretro.so"
    core.parent.mkdir(parents=True)
    core.touch()
    assert find_core("snes9x") == core


@pytest.mark.usefixtures("no_cores")
@pytest.mark.parametrize("wanted", [None, "snes9x"])
def test_a_missing_core_is_reported_with_what_to_install(wanted: str | None) -> None:
    with pytest.raises(HostError, match=r"pip install stable-retro.*apt install libretro-bsnes-mercury"):
        find_core(wanted)


def test_a_path_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="nowhere"):
        find_core(tmp_path / "nowhere_libretro.so")
    with pytest.raises(HostError, match="is a directory"):
        find_core(tmp_path)


def test_a_file_that_is_no_library_is_refused(tmp_path: Path) -> None:
    core = tmp_path / "text_libretro.so"
    core.write_text("no library")
    with pytest.raises(HostError, match=r"text_libretro\.so: cannot be loaded"):
        LibretroHost(probe_rom.build(), core)


def test_a_library_that_is_no_core_is_refused() -> None:
    import halscope._codec

    assert halscope._codec.__file__ is not None
    with pytest.raises(HostError, match="not a libretro core"):
        LibretroHost(probe_rom.build(), Path(halscope._codec.__file__))


def test_our_own_library_keeps_its_imports() -> None:
    """In place of `write`, its function for cores would call itself for ever: the next one that writes hangs."""
    import halscope._codec

    assert halscope._codec.hold_library(ctypes.CDLL(halscope._codec.__file__)._handle, True) == []


def test_a_core_of_another_console_is_refused_by_name() -> None:
    wheel = importlib.util.find_spec("stable_retro")
    if wheel is None or not wheel.submodule_search_locations:
        pytest.skip("the stable-retro wheel, which has cores of other consoles, is not installed")
    core = Path(wheel.submodule_search_locations[0]) / "cores" / "gambatte_libretro.so"
    with pytest.raises(HostError, match=r"Gambatte is for another console \(it accepts gb"):
        LibretroHost(probe_rom.build(), core)


@pytest.mark.parametrize(
    ("api", "takes_rom", "vram_bytes", "message"),
    [
        (1, "true", 0, "exposes nothing as VRAM"),
        (1, "true", 0x8000, "exposes 32768 bytes as VRAM"),
        (1, "true", 0x10000, "cannot read Small"),
        (1, "false", 0x10000, "does not take the ROM"),
        (2, "true", 0x10000, "libretro API 2"),
    ],
    ids=["no-vram", "half-vram", "unknown-core", "refuses-rom", "api"],
)
def test_a_core_that_cannot_be_used_is_refused_with_the_reason(
    tmp_path: Path, api: int, takes_rom: str, vram_bytes: int, message: str
) -> None:
    core = small_core.build(tmp_path, name="Small", API=api, TAKES_ROM=takes_rom, VRAM_BYTES=vram_bytes)
    for _ in range(2):  # a refused core is unloaded: the second attempt fails in the same way
        with pytest.raises(HostError, match=message):
            LibretroHost(probe_rom.build(), core)


@on_every_core
def test_a_core_holds_one_game_at_a_time(core: str) -> None:
    with LibretroHost(probe_rom.build(), core) as host:
        with pytest.raises(HostError, match="close the other host first"):
            LibretroHost(probe_rom.build(), core)
        host.step()
    with LibretroHost(probe_rom.build(), core) as host:
        host.step()


@pytest.mark.slow
def test_different_cores_run_side_by_side() -> None:
    hosts = []
    for number, core in enumerate(available_cores(), 1):
        hosts.append(LibretroHost(probe_rom.build(bytes([number]) * 0x10000, animate=["oam"]), core.path))
    try:
        for _ in range(20):
            snapshots = [host.step() for host in hosts]
        for number, snapshot in enumerate(snapshots, 1):
            assert (snapshot.vram == number).all()
            assert snapshot.oam[0] == snapshots[0].oam[0]
    finally:
        for host in hosts:
            host.close()


@on_every_core
def test_a_host_that_is_forgotten_lets_its_core_go(core: str) -> None:
    host: LibretroHost | None = LibretroHost(probe_rom.build(), core)
    assert host is not None
    host.step()
    host = None
    gc.collect()
    LibretroHost(probe_rom.build(), core).close()


@on_every_core
def test_closing_twice_is_fine_and_a_closed_host_says_so(
    core: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    host = LibretroHost(probe_rom.build(), core)
    snapshot = host.step()
    assert list(tmp_path.iterdir())
    host.close()
    host.close()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(HostError, match="closed"):
        host.step()
    assert snapshot.vram.any() in (True, False)  # the snapshot is still readable


@pytest.mark.slow
@on_every_core
def test_every_start_is_the_same(core: str) -> None:
    rng = np.random.default_rng(4)
    with LibretroHost(probe_rom.build(rng.bytes(0x10000), wram=rng.bytes(0x20000)), core) as host:
        for _ in range(12):
            host.step()
    starts = []
    for _ in range(3):
        # This program sets nothing: all that is seen is what the core has at power-on.
        with LibretroHost(tiny_rom.build(tiny_rom.LOOPS), core) as host:
            starts.append([host.step() for _ in range(12)])
        time.sleep(1.1)  # the clock that cores read counts seconds
    assert starts[0][0].wram is not None
    assert np.count_nonzero(starts[0][0].wram == 0x55) > 0x1F000
    for one, *others in zip(*starts, strict=True):
        for other in others:
            for name in ("vram", "wram", "cgram", "oam", "picture"):
                assert np.array_equal(getattr(one, name), getattr(other, name)), name
            assert one.ppu == other.ppu


@on_every_core
def test_what_a_core_prints_does_not_reach_this_processs_output(core: str, capfd: pytest.CaptureFixture[str]) -> None:
    with LibretroHost(probe_rom.build(), core) as host:
        host.step()
    flush_c_output()
    assert tuple(capfd.readouterr()) == ("", "")


@only_linux
def test_what_a_core_prints_in_process_goes_to_the_log(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    prints = r'printf("printf %d\n", 1); puts("puts"); putchar(112); fprintf(stderr, "fprintf\n"); '
    prints += r'fputs("fputs\n", stdout); fwrite("fwrite\n", 1, 7, stdout); write(1, "write\n", 6)'
    core = small_core.build(tmp_path, ON_LOAD=prints, ON_RUN='puts("runs")', ON_CLOSE='puts("ends")')
    with caplog.at_level(logging.DEBUG, "halscope.hosts.libretro"), LibretroHost(probe_rom.build(), core) as host:
        host.step()
    flush_c_output()
    assert tuple(capfd.readouterr()) == ("", "")
    printed = [line.removeprefix("the core prints: ") for line in caplog.text.split("\n")]
    for words in ("printf 1", "puts", "pfprintf", "fputs", "fwrite", "write", "runs", "ends"):
        assert any(line.endswith(words) for line in printed), words


SPEAKING = r"""
#include <cstdio>
#include <iostream>
struct Early { Early() { std::cout << "constructor cout\n"; puts("constructor puts"); } };
static Early early;
extern "C" void speak(int frame) {
    std::cout << "cout " << frame << "\n" << std::flush;
    std::cerr << "cerr\n";
    std::clog << "clog" << std::endl;
    std::wcout << L"wcout\n" << std::flush;
    std::cout.write("write\n", 6).put('.').put('\n');
    dprintf(1, "dprintf %d\n", 7);
}
"""


@pytest.mark.slow
@only_linux
@pytest.mark.parametrize(
    "options", [(), ("-static-libstdc++", "-Wl,--exclude-libs,ALL"), ("-O2", "-D_FORTIFY_SOURCE=2")]
)
def test_what_a_core_prints_in_cpp_does_not_reach_this_processs_output(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    """In a process of its own: what stays in a stream's buffer is written when that ends."""
    core = small_core.build_with_cpp(tmp_path, SPEAKING, *options, ON_RUN="void speak(int); speak(frame)")
    program = (
        "import logging, sys; from pathlib import Path; from support import probe_rom\n"
        "from halscope.hosts.libretro import LibretroHost\n"
        "logging.basicConfig(filename=sys.argv[1], level=logging.DEBUG)\n"
        "print('ours', flush=True)\n"
        "host = LibretroHost(probe_rom.build(), Path(sys.argv[2]))\n"
        "host.step(); host.step(); host.close()\n"
        "print('ours too')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "log.txt"), str(core)],
        capture_output=True,
        text=True,
        cwd=TESTS,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "ours\nours too\n", "")
    logged = (tmp_path / "log.txt").read_text()
    said = ("constructor cout", "constructor puts", "cout 1", "cout 2", "cerr", "clog", "write", "dprintf 7")
    for line in said:  # a wide stream of its own writes nothing after narrow ones, as on a terminal
        assert line in logged, (line, logged)


def test_what_this_process_prints_is_not_taken_for_a_cores(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    core = small_core.build(tmp_path, ON_RUN='puts("the core")')
    with LibretroHost(probe_rom.build(), core) as host:
        host.step()
        ctypes.CDLL(None).puts(b"somebody else")
    flush_c_output()
    assert "somebody else" in capfd.readouterr().out


@on_every_core
def test_no_file_stays_open(core: str) -> None:
    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    LibretroHost(probe_rom.build(), core).close()  # the library itself stays mapped, without a descriptor
    before = open_files()
    for _ in range(3):
        LibretroHost(probe_rom.build(), core).close()
    assert open_files() == before


@pytest.mark.parametrize("size", [0, 1, 0x7FFF, 0x1000001])
def test_a_rom_of_an_impossible_size_is_refused(size: int) -> None:
    with pytest.raises(RomError, match=f"{size} bytes"):
        LibretroHost(bytes(size))


def test_a_rom_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        LibretroHost(tmp_path / "missing.sfc")
    with pytest.raises(UsageError, match="directory"):
        LibretroHost(tmp_path)
