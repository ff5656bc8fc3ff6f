"""The child's program: runs a core in process, and does what the parent asks, one request at a time.

Requests are a name and its arguments; replies are (True, result) or (False, error).
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halscope_hooks import HalscopeError, HostError

from halscope.hosts.embedded._bell import Ringer
from halscope.hosts.embedded._messages import pack, receive
from halscope.hosts.embedded._parent import end_with_parent, remove_folder
from halscope.hosts.embedded._platform import prepare_child
from halscope.hosts.libretro import process_memory

if TYPE_CHECKING:
    from halscope.hosts.embedded._game import RunningGame
    from halscope.hosts.libretro.parts import SnapshotParts


def main(requests: int, replies: int, bell_key: str, folder: str) -> None:
    """Serve the parent until it closes its pipe or is gone.

    Args:
        requests, replies: Descriptors of the pipes from and to the parent.
        bell_key: What makes the bell, see `_bell`.
        folder: A temporary folder that is removed at the end; the ring is made in it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tempfile.tempdir = folder
    process_memory.keep_freed_memory_apart()
    _prepare_input()
    prepare_child()
    end_with_parent(requests, folder)
    game: RunningGame | None = None

    def reply(good: bool, value: object) -> None:
        message = memoryview(pack((good, value)))
        while message:
            message = message[os.write(replies, message) :]

    def start(rom: Path | bytes, core: Path, parts: SnapshotParts) -> object:
        nonlocal game
        from halscope.hosts.embedded._game import RunningGame

        game = RunningGame(rom, core, parts, Path(folder), Ringer(bell_key))
        process_memory.keep_freed_memory()
        return game.host.info, game.host.core

    try:
        while True:
            if game is not None and not game.wait_for(requests):
                continue  # it has run a frame
            request = receive(lambda most: os.read(requests, most))
            if request is None:
                break
            name, *arguments = request
            reply(*_done(start if name == "start" else _needed(game).actions[name], arguments))
        if game is not None:
            game.host.close()
    except OSError:
        pass  # the parent has gone
    finally:
        remove_folder(folder)
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


def _needed(game: RunningGame | None) -> RunningGame:
    if game is None:
        raise HostError("the core's process has not started a game")
    return game


def _prepare_input() -> None:
    """Give the core an empty standard input."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
