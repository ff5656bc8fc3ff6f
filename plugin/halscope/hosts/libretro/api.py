"""The part of libretro.py that we use. `api.pyi` has its types: mypy 2.4 ends with an internal error in libretro.py's
own, which would end it for anyone who imports Halscope."""

from libretro import Session
from libretro.api import AvEnableFlags, InputDevice, Port
from libretro.api.log import LogLevel
from libretro.api.video import PixelFormat
from libretro.core import Core
from libretro.drivers import ArrayAudioDriver, ArrayVideoDriver, ExplicitPathDriver, IterableInputDriver, LogDriver
from libretro.drivers.video import FrameBufferSpecial

__all__ = [
    "ArrayAudioDriver",
    "ArrayVideoDriver",
    "AvEnableFlags",
    "Core",
    "ExplicitPathDriver",
    "FrameBufferSpecial",
    "InputDevice",
    "IterableInputDriver",
    "LogDriver",
    "LogLevel",
    "PixelFormat",
    "Port",
    "Session",
]
