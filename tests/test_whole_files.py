"""Files are written wholly or not at all, under any name, and never over what they are made of."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from halscope._files import refuse_same, write_atomic
from halscope_hooks import HalscopeError, UsageError


@pytest.mark.parametrize("error", [OSError("the disk is full"), KeyboardInterrupt()])
def test_what_could_not_be_written_leaves_nothing_behind(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_descriptor: int) -> None:
        raise error

    path = tmp_path / "out.bps"
    path.write_bytes(b"earlier")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises((HalscopeError, KeyboardInterrupt)):
            write_atomic(path, b"new")
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("out.bps", b"earlier")]
    write_atomic(path, b"new")
    assert path.read_bytes() == b"new"


def test_the_longest_name_can_be_written_and_a_longer_one_is_named(tmp_path: Path) -> None:
    write_atomic(tmp_path / ("x" * 255), b"new")
    long = tmp_path / ("x" * 256)
    refuse_same(long, tmp_path, "ROM")
    with pytest.raises(HalscopeError, match="cannot be written"):
        write_atomic(long, b"new")


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_the_file_has_the_usual_permissions(tmp_path: Path) -> None:
    write_atomic(tmp_path / "a", b"")
    (tmp_path / "b").touch()
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


def test_the_source_is_refused_by_any_of_its_names(tmp_path: Path) -> None:
    (tmp_path / "rom").touch()
    (tmp_path / "link").symlink_to(tmp_path / "rom")
    with pytest.raises(UsageError, match="is the ROM itself"):
        refuse_same(tmp_path / "link", tmp_path / "rom", "ROM")
