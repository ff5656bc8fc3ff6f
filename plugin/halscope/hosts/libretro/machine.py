"""A libretro core with a game in it: opened, checked, run, read and closed. The only module that drives libretro.py."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from halscope_hooks import VRAM_BYTES, WRAM_BYTES, HostError
from libretro import Session
from libretro.api import AvEnableFlags
from libretro.core import Core
from libretro.drivers import ExplicitPathDriver
from numpy.typing import NDArray

from halscope.hosts.libretro.core_use import CoreUse
from halscope.hosts.libretro.cores import INSTALL_HINT, KNOWN_CORES, core_name
from halscope.hosts.libretro.drivers import BUTTONS, PORTS, CoreLog, HeldButtons, KeptPicture, NoSound

_API_VERSION: Final = 1
_SYSTEM_RAM: Final = 2
_VIDEO_RAM: Final = 3
_POWER_ON_WRAM: Final = 0x55  # as snes9x has it; a real console has rubbish

# Cores keep their machine in global variables, and the same file is loaded once a process: (device, inode) of each
# core that has a game in it now.
_running: set[tuple[int, int]] = set()


class Machine:
    """A running core. One thread uses it. Any thread may `close` it; where nobody does, the garbage collector or the
    interpreter's exit does.

    Args:
        core_path: The core's shared library.
        rom: The headerless image.

    Raises:
        HostError: No shared library, no libretro core, a core of another console, one that is in use, one that does not
            take the ROM, or one that shows no VRAM.
    """

    def __init__(self, core_path: Path, rom: bytes) -> None:
        core = _open(core_path)
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
        self._picture = KeptPicture()
        self._buttons = HeldButtons()
        # Some cores keep a pointer to the image instead of a copy: it lives as long as the machine.
        self._rom = bytearray(rom)
        folder = tempfile.TemporaryDirectory(prefix="halscope-core-", ignore_cleanup_errors=True)
        self._session = Session(
            core,
            self._rom,
            audio=NoSound,
            input=self._buttons,
            video=self._picture,
            log=CoreLog,
            path=ExplicitPathDriver(core_path, *(Path(folder.name),) * 5),
            av_enable=AvEnableFlags.VIDEO | AvEnableFlags.AUDIO,
            message=None,
        )
        _running.add(key)
        loaded: list[bool] = []
        self._use = CoreUse(core_path, partial(_unload, self._session, folder, key, loaded))
        self._end = weakref.finalize(self, self._use.end)
        try:
            with self._use.calling("does not take the ROM"):
                self._session.__enter__()
            loaded.append(True)
            self._state = bytearray(self._session.core.serialize_size())
            self.vram = self._memory(_VIDEO_RAM, VRAM_BYTES, "VRAM")
            self.wram = self._memory(_SYSTEM_RAM, WRAM_BYTES, "WRAM")
            # bsnes-mercury leaves there what the game before it left: a start is to be like every other.
            self.vram[:] = 0
            self.wram[:] = _POWER_ON_WRAM
        except HostError:
            self.close()
            raise

    @property
    def closed(self) -> bool:
        """Whether the core has been let go."""
        return self._use.ended

    def hold(self, buttons: Collection[str], port: int) -> None:
        """Hold exactly these buttons of the pad in `port`. Raises HostError for an unknown name or port."""
        unknown = sorted(set(buttons) - set(BUTTONS))
        if unknown:
            raise HostError(f"{', '.join(unknown)}: no such button; the pad has {', '.join(BUTTONS)}")
        if not 0 <= port < PORTS:
            raise HostError(f"no controller port {port}; the console has 0 and 1")
        self._buttons.hold(buttons, port)

    def run(self) -> None:
        """Run to the end of the next frame."""
        with self._use.calling("failed while it ran"):
            self._session.run()

    def reset(self) -> None:
        """Press the console's reset button."""
        with self._use.calling("failed at the reset"):
            self._session.reset()

    def picture(self) -> NDArray[np.uint8] | None:
        """Return the last picture, a private uint8[h, 256, 3], or `None` before the first."""
        # Measured: snes9x draws the main screen into the even columns of a hi-res picture, bsnes-mercury into the odd.
        return self._picture.rgb(main_column=0 if self.library_name == "Snes9x" else 1)

    def state(self) -> bytearray:
        """Return the core's state, in a buffer that the next call fills again.

        bsnes-mercury runs on to a safe point before it writes its state, so this is called once a frame at most.
        """
        with self._use.calling("failed to write its state"):
            if not self._session.core.serialize(self._state):
                raise HostError(f"{self.core_path}: the core did not write its state")
        return self._state

    def load(self, state: bytes | bytearray) -> None:
        """Load a state that `state` returned earlier. The core forgets what it had derived from video memory."""
        with self._use.calling("failed to load a state"):
            if not self._session.core.unserialize(bytearray(state)):
                raise HostError(f"{self.core_path}: the core refused the state; it is of another core, version or game")

    def rom_pointers(self) -> Iterator[int]:
        """Addresses in this process where the core says that read-only memory of the cartridge begins."""
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
        """Unload the game and let the core go. Idempotent. The memories must not be touched afterwards."""
        self._end()

    def _memory(self, memory_id: int, size: int, name: str) -> NDArray[np.uint8]:
        view = self._session.core.get_memory(memory_id)
        if view is None or view.nbytes < size:
            found = "nothing" if view is None else f"{view.nbytes} bytes"
            raise HostError(
                f"{self.core_path}: the core ({self.library_name} {self.library_version}) shows {found} as {name}, "
                f"expected {size} bytes; use one of: {', '.join(KNOWN_CORES)}"
            )
        return np.frombuffer(view, np.uint8, size)


def _open(path: Path) -> Core:
    """Load the shared library and look whether it is a libretro core."""
    try:
        core = Core(str(path.resolve()))
    except OSError as error:
        raise HostError(f"{path}: cannot be loaded as a libretro core: {error}; {INSTALL_HINT}") from error
    except ValueError as error:
        raise HostError(f"{path}: is a library but no libretro core: {error}; {INSTALL_HINT}") from error
    version = core.api_version()
    if version != _API_VERSION:
        raise HostError(f"{path}: the core speaks libretro API {version}, only {_API_VERSION} is known")
    return core


def _check_console(path: Path, library_name: str, extensions: str) -> None:
    """Refuse a core that does not run SNES games, going by the file types it says it takes."""
    if not {"sfc", "smc"} & set(extensions.lower().split("|")):
        raise HostError(
            f"{path}: the core {library_name or core_name(path)} is for another console "
            f"(it takes {extensions.replace('|', ', ') or 'no files'}); use one of: {', '.join(KNOWN_CORES)}"
        )


def _unload(session: Any, folder: Any, key: tuple[int, int], loaded: list[bool]) -> None:
    """Let a core go. A function of its own, so that a finalizer can call it without keeping the machine alive."""
    try:
        if loaded:
            session.__exit__(None, None, None)
        else:
            session.core.deinit()  # libretro.py initialises the core, then fails to load the game, and leaves it so
    finally:
        _running.discard(key)
        folder.cleanup()
