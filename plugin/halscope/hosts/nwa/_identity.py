"""Identity of the ROM that an emulator runs: the bytes of its cartridge, compared with the user's file."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

import numpy as np
from halscope_hooks import RomIdentity, UsageError

from halscope._files import read_limited
from halscope._rom_file import COPIER_BYTES, copier_header_bytes
from halscope.hosts.nwa._connection import Connection
from halscope.hosts.nwa._emulator import MOST_ROM, Loaded

_PIECE: Final = 0x40000
_EDITED_SHARE: Final = 1 / 8
"""Largest share of bytes in which a ROM that was edited while it runs differs from its file."""


def identify(image: bytes, loaded: Loaded, file: Path | None) -> RomIdentity:
    """Return the identity of the loaded ROM.

    A running ROM that holds edits of an earlier session is still the file's: it has the file's size and most of its
    bytes. Its hashes are then those of the file.

    Args:
        image: The ROM as `read_rom` returns it.
        loaded: The loaded game.
        file: The file that the user says it is, or `None`.
    """
    if not image:
        return RomIdentity(path=loaded.file)
    if file is not None and (own := _image(file)) is not None and _edited(own, image):
        return _identity(own, str(file))
    return _identity(image, loaded.file)


def read_rom(connection: Connection, loaded: Loaded) -> bytes:
    """Return the cartridge's ROM, or no bytes if it cannot be read. Raises HostGoneError."""
    memory = loaded.memories.get("CARTROM")
    if memory is None or not memory.readable or memory.size is None:
        return b""  # without a size, some servers read past the end of their memory and crash
    image = bytearray()
    while len(image) < memory.size:
        wanted = min(_PIECE, memory.size - len(image))
        block = connection.ask(f"CORE_READ CARTROM;${len(image):X};{wanted}", most=wanted).block
        if block is None or len(block) != wanted:
            return b""
        image += block
    return bytes(image)


def _image(file: Path) -> bytes | None:
    try:
        data = read_limited(file, MOST_ROM + COPIER_BYTES, "SNES ROM")
    except UsageError:
        return None
    return data[copier_header_bytes(data) :]


def _edited(own: bytes, running: bytes) -> bool:
    if len(own) != len(running):
        return False
    differ = np.count_nonzero(np.frombuffer(own, np.uint8) != np.frombuffer(running, np.uint8))
    return bool(differ <= len(own) * _EDITED_SHARE)


def _identity(image: bytes, path: str | None) -> RomIdentity:
    return RomIdentity(
        path=path,
        sha1=hashlib.sha1(image, usedforsecurity=False).hexdigest(),
        sha256=hashlib.sha256(image).hexdigest(),
    )
