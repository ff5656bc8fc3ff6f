"""Game files for a ROM: the one that the user names, and `game.toml` beside it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from halscope_hooks import GameProfile, HalscopeError, RomError

from halscope.app._file_kinds import refuse_other_kind
from halscope.games import FILE_NAME, fits, load_game
from halscope.rom.image import Rom
from halscope.rom.mapping import Mapping, parse_mapping

log: Final = logging.getLogger("halscope.games")


def open_rom(path: Path, mapping: Mapping | None, profile: GameProfile | None) -> Rom:
    """Read a ROM. If its header does not tell the mapping and the user did not, the given profile does.

    Raises:
        UsageError: The file cannot be read.
        RomError: It is not a SNES ROM.
    """
    named = None if profile is None or mapping is not None else profile.mapping
    known = None if named is None else parse_mapping(named)
    try:
        rom = Rom.load(path, mapping)
    except RomError as error:
        refuse_other_kind(path, error)
        if known is None:
            raise
        return Rom.load(path, known)
    return rom if rom.has_header or known is None else Rom.load(path, known)


def game_beside(path: Path, rom: Rom) -> GameProfile | None:
    """Return the profile in the game file beside a ROM, or `None` if there is none that is for it.

    A file that is not valid is reported, but does not keep the ROM from being opened.
    """
    file = path.parent / FILE_NAME
    if not file.is_file():
        return None
    try:
        profile = load_game(file)
    except HalscopeError as error:
        log.warning("%s; it is ignored", error)
        return None
    if not fits(profile, rom.title, rom.sha256):
        log.warning("%s is for another ROM than %s (by its titles and hashes) and is ignored", file, rom.name)
        return None
    return profile
