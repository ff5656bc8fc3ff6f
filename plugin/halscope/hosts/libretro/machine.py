"""A libretro core with a loaded game: opens, checks, runs, reads and closes it. Only this module drives libretro.py."""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from halscope_hooks import MOST_BWRAM_BYTES, VRAM_BYTES, WRAM_BYTES, HostError
from numpy.typing import NDArray

import halscope._codec as _codec
from halscope._rom_file import has_sa1
from halscope.hosts._core_folder import CoreFolder, new_core_folder
from halscope.hosts.libretro.api import AvEnableFlags, ExplicitPathDriver, Session
from halscope.hosts.libretro.core_use import CoreUse
from halscope.hosts.libretro.cores import INSTALL_HINT, KNOWN_CORES, core_name
from halscope.hosts.libretro.direct_core import DirectCore
from halscope.hosts.libretro.drivers import CoreLog, NoButtons, NoPicture, NoSound
from halscope.hosts.libretro.pads import check_pad, mask_of

_API_VERSION: Final = 1
_SAVE_RAM: Final = 0
_SYSTEM_RAM: Final = 2
_VIDEO_RAM: Final = 3
_ROM: Final = 4
# Every line that the console draws, 224 or 239: snes9x since 2018 cuts 239 down to 224 by default.
_OPTIONS: Final = {"snes9x_overscan": "auto"}
_POWER_ON_WRAM: Final = 0x55  # as in snes9x; on a console the contents are random

# (device, inode) of each core that has a game loaded. Cores keep their machine in global variables, and a process loads
# the same file only once, so one core runs one game.
_running: set[tuple[int, int]] = set()


class Machine:
    """A running core, used by one thread. Any thread may `close` it; otherwise garbage collection or interpreter exit
    closes it.

    Args:
        core_path: The core's shared library.
        rom: The headerless image.
        keep_output: Whether what the core prints goes to the log, see `hold_library`.
        interrupts: Whether this process handles signals in Python, see `CoreUse`.

    Raises:
        HostError: The file is not a shared library or not a libretro core, or the core is for another console, is in
            use, does not accept the ROM, or exposes no VRAM.
    """

    def __init__(self, core_path: Path, rom: bytes, *, keep_output: bool = True, interrupts: bool = True) -> None:
        core, held = _open(core_path, keep_output=keep_output)
        self._core = core
        self.fixed_clock: bool = "time" in held
        """Whether the core reads a clock that stands still, so that nothing is seeded from the time."""
        info = core.get_system_info()
        self.library_name: str = (info.library_name or b"").decode(errors="replace")
        self.library_version: str = (info.library_version or b"").decode(errors="replace")
        _check_console(core_path, self.library_name, (info.valid_extensions or b"").decode(errors="replace"))
        stat = core_path.stat()
        key = (stat.st_dev, stat.st_ino)
        if key in _running:
            raise HostError(
                f"{core_path}: this core already runs a game in this process, and a core holds only one; "
                "close the other host first, or start a second process"
            )
        self.core_path = core_path
        self.around_run: AbstractContextManager[None] = nullcontext()
        """Entered for each frame."""
        self._callbacks = core.callbacks
        # Some cores keep a pointer to the image instead of a copy, so it must live as long as the machine.
        self._rom = bytearray(rom)
        folder = new_core_folder(core_path)
        self._session = Session(
            core,
            self._rom,
            audio=NoSound,
            input=NoButtons,
            video=NoPicture,
            log=CoreLog,
            options=_OPTIONS,
            path=ExplicitPathDriver(core_path, *(folder.path,) * 5),
            av_enable=AvEnableFlags.VIDEO | AvEnableFlags.AUDIO,
            message=None,
            mic=None,  # asked for in each frame
            timing=None,
        )
        _running.add(key)
        loaded: list[bool] = []
        unload = partial(_unload, self._session, folder, key, loaded)
        self._use = CoreUse(core_path, unload, core.callbacks, interrupts=interrupts)
        self._end = weakref.finalize(self, self._use.end)
        try:
            with self._use.calling("does not take the ROM"):
                self._session.__enter__()
                core.call_back_directly()
            loaded.append(True)
            # Cores ask their environment in these calls too, such as for a pixel format.
            with self._use.calling("does not describe itself"):
                self._state = bytearray(self._session.core.serialize_size())
                self.frames_a_second: float = self._session.core.get_system_av_info().timing.fps
                """The console's speed, as the core says."""
                self.vram = self._memory(_VIDEO_RAM, VRAM_BYTES, "VRAM")
                self.wram = self._memory(_SYSTEM_RAM, WRAM_BYTES, "WRAM")
            self.bwram = self._save_ram() if has_sa1(rom) else None
            # bsnes-mercury keeps what the previous game left there; every start must be the same.
            self.vram[:] = 0
            self.wram[:] = _POWER_ON_WRAM
        except HostError:
            self.close()
            raise

    @property
    def closed(self) -> bool:
        """Whether the core was unloaded."""
        return self._use.ended

    def hold(self, buttons: Collection[str], port: int) -> None:
        """Hold exactly these buttons of the pad in `port`. Raises HostError for an unknown name or port."""
        check_pad(buttons, port)
        self._callbacks.hold(port, mask_of(buttons))

    def run(self) -> None:
        """Run to the end of the next frame."""
        with self._use.calling("failed while it ran"), self.around_run:
            # libretro.py's own way takes longer than the rest around a frame. It raises what its callbacks could not.
            if self._core.called_python:
                self._session.run()
            else:
                self._core.run()

    def reset(self) -> None:
        """Press the console's reset button."""
        with self._use.calling("failed at the reset"):
            self._session.reset()

    def picture(self) -> NDArray[np.uint8] | None:
        """Return the last picture as uint8[h, 256 or 512, 3], or `None` before the first.

        The next frame is drawn into the same array. Pictures of 512 columns are kept where some pair of columns
        differs, that is in hi-res; an interlaced picture (more than 239 lines) has the rows of both fields. 5-bit
        levels are expanded to 8 bits as for palettes, `c << 3 | c >> 2`.
        """
        return self._callbacks.picture()

    def state(self) -> bytearray:
        """Return the core's state, in a buffer that the next call overwrites.

        bsnes-mercury continues to a safe point before it writes its state, so call this at most once per frame.
        """
        with self._use.calling("failed to write its state"):
            if not self._session.core.serialize(self._state):
                raise HostError(f"{self.core_path}: the core did not write its state")
        return self._state

    @property
    def last_state(self) -> bytearray:
        """The buffer that `state` returned last."""
        return self._state

    def load(self, state: bytes | bytearray) -> None:
        """Load a state that `state` returned earlier. The core drops what it had derived from video memory."""
        with self._use.calling("failed to load a state"):
            if not self._session.core.unserialize(bytearray(state)):
                raise HostError(
                    f"{self.core_path}: the core refused the state; it is damaged, or of another core, version or game"
                )

    def drop_picture(self) -> None:
        """Forget the last picture."""
        self._callbacks.drop_picture()

    def rom_memory(self) -> NDArray[np.uint8] | None:
        """Return the memory that the core hands out as the cartridge's ROM, or `None`."""
        view = self._session.core.get_memory(_ROM)
        return None if view is None else np.frombuffer(view, np.uint8)

    def rom_pointers(self) -> Iterator[int]:
        """Yield the addresses in this process at which, per the core, the cartridge's read-only memory begins."""
        seen: set[int] = set()
        for descriptor in self._session.memory_maps or ():
            pointer = descriptor.ptr
            if pointer is not None and pointer.value and descriptor.flags & 1:  # RETRO_MEMDESC_CONST
                for address in (pointer.value, pointer.value + descriptor.offset):
                    if address not in seen:
                        seen.add(address)
                        yield address

    def vram_address(self) -> int:
        """The address of VRAM in this process."""
        return int(self.vram.ctypes.data)

    def close(self) -> None:
        """Unload the game and the core. Idempotent. The memories must not be accessed afterwards."""
        self._end()

    def _save_ram(self) -> NDArray[np.uint8] | None:
        """Return the cartridge's RAM, or `None` if the core hands out none."""
        view = self._session.core.get_memory(_SAVE_RAM)
        return None if view is None or not view.nbytes else np.frombuffer(view, np.uint8)[:MOST_BWRAM_BYTES]

    def _memory(self, memory_id: int, size: int, name: str) -> NDArray[np.uint8]:
        view = self._session.core.get_memory(memory_id)
        if view is None or view.nbytes < size:
            found = "nothing" if view is None else f"{view.nbytes} bytes"
            raise HostError(
                f"{self.core_path}: the core ({self.library_name} {self.library_version}) exposes {found} as {name}, "
                f"expected {size} bytes; use one of: {', '.join(KNOWN_CORES)}"
            )
        return np.frombuffer(view, np.uint8, size)


