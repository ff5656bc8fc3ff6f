"""The tap core in tests: a folder of its own for rings, a frontend in this process, and one in another process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pytest
from halscope.hosts._ring import FoundRing, find_rings
from halscope.hosts.libretro import LibretroHost, find_core
from halscope.hosts.retroarch import RetroArchHost, tap_library
from halscope_hooks import Snapshot

PATIENCE = 60.0  # seconds for a process to start and load a game


@pytest.fixture
def rings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for rings, which this process and its children use."""
    folder = tmp_path / "rings"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("HALSCOPE_RUNTIME_DIR", str(folder))
    return folder


@contextmanager
def tapped(core: str, rom: Path | bytes, **parts: bool) -> Iterator[LibretroHost]:
    """A frontend in this process that runs the tap around a core. The fixture `rings` must be in use."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HALSCOPE_TAP_INNER", str(find_core(core)))
        with LibretroHost(rom, tap_library(), **parts) as frontend:
            yield frontend


def only_ring() -> FoundRing:
    """The ring of the only running tap."""
    (ring,) = find_rings()
    return ring


@contextmanager
def attached(**options: bool) -> Iterator[RetroArchHost]:
    """A host at the only running tap."""
    with RetroArchHost(only_ring().path, **options) as host:
        yield host


def step(frontend: LibretroHost, host: RetroArchHost) -> tuple[Snapshot, Snapshot]:
    """One frame, as the frontend and as the host sees it.

    A tap gives up a host that has not polled for two seconds. Where both are in one process, that is as soon as the
    machine holds the process up: so the host polls first.
    """
    host.poll(0)
    inside = frontend.step()
    outside = host.poll(PATIENCE)
    assert outside is not None
    return inside, outside


def drain(host: RetroArchHost) -> None:
    """Poll until the host says that its emulator has gone, which it must within seconds."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        host.poll(0.1)


class TapProcess:
    """A frontend in a process of its own that runs the tap around a core, at about 60 frames a second.

    Args:
        core: Name of the inner core.
        rom: The game.
        fps: Frames a second; 0 runs as fast as possible.
    """

    def __init__(self, core: str, rom: Path, fps: int = 60) -> None:
        before = {ring.path for ring in find_rings()}
        self._temporary = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)  # a killed process leaves its files
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(rom), str(fps)],
            env=os.environ | {"HALSCOPE_TAP_INNER": str(find_core(core)), "TMPDIR": self._temporary.name},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        until = time.monotonic() + PATIENCE
        while not (fresh := [ring for ring in find_rings() if ring.path not in before]):
            assert self._process.poll() is None, "the frontend has ended"
            assert time.monotonic() < until, "the frontend has not loaded its game"
            time.sleep(0.01)
        self.ring = fresh[0]

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        """End it as a crash would."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """Have it close the game and end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE)

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._temporary.cleanup()
        if self._process.stdin is not None:
            self._process.stdin.close()


def _main(rom: Path, fps: int) -> None:
    import selectors

    with LibretroHost(rom, tap_library(), registers=False, wram=False, picture=False) as frontend:
        selector = selectors.DefaultSelector()
        selector.register(sys.stdin, selectors.EVENT_READ)
        due = time.monotonic()
        while True:
            frontend.step()
            due += 1 / fps if fps else 0
            if selector.select(max(0.0, due - time.monotonic()) if fps else 0):
                return


if __name__ == "__main__":
    _main(Path(sys.argv[1]), int(sys.argv[2]))
