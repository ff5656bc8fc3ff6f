"""The child's program: runs a core in process, and does what the parent asks, one request at a time.

Requests are a name and its arguments; replies are (True, result) or (False, error).
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from halscope_hooks import HalscopeError, HostError

from halscope.hosts.embedded._messages import pack, receive
from halscope.hosts.embedded._parent import end_with_parent
from halscope.hosts.embedded._region import Region
from halscope.hosts.embedded._tracing import Tracer
from halscope.hosts.libretro import process_memory

if TYPE_CHECKING:
    from halscope.hosts.libretro import LibretroHost
    from halscope.hosts.libretro.parts import SnapshotParts

_LINE_BYTES: Final = 1024
_LINE_BUFFERED: Final = 1  # _IOLBF of stdio.h, on Linux, macOS and the BSDs


def main(region_key: str, folder: str) -> None:
    """Serve the parent until it closes its pipe or is gone.

    Args:
        region_key: Key of the shared memory.
        folder: A temporary folder that is removed at the end.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tempfile.tempdir = folder
    process_memory.keep_freed_memory_apart()
    requests, replies = _claim_pipes()
    end_with_parent(requests, folder)
    shared = Region(region_key).map
    _leave_no_core_dump()
    host: LibretroHost | None = None

    def reply(good: bool, value: object) -> None:
        message = memoryview(pack((good, value), shared))
        while message:
            message = message[os.write(replies, message) :]

    def start(rom: Path | bytes, core: Path, parts: SnapshotParts) -> object:
        nonlocal host
        from halscope.hosts.libretro import LibretroHost

        host = LibretroHost(rom, core, own_process=True, **parts)
        process_memory.keep_freed_memory()
        return host.info, host.core

    def step(pads: dict[int, frozenset[str]]) -> object:
        running = _needed(host)
        for port, buttons in pads.items():
            running.press(buttons, port)
        return running.step()

    actions: dict[str, Callable[..., object]] = {
        "start": start,
        "step": step,
        "write": lambda writes: _needed(host).write(writes).error,
        "reset": lambda: _needed(host).reset(),
        "save": lambda: _needed(host).save_state(),
        "load": lambda state: _needed(host).load_state(state),
        **Tracer(lambda: _needed(host)).actions(),
    }
    try:
        while (request := receive(lambda most: os.read(requests, most))) is not None:
            name, *arguments = request
            reply(*_done(actions[name], arguments))
        if host is not None:
            host.close()
    except OSError:
        pass  # the parent has gone
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        sys.stdout.flush()
        os._exit(0)  # what a core registered for the process's exit may crash or hang


def _done(action: Callable[..., object], arguments: list[Any]) -> tuple[bool, object]:
    try:
        return True, action(*arguments)
    except HalscopeError as error:
        return False, error
    except Exception as error:
        traceback.print_exc()  # goes to the log of the parent
        return False, HostError(f"the core's process failed: {type(error).__name__}: {error}")


def _needed(host: LibretroHost | None) -> LibretroHost:
    if host is None:
        raise HostError("the core's process has not started a game")
    return host


def _claim_pipes() -> tuple[int, int]:
    """Return private descriptors of the pipes from and to the parent. What the core prints goes to the third pipe."""
    requests, replies = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    if sys.platform != "win32":
        # In a pipe, C programs keep their output until a buffer is full; the last lines before a crash would be lost.
        name = "__stdoutp" if sys.platform == "darwin" else "stdout"
        library = ctypes.CDLL(None)
        library.setvbuf(ctypes.c_void_p.in_dll(library, name), None, _LINE_BUFFERED, ctypes.c_size_t(_LINE_BYTES))
    return requests, replies


def _leave_no_core_dump() -> None:
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
