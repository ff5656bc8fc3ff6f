"""The identity of the ROM that the emulator runs, as its script reports it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from halscope_hooks import RomIdentity, UsageError

from halscope._files import read_limited
from halscope._rom_file import COPIER_BYTES, copier_header_bytes
from halscope.hosts.mesen2._listener import RomReport

_LARGEST_ROM: Final = 0x1000000


def rom_identity(rom: RomReport) -> RomIdentity:
    """Return the ROM's identity. The emulator hashes the file; without the file, a copier header cannot be excluded.

    Of a file in an archive the path names both, so that two games are told apart.
    """
    if rom.name and Path(rom.path).name != rom.name:
        return RomIdentity(path=f"{rom.path}/{rom.name}")
    try:
        data = read_limited(Path(rom.path), _LARGEST_ROM + COPIER_BYTES, "SNES ROM")
    except (UsageError, ValueError):
        return RomIdentity(path=rom.path or None)
    header = copier_header_bytes(data)
    if hashlib.sha1(data, usedforsecurity=False).hexdigest() != rom.sha1.lower():
        # The file has changed since the emulator read it. No path: what is there now does not run.
        return RomIdentity(sha1=None if header else rom.sha1.lower() or None)
    image = data[header:]
    return RomIdentity(
        path=rom.path,
        sha1=hashlib.sha1(image, usedforsecurity=False).hexdigest(),
        sha256=hashlib.sha256(image).hexdigest(),
    )
