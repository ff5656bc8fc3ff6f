"""A core's temporary folder is removed, if not by its process, then by the next one that makes such a folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from halscope.hosts._core_folder import PREFIX, CoreFolder
from halscope.hosts.embedded._parent import remove_folder
from halscope.hosts.libretro.host import LibretroHost
from support import probe_rom
from support.processes import gone_within

MADE = """
import os, sys, time
from pathlib import Path
from halscope.hosts._core_folder import CoreFolder
folder = CoreFolder()
"""
CORES = {
    "in process": "from halscope.hosts.libretro.host import LibretroHost as Host",
    "embedded": "from halscope.hosts.embedded import EmbeddedHost as Host",
}


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for temporary files, of this process and of those that it starts."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def run(code: str) -> int:
    return subprocess.run([sys.executable, "-c", MADE + code], check=False, timeout=60).returncode


@pytest.mark.quick
def test_it_is_there_until_it_is_removed(temporary: Path) -> None:
    folder = CoreFolder()
    assert folder.path.parent == temporary
    other = CoreFolder()
    assert folder.path.is_dir()
    (folder.path / "save.srm").write_bytes(b"of the core")
    folder.remove()
    folder.remove()
    assert [*temporary.iterdir()] == [other.path]
    del other
    assert [*temporary.iterdir()] == []


def test_that_of_a_killed_process_is_removed_by_the_next(temporary: Path) -> None:
    assert run("(folder.path / 'save.srm').touch(); os.kill(os.getpid(), 9)") == -signal.SIGKILL
    (left,) = temporary.iterdir()
    assert left.name.startswith(PREFIX)
    CoreFolder().remove()
    assert [*temporary.iterdir()] == []


def test_that_of_another_process_stays_while_it_runs(temporary: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", f"{MADE}print(folder.path, flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        path = Path(other.stdout.readline().strip())
        CoreFolder().remove()
        assert path.is_dir()
        other.communicate("\n", timeout=60)
    assert [*temporary.iterdir()] == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_process_leaves_it_to_its_parent(temporary: Path) -> None:
    code = """
child = os.fork()
if child:
    assert os.waitpid(child, 0)[1] == 0
    assert folder.path.is_dir()
else:
    folder.remove()
"""
    assert run(code) == 0
    assert [*temporary.iterdir()] == []


@pytest.mark.quick
def test_what_nobody_has_locked_is_removed_after_a_day(temporary: Path) -> None:
    """An older Halscope made such folders, and for a moment ours are so, too."""
    young, old = temporary / f"{PREFIX}young", temporary / f"{PREFIX}old"
    file = temporary / f"{PREFIX}file"
    file.touch()
    for folder in (young, old):
        folder.mkdir()
    long_ago = time.time() - 25 * 3600
    os.utime(old, (long_ago, long_ago))
    CoreFolder().remove()
    assert sorted(temporary.iterdir()) == [file, young]


@pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="there is no /proc")
@pytest.mark.parametrize("how", CORES)
def test_cores_that_were_killed_leave_nothing_once_another_has_run(temporary: Path, how: str) -> None:
    rom = temporary / "game.sfc"
    rom.write_bytes(probe_rom.build())
    code = f"""
{CORES[how]}
import signal, sys
host = Host(Path(sys.argv[1]))
child = getattr(host, "pid", 0)
print(child, flush=True)
if child:
    os.kill(child, signal.SIGKILL)
os.kill(os.getpid(), signal.SIGKILL)
"""
    made = subprocess.run(
        [sys.executable, "-c", MADE + code, str(rom)], stdout=subprocess.PIPE, text=True, check=False, timeout=60
    )
    assert made.returncode == -signal.SIGKILL
    assert gone_within(int(made.stdout), 60)
    assert len([*temporary.glob(f"{PREFIX}*")]) == 2  # of the script and of the core
    with LibretroHost(rom) as host:
        host.step()
    assert [*temporary.iterdir()] == [rom]


def test_a_file_that_comes_while_the_folder_of_a_child_is_removed_does_not_keep_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its main thread and the one that watches the parent both may end the process, and the core may still write."""
    folder, late, remove = tmp_path / "core", ["late"], os.rmdir
    folder.mkdir()

    def after_a_file_has_come(path: str, *, dir_fd: int | None = None) -> None:
        while late:
            (folder / late.pop()).touch()
        remove(path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "rmdir", after_a_file_has_come)
    remove_folder(str(folder))
    assert not folder.exists()
