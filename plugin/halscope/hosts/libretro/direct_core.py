"""A core that libretro.py drives, but for the calls of every frame: these go to native code and back."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, final, override

import halscope._codec as _codec
from halscope.hosts.libretro.api import Core, environment_function


@final
class DirectCore(Core):
    """A core that calls `CoreCallbacks`.

    libretro.py answers what a core asks of its environment. Except for that, a frame takes libretro.py and Python's
    callbacks longer than some cores.

    Args:
        path: The core's shared library, which is loaded already.
    """

    def __init__(self, path: Path) -> None:
        resolved = str(path.resolve())
        super().__init__(resolved)
        self.callbacks: Final = _codec.CoreCallbacks()
        """What the core calls."""
        self.called_python = True
        """Whether the last frame, or what came before the first, has called libretro.py."""
        self._retro_run = ctypes.cast(ctypes.CDLL(resolved).retro_run, ctypes.c_void_p).value or 0

    @override
    def set_environment(self, env: Callable[..., Any]) -> None:
        self._asked = environment_function(env)  # kept, as the callbacks have its address alone
        self.callbacks.pass_on_to(ctypes.cast(self._asked, ctypes.c_void_p).value or 0)
        super().set_environment(self.callbacks.environment)

    def call_back_directly(self) -> None:
        """Have the core give pictures and sound to its callbacks, and ask them for buttons; libretro.py has it call
        Python until then. Call it once the game is loaded."""
        self.set_video_refresh(self.callbacks.video_refresh)
        self.set_input_state(self.callbacks.input_state)
        self.set_input_poll(self.callbacks.input_poll)
        self.set_audio_sample_batch(self.callbacks.audio_batch)

    @override
    def run(self) -> None:
        self.called_python = self.callbacks.run(self._retro_run)
