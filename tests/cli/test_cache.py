"""`halscope cache` lists and clears the cached indexes; `--fresh` does not use them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from halscope.cli import main
from support.plugin_folder import write_plugin
from support.roms import make_rom


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("HALSCOPE_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def rom(tmp_path: Path) -> Path:
    path = tmp_path / "game.sfc"
    path.write_bytes(make_rom(0x10000))
    return path


def document(capsys: pytest.CaptureFixture[str], *arguments: object) -> Any:
    assert main([str(argument) for argument in arguments]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_cache_is_listed_and_cleared(cache: Path, rom: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert document(capsys, "cache", "--json") == {"folder": str(cache), "bytes": 0, "files": []}
    document(capsys, "scan", rom, "--json")
    listed = document(capsys, "cache", "list", "--json")
    (file,) = listed["files"]
    assert (file["rom"], file["title"], file["codecs"]) == ("game.sfc", "HALSCOPE TEST", ["hal", "lz1", "lz2"])
    assert file["bytes"] == listed["bytes"] == (cache / file["file"]).stat().st_size
    assert main(["cache"]) == 0
    assert "game.sfc" in capsys.readouterr().out
    cleared = document(capsys, "cache", "clear", "--json")
    assert cleared["deleted"] == [file]
    assert list(cache.iterdir()) == []
    assert main(["cache", "clear"]) == 0
    assert "0 indexes deleted" in capsys.readouterr().out


def test_a_small_file_has_a_size_that_says_something(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cache.mkdir()
    (cache / "index-1.bin").write_bytes(b"HALSCOPE INDEX\r\n" + bytes(8))
    (cache / "index-2.bin").write_bytes(b"HALSCOPE INDEX\r\n" + bytes(3484))
    assert main(["cache"]) == 0
    text = capsys.readouterr().out
    assert "24 bytes" in text
    assert "3.5 kB" in text
    assert text.endswith(": 2 indexes, 3.5 kB\n")
    (cache / "index-2.bin").unlink()
    assert main(["cache", "clear"]) == 0
    assert capsys.readouterr().out.endswith(": 1 index deleted, 24 bytes\n")


def test_a_damaged_file_is_listed_as_such(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cache.mkdir()
    (cache / "index-1.bin").write_bytes(b"HALSCOPE INDEX\r\n" + bytes(8))
    assert main(["cache"]) == 0
    assert "damaged" in capsys.readouterr().out


CODEC = """
import numpy as np
from halscope_hooks import Block, CodecError, hookimpl

DTYPE = np.dtype([("offset", "<u4"), ("packed_size", "<u4"), ("size", "<u4")])


class Codec:
    name = "mine"

    def decode(self, data, offset=0):
        if offset != {offset}:
            raise CodecError("no stream", offset)
        return Block(np.arange(256, dtype=np.uint8), 100, offset)

    def encode(self, data, *, cancel=None):
        raise CodecError("cannot", 0)

    def scan(self, rom, *, window=0, cancel=None):
        return np.array([({offset}, 100, 256)], DTYPE)


class Plugin:
    @hookimpl
    def halscope_codecs(self):
        return [Codec()]


plugin = Plugin()
"""


def test_an_index_that_a_plugins_broken_scan_built_is_not_kept(
    cache: Path, rom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The author corrects the plugin's code and does not think of its version."""
    found = []
    for offset in (0x1000, 0x2000):
        folder = write_plugin(tmp_path / f"plugin-{offset}", CODEC.replace("{offset}", str(offset)))
        blocks = document(capsys, "scan", rom, "--plugin", folder, "--min-score", "0", "--json")["blocks"]
        found.append([block["offset"] for block in blocks if block["codec"] == "mine"])
    assert found == [[0x1000], [0x2000]]
    assert len(list(cache.iterdir())) == 2


def test_fresh_builds_the_index_again(cache: Path, rom: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document(capsys, "scan", rom, "--json")
    (path,) = cache.iterdir()
    first = path.stat().st_mtime_ns
    inode = path.stat().st_ino
    document(capsys, "scan", rom, "--json")
    assert path.stat().st_ino == inode  # read, and its time of use noted
    document(capsys, "scan", rom, "--json", "--fresh")
    assert path.stat().st_ino != inode
    assert path.stat().st_mtime_ns > first
