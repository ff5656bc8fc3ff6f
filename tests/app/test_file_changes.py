"""Which PNGs of a folder have changed, and whether all of a file is there."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from halscope.app import _sheet_folder
from halscope.app._file_changes import FolderChanges, edited_files, whole_png
from halscope.app._folder_watch import FolderWatch
from halscope.app._sheet_folder import SheetFolder
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image


def png(path: Path, level: int = 0) -> Path:
    pixels = np.random.default_rng(level).integers(0, 256, (8, 8, 3), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def eventually(happened: Callable[[], object]) -> bool:
    until = time.monotonic() + 60
    while not happened():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


@given(data=st.data())
def test_a_file_with_a_part_missing_or_changed_is_not_whole(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = png(tmp_path_factory.mktemp("png") / "a.png")
    whole = path.read_bytes()
    assert whole_png(str(path)) is not None
    path.write_bytes(whole + b"\0trailing")  # some programs add bytes
    assert whole_png(str(path)) is not None
    cut = data.draw(st.integers(0, len(whole) - 1))
    path.write_bytes(whole[:cut])
    assert whole_png(str(path)) is None
    other = bytearray(whole)
    other[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(other)  # the end is there, but the middle is of another file
    assert whole_png(str(path)) is None


@given(st.binary(max_size=64))
def test_any_bytes_may_stand_in_a_file(tmp_path_factory: pytest.TempPathFactory, rest: bytes) -> None:
    path = tmp_path_factory.mktemp("png") / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + rest)
    assert whole_png(str(path)) is None


def test_pngs_are_found_at_any_depth_by_the_paths_that_pathlib_makes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("b.png", "deep/er/a.png", "a.png"):
        png(tmp_path / name)
    (tmp_path / "a.json").touch()
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere")
    assert [*edited_files(tmp_path)] == [str(tmp_path / name) for name in ("a.png", "b.png", "deep/er/a.png")]
    monkeypatch.chdir(tmp_path)
    for here in (Path(), Path("deep/..")):
        assert [*edited_files(here)] == [str(here / name) for name in ("a.png", "b.png", "deep/er/a.png")]
    assert edited_files(tmp_path / "none") == {}


def test_the_system_reports_what_changes_in_a_folder_that_comes_goes_and_comes_back(tmp_path: Path) -> None:
    folder = tmp_path / "sheets"
    changes = FolderChanges(folder)
    changes.begin()
    changes.begin()
    try:
        for _ in range(2):
            folder.mkdir()
            known: set[str] = set()
            new, count = folder / "deep" / "new.png", 0

            def reported(path: Path, known: set[str] = known) -> bool:
                known.update(changes.take())
                return str(path) in known

            while not reported(new) and count < 400:  # until the new folder is watched
                png(new, count := count + 1)
                time.sleep(0.02)
            assert reported(new)
            known.clear()
            png(folder / "x.tmp.png", 1).replace(folder / "renamed.png")
            assert eventually(lambda: reported(folder / "renamed.png"))
            for path in sorted(folder.rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()
            folder.rmdir()
            assert eventually(lambda: not changes.take())
    finally:
        changes.close()
        changes.close()


def test_a_file_is_taken_at_once_if_it_is_whole_and_else_when_it_stays_as_it_is(tmp_path: Path) -> None:
    folder = SheetFolder(tmp_path, print)
    path = png(tmp_path / "a.png")
    assert [*folder.saved()] == [path]
    assert [*folder.saved()] == []
    whole = path.read_bytes()
    path.write_bytes(b"")
    assert [*folder.saved()] == []
    path.write_bytes(whole[:40])
    assert [*folder.saved()] == []
    assert [*folder.saved()] == [path], "it is refused with a reason, not waited for for ever"
    path.write_bytes(whole)
    assert [*folder.saved()] == [path]


def test_a_second_save_within_a_tick_of_the_clock_is_not_lost(tmp_path: Path) -> None:
    folder = SheetFolder(tmp_path, print)
    path = png(tmp_path / "a.png", 1)
    stamp = path.stat().st_mtime_ns
    assert [*folder.saved()] == [path]
    first = path.read_bytes()
    second = png(tmp_path.parent / "b.png", 2).read_bytes()
    assert len(second) == len(first), "an uncompressible picture has one size"
    path.write_bytes(second)
    os.utime(path, ns=(stamp, stamp))
    assert [*folder.saved()] == [], "its signature is the same"
    assert eventually(lambda: [*folder.saved()] == [path])
    assert [*folder.saved()] == []


def test_while_the_system_reports_changes_only_changed_files_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = SheetFolder(tmp_path, print)
    old = png(tmp_path / "old.png")
    folder.watch()
    try:
        assert eventually(lambda: folder._changes.reports)
        assert [*folder.saved()] == [old]

        def scanned(_: Path) -> None:
            raise AssertionError("all files were looked at")

        monkeypatch.setattr(_sheet_folder, "edited_files", scanned)
        assert [*folder.saved()] == []
        new = png(tmp_path / "deep" / "new.png", 1)
        assert eventually(lambda: [*folder.saved()] == [new])
        folder.read_again(new)
        assert not folder.changed()
        assert [*folder.saved()] == [new]
        monkeypatch.undo()
        monkeypatch.setattr(_sheet_folder, "_SCAN_EVERY", 0.0)
        folder.read_again(old)  # as if its change had not been reported
        folder._later.clear()
        assert [*folder.saved()] == [old], "all files are looked at now and then"
    finally:
        folder.close()


def test_what_changes_in_folders_that_come_move_and_go_is_reported(tmp_path: Path) -> None:
    watch = FolderWatch(tmp_path)
    stop = threading.Event()
    try:
        (tmp_path / "a" / "b").mkdir(parents=True)
        seen = set[str]()

        def reported(path: Path) -> bool:
            seen.update(watch.wait(0.1, stop))
            return str(path) in seen

        png(tmp_path / "a" / "b" / "in.png")
        assert eventually(lambda: reported(tmp_path / "a" / "b" / "in.png"))
        (tmp_path / "a").rename(tmp_path / "c")
        assert eventually(lambda: reported(tmp_path / "c" / "b" / "in.png"))
        (tmp_path / "c" / "b" / "in.png").unlink()
        (tmp_path / "c" / "b").rmdir()
        (tmp_path / "c").rmdir()
        tmp_path.rmdir()
        with pytest.raises(OSError, match="gone"):
            eventually(lambda: reported(tmp_path / "never"))
    finally:
        watch.close()
        watch.close()