def _open(path: Path, *, keep_output: bool) -> tuple[DirectCore, list[str]]:
    """Load the shared library and check that it is a libretro core. Return it and the imports that were replaced."""
    try:
        library = _codec.load_library(lambda: _load(path)) if keep_output else _load(path)
        core = DirectCore(path)  # the same library: it is loaded once; nothing of it is called yet
        held = _codec.hold_library(library._handle, keep_output)  # a core alone: other libraries may be in use here
    except OSError as error:
        raise HostError(f"{path}: cannot be loaded as a libretro core: {error}; {INSTALL_HINT}") from error
    except ValueError as error:
        raise HostError(f"{path}: is a library but not a libretro core: {error}; {INSTALL_HINT}") from error
    version = core.api_version()
    if version != _API_VERSION:
        raise HostError(f"{path}: the core uses libretro API {version}; only {_API_VERSION} is supported")
    return core, held


def _load(path: Path) -> ctypes.CDLL:
    return ctypes.CDLL(str(path.resolve()))


def _check_console(path: Path, library_name: str, extensions: str) -> None:
    """Refuse a core that does not run SNES games, judged by the file types that it declares."""
    if not {"sfc", "smc"} & set(extensions.lower().split("|")):
        raise HostError(
            f"{path}: the core {library_name or core_name(path)} is for another console "
            f"(it accepts {extensions.replace('|', ', ') or 'no files'}); use one of: {', '.join(KNOWN_CORES)}"
        )


def _unload(session: Any, folder: CoreFolder, key: tuple[int, int], loaded: list[bool]) -> None:
    """Unload a core. A function, not a method, so that a finalizer can call it without keeping the machine alive."""
    try:
        if loaded:
            session.__exit__(None, None, None)
        else:
            session.core.deinit()  # libretro.py leaves the core initialised when loading the game fails
    finally:
        _running.discard(key)
        folder.remove()
