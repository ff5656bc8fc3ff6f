"""Makes a test's recording: runs a ROM on a libretro core for the frames, and with the buttons, that the test names."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final

from halscope_hooks import HalscopeError, HostError, Snapshot, UsageError

from halscope.app import Game, open_game, play_frames
from halscope.demo import rom_path
from halscope.formats.recording import RecordingWriter, trimmed
from halscope.hosts.libretro import check_installed, find_core
from halscope.testing._marker import Wanted

DEMO: Final = "demo"
"""Selects the demo game instead of a ROM file."""


class CoreMissingError(HalscopeError):
    """No core to record on is installed."""


def record(rom: str, core: str | None, path: Path, wanted: Wanted) -> None:
    """Record a run. An existing recording is replaced once the new one is complete.

    Only the file name of the ROM's path is kept: recordings are published, and a path reveals whose machine it was.

    Args:
        rom: The ROM file, or "demo".
        core: Name or path of the core; `None` for the first one found.
        path: The recording.
        wanted: The frames, the buttons, and the memories to keep.

    Raises:
        CoreMissingError: No core was found, or libretro.py is not installed.
        HalscopeError: The ROM cannot be read or run, or the file cannot be written.
    """
    try:
        find_core(core)
        check_installed()
    except HostError as error:
        raise CoreMissingError(str(error)) from error
    # Other workers of pytest-xdist may write the same recording.
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as open_things:
            file = open_things.enter_context(rom_path()) if rom == DEMO else Path(rom)
            session = open_things.enter_context(open_game(Game(file, core)))
            with RecordingWriter(part, emulator=session.info.emulator) as writer:
                for update in play_frames(session, wanted.press, wanted.frames):
                    writer.append(_portable(update.snapshot, file.name, wanted))
        part.replace(path)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)


def _portable(snapshot: Snapshot, name: str, wanted: Wanted) -> Snapshot:
    kept = trimmed(snapshot, wram=wanted.wram, picture=wanted.picture)
    return kept if kept.rom is None else replace(kept, rom=replace(kept.rom, path=name))
