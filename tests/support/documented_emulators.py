"""The emulators that a documented `halscope attach` finds: they run the demo game where it looks for them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from halscope.hosts.libretro import available_cores
from support.mesen import can_run_scripts
from support.server_process import ServerProcess
from support.taps import TapProcess

TESTS: Final = Path(__file__).parents[1]
FRAME_SECONDS: Final = 1 / 60  # an emulator that runs faster only takes time from the command


@contextmanager
def emulator(host: str, rom: Path, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run an emulator of this kind of host. The environment says to the command where to look."""
    core = available_cores()[0].name
    if host == "nwa":
        with ServerProcess("nwa_server", rom, core, "snes9x", FRAME_SECONDS) as server:
            patch.setenv("NWA_PORT_RANGE", str(server.port))
            yield
    elif host == "retroarch":
        with TapProcess(core, rom):
            yield
    else:
        if not can_run_scripts():
            pytest.skip("Mesen's stand-in needs lua-socket and lupa")
        process = subprocess.Popen(
            [sys.executable, "-m", "support.mesen", str(rom), str(FRAME_SECONDS)],
            cwd=TESTS,
            env=os.environ | {"PYTHONPATH": str(TESTS)},
        )
        try:
            yield
        finally:
            process.kill()
            process.wait()
