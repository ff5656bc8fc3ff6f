"""A libretro core without anything around it, to measure what it takes by itself."""

from __future__ import annotations

import ctypes
import math
import time
from pathlib import Path
from typing import Final

_SET_PIXEL_FORMAT: Final = 10
_ENVIRONMENT: Final = ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_uint, ctypes.c_void_p)
_VIDEO: Final = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint, ctypes.c_size_t)
_SAMPLE: Final = ctypes.CFUNCTYPE(None, ctypes.c_int16, ctypes.c_int16)
_SAMPLES: Final = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t)
_POLL: Final = ctypes.CFUNCTYPE(None)
_STATE: Final = ctypes.CFUNCTYPE(ctypes.c_int16, *(ctypes.c_uint,) * 4)


class _Game(ctypes.Structure):
    _fields_ = (
        ("path", ctypes.c_char_p),
        ("data", ctypes.c_char_p),
        ("size", ctypes.c_size_t),
        ("meta", ctypes.c_char_p),
    )


def seconds_a_frame(core: Path, rom: Path, frames: int, rate: float = math.inf) -> float:
    """Run a game on a core for so many frames, `rate` a second, and return the processor time of one, in seconds.

    A frame that follows a pause takes up to twice as long as one of many: what it needs is no longer in the caches. The
    core is never unloaded: call this in a process that ends soon.
    """
    library = ctypes.CDLL(str(core))
    callbacks = {
        "environment": _ENVIRONMENT(lambda command, _data: command == _SET_PIXEL_FORMAT),
        "video_refresh": _VIDEO(lambda *_: None),
        "audio_sample": _SAMPLE(lambda *_: None),
        "audio_sample_batch": _SAMPLES(lambda _data, count: count),
        "input_poll": _POLL(lambda: None),
        "input_state": _STATE(lambda *_: 0),
    }
    for name, callback in callbacks.items():
        library[f"retro_set_{name}"](callback)
    library.retro_init()
    data = rom.read_bytes()
    if not library.retro_load_game(ctypes.byref(_Game(str(rom).encode(), data, len(data), None))):
        raise RuntimeError(f"{core}: does not take {rom}")
    run = library.retro_run
    began, due = time.process_time(), time.monotonic()
    for _ in range(frames):
        run()
        due += 1 / rate
        if (ahead := due - time.monotonic()) > 0:
            time.sleep(ahead)
    return (time.process_time() - began) / frames


if __name__ == "__main__":
    import os
    import sys

    core, rom, frames, *rate = sys.argv[1:]
    print(seconds_a_frame(Path(core), Path(rom), int(frames), *map(float, rate)), flush=True)
    os._exit(0)  # what a core does at the process's end is not of interest
