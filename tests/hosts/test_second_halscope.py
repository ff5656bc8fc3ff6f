"""Two Halscopes at one emulator whose protocol tells of no clients: the second is told which process has it."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from halscope.app import Plugins
from halscope.cli import main
from halscope.demo import rom_path
from halscope.hosts._claims import Claim
from halscope.hosts.libretro import available_cores
from halscope_hooks import Host, HostError, HostRequest
from support.same_moment import poll_until
from support.server_process import ServerProcess

needs_core = pytest.mark.skipif(not available_cores(), reason="no libretro core is installed")


def opener(host: str, server: ServerProcess) -> Callable[[], Host]:
    factory = Plugins().host(host)
    return lambda: factory.open(HostRequest(address=server.address))


@needs_core
@pytest.mark.slow
@pytest.mark.parametrize(("host", "flavour"), [("nwa", "snes9x"), ("usb2snes", "qusb2snes")])
def test_the_second_one_is_refused_with_the_process_of_the_first(
    host: str, flavour: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with rom_path() as path:
        rom = Path(shutil.copy(path, tmp_path / "game.sfc"))
    holder = [sys.executable, "-m", "halscope", "attach", host, "--headless", "--json", "--frames", "1000000"]
    with ServerProcess(f"{host}_server", rom, available_cores()[0].name, flavour) as running:
        first = subprocess.Popen([*holder, "--address", running.address], stdout=subprocess.PIPE)
        try:
            assert first.stdout is not None
            assert first.stdout.readline()
            port = running.address.rpartition(":")[2]
            # Written in another way, and not waited for: it would wait until the other one ends.
            again = ["attach", host, "--address", f"localhost:{port}", "--headless", "--frames", "1"]
            assert main(again) == 1
            (line,) = capsys.readouterr().err.splitlines()
            assert f"another Halscope (process {first.pid}) is attached to " in line
            assert "end it first" in line
        finally:
            first.kill()
            first.wait()
            first.stdout.close()  # type: ignore[union-attr]
        with contextlib.closing(opener(host, running)()) as next_one:  # a killed one is in nobody's way
            poll_until(next_one, lambda _: True)


def test_the_right_to_an_emulator_is_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HALSCOPE_RUNTIME_DIR", str(tmp_path))
    first = Claim("nwa", "127.0.0.1 1", "it")
    Claim("nwa", "127.0.0.1 2", "another").close()
    Claim("usb2snes", "127.0.0.1 1", "another").close()
    with pytest.raises(HostError, match=r"another Halscope \(process \d+\) is attached to it"):
        Claim("nwa", "127.0.0.1 1", "it")
    first.close()
    first.close()
    Claim("nwa", "127.0.0.1 1", "it").close()
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HALSCOPE_RUNTIME_DIR", str(tmp_path / "file"))
    Claim("nwa", "127.0.0.1 1", "it").close()  # without a folder nobody can be told, and nothing fails
