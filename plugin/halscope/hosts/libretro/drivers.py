"""Drivers that libretro.py calls while a core runs: they keep the picture, hold buttons and discard the sound."""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Collection
from typing import Final, Protocol, override

import numpy as np
from numpy.typing import NDArray

from halscope.hosts.libretro import picture
from halscope.hosts.libretro.api import (
    ArrayAudioDriver,
    ArrayVideoDriver,
    FrameBufferSpecial,
    InputDevice,
    IterableInputDriver,
    LogDriver,
    LogLevel,
    PixelFormat,
    Port,
)
from halscope.hosts.libretro.pads import BUTTONS, PORTS

_FORMATS: Final[dict[PixelFormat, picture.PixelFormat]] = {
    PixelFormat.RGB1555: "rgb1555",
    PixelFormat.XRGB8888: "xrgb8888",
    PixelFormat.RGB565: "rgb565",
}
_HARDWARE: Final = ctypes.c_void_p(-1).value  # RETRO_HW_FRAME_BUFFER_VALID in place of a picture
_logger = logging.getLogger("halscope.hosts.libretro")


class _Pointer(Protocol):
    @property
    def value(self) -> int | None: ...


class KeptPicture(ArrayVideoDriver):
    """Keeps the last picture as the core drew it, and converts it to RGB only on request."""

    def __init__(self) -> None:
        super().__init__()
        self._raw: NDArray[np.uint8] | None = None
        self._width = 0

    @override
    def refresh(self, data: memoryview | FrameBufferSpecial, width: int, height: int, pitch: int) -> None:
        if isinstance(data, memoryview):  # anything else means that the picture has not changed
            # The core reuses its buffer after this call.
            self._raw = np.frombuffer(data, np.uint8).reshape(height, pitch).copy()
            self._width = width

    def drawn(self, data: _Pointer, width: int, height: int, pitch: int) -> None:
        """Take what a core passes to `retro_video_refresh_t`. libretro.py's own way takes ten times as long."""
        address = data.value
        if address is not None and address != _HARDWARE:  # else the picture has not changed
            self.refresh(memoryview((ctypes.c_uint8 * (height * pitch)).from_address(address)), width, height, pitch)

    @property
    @override
    def needs_reinit(self) -> bool:
        return False

    @override
    def reinit(self) -> None:
        """Do nothing: no buffer has to be allocated."""

    def drop(self) -> None:
        """Forget the last picture."""
        self._raw = None

    def rgb(self) -> NDArray[np.uint8] | None:
        """Return the last picture as a private array, or `None` before the first; see `picture.to_rgb`."""
        if self._raw is None:
            return None
        return picture.to_rgb(self._raw, self._width, _FORMATS[self.pixel_format])


class HeldButtons(IterableInputDriver):
    """The joypads and the buttons held on them."""

    def __init__(self) -> None:
        super().__init__()
        self._held = [0] * PORTS

    def hold(self, buttons: Collection[str], port: int) -> None:
        """Hold exactly these buttons of a pad from now on; names as in `BUTTONS`."""
        self._held[port] = sum(1 << BUTTONS.index(button) for button in set(buttons))

    @override
    def poll(self) -> None:
        """Do nothing: the buttons do not change within a frame."""

    @override
    def state(self, port: Port, device: InputDevice, index: int, id: int) -> int:
        return self.answer(port, device, index, id)

    def answer(self, port: int, device: int, _index: int, button: int) -> int:
        """Answer a core that asks for a button. It asks for each in each frame."""
        if not 0 <= port < PORTS or device != _JOYPAD:
            return 0
        held = self._held[port]
        return held if button == _JOYPAD_MASK else held >> button & 1


_JOYPAD: Final = int(InputDevice.JOYPAD)
_JOYPAD_MASK: Final = 256


class NoSound(ArrayAudioDriver):
    """Discards the sound."""

    @override
    def sample(self, left: int, right: int) -> None:
        """Discard one stereo sample."""

    @override
    def sample_batch(self, frames: memoryview) -> int:
        return len(frames) // 2


class CoreLog(LogDriver):
    """Passes the core's messages to Python's logging. They arrive unformatted, with `%s` still in place."""

    @override
    def log(self, level: LogLevel, fmt: bytes) -> None:
        _logger.debug("%s", fmt.decode(errors="replace").rstrip())
