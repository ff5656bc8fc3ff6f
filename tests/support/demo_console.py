"""The demo ROM on a real core: memory by name, buttons, and what the truth file expects in a frame."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from halscope.hosts.libretro.drivers import NoPicture, NoSound
from halscope.hosts.libretro.picture import PixelFormat as FormatName
from halscope.hosts.libretro.picture import to_rgb
from libretro import ExplicitPathDriver, IterableInputDriver, JoypadState, Session
from libretro.api.video import PixelFormat

WRAM, VRAM = 2, 3  # RETRO_MEMORY_SYSTEM_RAM, RETRO_MEMORY_VIDEO_RAM
FORMATS: dict[PixelFormat, FormatName] = {
    PixelFormat.RGB1555: "rgb1555",
    PixelFormat.XRGB8888: "xrgb8888",
    PixelFormat.RGB565: "rgb565",
}
DEBIAN_CORES = "*-linux-gnu/libretro/bsnes_mercury_{profile}_libretro.so"


def cores() -> dict[str, Path]:
    """The cores that are installed, by name."""
    found = {}
    wheel = importlib.util.find_spec("stable_retro")
    if wheel is not None and wheel.origin is not None:
        path = Path(wheel.origin).parent / "cores" / "snes9x_libretro.so"
        if path.exists():
            found["snes9x"] = path
    for profile in ("performance", "accuracy"):
        for path in Path("/usr/lib").glob(DEBIAN_CORES.format(profile=profile)):
            found[f"bsnes-mercury-{profile}"] = path
    return found


class KeptPicture(NoPicture):
    """Keeps the last picture as the core drew it."""

    def __init__(self) -> None:
        super().__init__()
        self._raw = np.zeros((0, 0), np.uint8)
        self._width = 0

    def refresh(self, data: object, width: int, height: int, pitch: int) -> None:
        if isinstance(data, memoryview):  # anything else means that the picture has not changed
            self._raw, self._width = np.frombuffer(data, np.uint8).reshape(height, pitch).copy(), width

    def rgb(self) -> npt.NDArray[np.uint8]:
        return to_rgb(self._raw, self._width, FORMATS[self.pixel_format])


class DemoConsole:
    """Context manager: a core that runs the demo ROM; the core may write to `folder`."""

    def __init__(self, core: Path, rom: Path, truth: dict[str, Any], folder: Path) -> None:
        self.truth = truth
        self.buttons = JoypadState()
        self._picture = KeptPicture()
        self._session = Session(
            str(core),
            str(rom),
            audio=NoSound,
            video=self._picture,
            input=IterableInputDriver(self._presses),
            path=ExplicitPathDriver(corepath=core, system=folder, assets=folder, save=folder, playlist=folder),
        )

    def __enter__(self) -> Self:
        self._session.__enter__()
        self.memory(WRAM)[:] = bytes(len(self.memory(WRAM)))  # bsnes-mercury keeps what the previous game left there
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.__exit__(kind, error, trace)

    def _presses(self) -> Iterator[JoypadState]:
        while True:
            yield self.buttons

    def run(self, frames: int = 1) -> None:
        for _ in range(frames):
            self._session.run()

    def press(self, **buttons: bool) -> None:
        """Hold buttons for three frames."""
        self.buttons = JoypadState(**buttons)
        self.run(3)
        self.buttons = JoypadState()

    def memory(self, kind: int) -> memoryview:
        view = self._session.core.get_memory(kind)
        assert view is not None
        return memoryview(view)

    def __getitem__(self, symbol: str) -> int:
        """The value of one of the game's variables."""
        at, size = self.truth["symbols"][symbol], self.truth["symbol_sizes"][symbol]
        return int.from_bytes(bytes(self.memory(WRAM)[at : at + size]), "little")

    def ask_for(self, scene: int) -> None:
        self.memory(WRAM)[self.truth["symbols"]["next_scene"]] = scene

    def wait_ready(self, scene: int, limit: int = 180) -> int:
        """Run until a scene is fully on screen; returns the number of frames."""
        for frame in range(limit):
            if self["scene"] == scene and self["ready"] == 1:
                return frame
            self.run()
        raise AssertionError(f"scene {scene} is not ready after {limit} frames")

    def picture(self) -> npt.NDArray[np.uint8]:
        """The screen, uint8[224, 256, 3]."""
        shot = self._picture.rgb()
        assert shot is not None
        return shot[:224, :: shot.shape[1] // 256]
