"""The host in its process: Ctrl-C is delivered, a missing dependency is named, the exit prints nothing."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from halscope.hosts.libretro import LibretroHost
from halscope_hooks import HostError
from support import probe_rom
from support.cores import two_cores

on_two_cores = pytest.mark.parametrize("core", two_cores())


@contextlib.contextmanager
def signalled(host: LibretroHost, number: signal.Signals) -> Iterator[None]:
    """Have this process get a signal with each picture, while the core is on the stack."""
    core: Any = host._machine._core
    core.set_video_refresh(lambda *_: os.kill(os.getpid(), number))
    yield
    if not host._machine.closed:
        core.set_video_refresh(core.callbacks.video_refresh)


@on_two_cores
def test_ctrl_c_while_the_core_runs_reaches_the_caller(core: str) -> None:
    with LibretroHost(probe_rom.build(), core) as host:
        for _ in range(5):
            host.step()
        with signalled(host, signal.SIGINT), pytest.raises(KeyboardInterrupt):
            host.step()
        assert host.step().picture is not None
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_machine_without_libretro_py_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['libretro'] = None\n"
        "from halscope.hosts.libretro import available_cores\n"
        "from halscope_hooks import HostError\n"
        "available_cores()\n"
        "try:\n    from halscope.hosts.libretro import LibretroHost\n"
        "except HostError as error:\n    print(error)\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "pip install 'halscope[emulator]'" in result.stdout


@pytest.mark.slow
@on_two_cores
def test_a_host_that_is_never_closed_ends_quietly_with_the_process(core: str, tmp_path: Path) -> None:
    rom = tmp_path / "probe.sfc"
    rom.write_bytes(probe_rom.build())
    program = (
        "import sys; from pathlib import Path; from halscope.hosts.libretro import LibretroHost\n"
        f"host = LibretroHost(Path({str(rom)!r}), {core!r})\n"
        "for _ in range(3): host.step()\n"
    )
    environment = os.environ | {"TMPDIR": str(tmp_path / "temporary")}
    (tmp_path / "temporary").mkdir()
    command = [sys.executable, "-W", "error", "-c", program]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.slow
@on_two_cores
def test_the_program_may_end_while_a_core_runs_on_another_thread(core: str, tmp_path: Path) -> None:
    rom = tmp_path / "probe.sfc"
    rom.write_bytes(probe_rom.build())
    program = (
        "import threading; from pathlib import Path\n"
        "from halscope.hosts.libretro import LibretroHost\nfrom halscope_hooks import HostError\n"
        "runs = threading.Event()\n"
        "def play():\n"
        f"    host = LibretroHost(Path({str(rom)!r}), {core!r})\n"
        "    try:\n"
        "        while True:\n            host.step(); runs.set()\n"
        "    except HostError:\n        pass\n"
        "threading.Thread(target=play, daemon=True).start()\n"
        "assert runs.wait(60)\n"
    )
    for _ in range(3):
        result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
        assert (result.returncode, result.stderr) == (0, "")


@on_two_cores
def test_a_host_may_be_closed_while_another_thread_runs_its_core(core: str) -> None:
    for _ in range(10):
        host = LibretroHost(probe_rom.build(), core)
        errors: list[HostError] = []
        runs = threading.Event()

        def play(host: LibretroHost = host, errors: list[HostError] = errors, runs: threading.Event = runs) -> None:
            try:
                while True:
                    host.step()
                    runs.set()
            except HostError as error:
                errors.append(error)

        thread = threading.Thread(target=play, daemon=True)
        thread.start()
        assert runs.wait(60)
        host.close()
        thread.join(60)
        assert not thread.is_alive()
        assert "closed" in str(errors[0])


@on_two_cores
def test_a_signal_handler_may_close_the_host_while_its_core_runs(core: str) -> None:
    host = LibretroHost(probe_rom.build(), core)
    host.step()
    before = signal.signal(signal.SIGUSR1, lambda *_: host.close())
    try:
        with signalled(host, signal.SIGUSR1), pytest.raises(HostError, match="closed"):
            host.step()
    finally:
        signal.signal(signal.SIGUSR1, before)
    with pytest.raises(HostError, match="closed"):
        host.step()
    LibretroHost(probe_rom.build(), core).close()  # the core was unloaded: the next host can use it
