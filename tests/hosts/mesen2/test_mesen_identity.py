"""What the Mesen host says of the ROM that runs, from what the script reports."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from halscope.hosts.mesen2._identity import rom_identity
from halscope.hosts.mesen2._listener import RomReport
from halscope_hooks import RomIdentity


def identity(path: Path, name: str, sha1: str = "ab" * 20) -> RomIdentity:
    return rom_identity(RomReport(name, str(path), sha1, 0x8000, 0, 0))


@pytest.mark.parametrize("archive", [b"PK", None])
def test_games_in_archives_are_told_apart(archive: bytes | None, tmp_path: Path) -> None:
    """The archive is no ROM, whether it can be read here or not."""
    path = tmp_path / "games.zip"
    if archive is not None:
        path.write_bytes(archive)
    assert identity(path, "a.sfc") == RomIdentity(path=f"{path}/a.sfc")
    assert identity(path, "b.sfc") == RomIdentity(path=f"{path}/b.sfc")


def test_a_rom_whose_file_was_built_anew_is_known_by_its_hash_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.sfc"
    path.write_bytes(bytes(0x8000))
    assert identity(path, "a.sfc", "AB" * 20) == RomIdentity(sha1="ab" * 20)
    path.write_bytes(bytes(0x8200))  # with a copier header: the hash may have been that of such a file
    assert identity(path, "a.sfc") == RomIdentity()
    path.write_bytes(bytes(0x8000))
    assert identity(path, "a.sfc", hashlib.sha1(bytes(0x8000)).hexdigest()).path == str(path)
