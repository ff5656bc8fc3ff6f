"""Making a test's recording: so many frames of a ROM on the embedded emulator, with the buttons that the test names."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final

from halscope_hooks import HalscopeError, HostError, Snapshot, UsageError

from halscope.app import Game, open_game, play_frames
from halscope.demo import rom_path
from halscope.formats.recording import RecordingWriter
from halscope.hosts.libretro import check_installed, find_core
from halscope.testing._marker import Wanted

DEMO: Final = "demo"
"""What stands for the demo game in the place of a ROM's file."""


class CoreMissingError(HalscopeError):
    """There is no emulator to record on."""


def record(rom: str, core: str | None, path: Path, wanted: Wanted) -> None:
    """Record a run; a recording that is there is replaced once the new one is whole.

    Of the ROM's path only its name is kept: recordings are shipped, and a path says whose machine it was.

    Args:
        rom: The ROM's file, or "demo".
        core: The core's name or path; `None`: the first that is found.
        path: The recording.
        wanted: How many frames, which buttons, and what is kept.

    Raises:
        CoreMissingError: There is no core, or libretro.py is not installed.
        HalscopeError: The ROM cannot be read or run, or the file not be written.
    """
    try:
        find_core(core)
        check_installed()
    except HostError as error:
        raise CoreMissingError(str(error)) from error
    part = path.with_name(f"{path.name}.{os.getpid()}.part")  # workers of pytest-xdist may make the same recording
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
    return replace(
        snapshot,
        rom=None if snapshot.rom is None else replace(snapshot.rom, path=name),
        wram=snapshot.wram if wanted.wram else None,
        picture=snapshot.picture if wanted.picture else None,
    )
