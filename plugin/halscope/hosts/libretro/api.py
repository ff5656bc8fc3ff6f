"""The part of libretro.py that we use. `api.pyi` has its types: mypy 2.4 ends with an internal error in libretro.py's
own, which would end it for anyone who imports Halscope."""

from libretro import Session
from libretro.api import AvEnableFlags
from libretro.api.environment import retro_environment_t as environment_function
from libretro.api.log import LogLevel
from libretro.core import Core
from libretro.drivers import ArrayAudioDriver, ArrayVideoDriver, ExplicitPathDriver, IterableInputDriver, LogDriver

__all__ = [
    "ArrayAudioDriver",
    "ArrayVideoDriver",
    "AvEnableFlags",
    "Core",
    "ExplicitPathDriver",
    "IterableInputDriver",
    "LogDriver",
    "LogLevel",
    "Session",
    "environment_function",
]
