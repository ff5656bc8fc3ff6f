"""The real RetroArch under Xvfb, with a home of its own, steered by its network commands."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import numpy as np
from halscope.hosts._ring import FoundRing, find_rings
from halscope.hosts.retroarch import install
from numpy.typing import NDArray
from PIL import Image

PATIENCE = 60.0  # seconds
ASK_AGAIN = 5.0  # seconds
_SCREEN = ("dbus-run-session", "--", "xvfb-run", "-a")
NEEDED = ("retroarch", "Xvfb", "xvfb-run", "xauth", "dbus-run-session")


def why_not() -> str:
    """What is missing on this machine, or an empty string."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    return f"{', '.join(missing)} not installed" if missing else ""


class RetroArchProcess:
    """RetroArch with Halscope's core installed by `halscope retroarch install`, and a game loaded.

    Args:
        home: An empty folder.
        inner: Path or name of the inner core.
        rom: The game.
        settings: More lines of the configuration.
    """

    def __init__(self, home: Path, inner: str, rom: Path, **settings: str) -> None:
        self.home = home
        for name in ("cores", "info", "states", "shots", "saves"):
            (home / name).mkdir()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        values = {
            "video_driver": "null",
            "audio_driver": "sdl2",  # SDL's dummy driver takes sound at the console's speed: 60 frames a second
            "input_driver": "null",
            "menu_driver": "rgui",  # with "null", closing the content aborts RetroArch 1.14 itself
            "gamemode_enable": "false",
            "config_save_on_exit": "false",
            "network_cmd_enable": "true",
            "network_cmd_port": str(self._port),
            "libretro_directory": str(home / "cores"),
            "libretro_info_path": str(home / "info"),
            "savestate_directory": str(home / "states"),
            "savefile_directory": str(home / "saves"),
            "screenshot_directory": str(home / "shots"),
            "sort_savestates_enable": "false",
            "notification_show_when_menu_is_alive": "false",
            **settings,
        }
        self.config = home / "retroarch.cfg"
        self.config.write_text("".join(f'{key} = "{value}"\n' for key, value in values.items()))
        self.tap = install(inner, self.config)
        self._log = (home / "log").open("wb")
        self._process = subprocess.Popen(
            [
                "dbus-run-session",
                "--",
                "xvfb-run",
                "-a",
                "retroarch",
                "-v",
                "-c",
                self.config,
                "-L",
                self.tap.core,
                rom,
            ],
            env=os.environ | {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "SDL_AUDIODRIVER": "dummy"},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            self.ring: FoundRing = self.until(lambda: next(iter(find_rings()), None), "a ring")
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """RetroArch itself, not what started it."""
        return self.ring.pid

    @property
    def log(self) -> str:
        return (self.home / "log").read_text(errors="replace")

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def command(self, text: str) -> None:
        """Send a network command; there is no answer."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(text.encode(), ("127.0.0.1", self._port))

    def pause(self) -> None:
        """Pause the running game, and wait until RetroArch says that it is."""
        self.command("PAUSE_TOGGLE")
        self.until(lambda: b" PAUSED " in self._status(), "a paused game")

    def resume(self) -> None:
        """Let the paused game run, and wait until RetroArch says that it does."""
        self.command("PAUSE_TOGGLE")
        self.until(lambda: b" PLAYING " in self._status(), "a running game")

    def _status(self) -> bytes:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
            asker.settimeout(1)
            asker.sendto(b"GET_STATUS", ("127.0.0.1", self._port))
            with contextlib.suppress(TimeoutError):
                return asker.recv(1024)
        return b""

    def until(self, condition: Callable[[], Any], what: str) -> Any:
        """Wait until the condition holds."""
        end = time.monotonic() + PATIENCE
        while (found := condition()) is None or found is False:
            assert self.running, f"RetroArch has ended: {self.log[-2000:]}"
            assert time.monotonic() < end, f"{what} did not come: {self.log[-2000:]}"
            time.sleep(0.02)
        return found

    def screenshot(self) -> NDArray[np.uint8]:
        """RetroArch's own screenshot, uint8[224, 256, 3]; pixels that a core draws twice are taken once."""
        shots = self.home / "shots"
        for old in shots.iterdir():
            old.unlink()  # names have seconds, so one of the same second would be written over
        asked = 0.0

        def read() -> NDArray[np.uint8] | None:
            nonlocal asked
            if time.monotonic() - asked > ASK_AGAIN:  # the command is a datagram, which may be lost
                self.command("SCREENSHOT")
                asked = time.monotonic()
            for path in shots.iterdir():
                with contextlib.suppress(OSError, SyntaxError), Image.open(path) as image:  # still being written
                    return np.asarray(image.convert("RGB"))
            return None

        found: NDArray[np.uint8] = self.until(read, "a screenshot")
        doubled = found.shape[1] == 512 and np.array_equal(found[:, ::2], found[:, 1::2])
        return found[:, ::2] if doubled else found

    def kill(self) -> None:
        """End RetroArch alone, as a crash would."""
        os.kill(self.pid, signal.SIGKILL)
        self._process.wait(PATIENCE)

    def close(self) -> None:
        """End everything that was started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
