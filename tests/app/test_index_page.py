"""The index page marks what cannot be edited, over the pictures and never in them."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from halscope.app import _sheet_folder
from halscope.app._index_page import SheetNote, write_index_page
from halscope.app._sheet_folder import SheetFolder, note_of
from halscope.inject import Cell, Sheet, read_sheet, write_sheet
from halscope_hooks import Origin, UsageError
from PIL import Image

PROVEN = Origin("hal", 0x8123, 0, "pointer")
DOUBTFUL = Origin("hal", 0x9000, 0, "content")
RAW = Origin("raw", 0xA000, 0, "content")


def sheet(origins: Sequence[Origin | None], places: Sequence[tuple[int, int]] | None = None) -> Sheet:
    """A sheet of tiles in a row, or at these places."""
    at = places or [(8 * number, 0) for number in range(len(origins))]
    cells = [
        Cell(x, y, False, False, 0, bytes([number + 1]) * 32, origin)
        for number, (origin, (x, y)) in enumerate(zip(origins, at, strict=True))
    ]
    return Sheet(
        kind="metasprite",
        title="a figure",
        width=8 * len(origins),
        height=8,
        bpp=4,
        palettes=np.arange(16, dtype=np.uint16).reshape(1, 16),
        cells=tuple(cells),
        rom_sha256="0" * 64,
    )


def paths(page: str) -> dict[str, str]:
    """The marks over the pictures, by class; the legend has marks of its own."""
    return dict(re.findall(r'<path class="(\w+)" d="([^"]+)"', "".join(re.findall(r"<figure>.*?</figure>", page))))


def test_locked_and_unproven_tiles_are_marked_where_they_are(tmp_path: Path) -> None:
    folder = SheetFolder(tmp_path, print)
    shown = sheet([PROVEN, None, DOUBTFUL, None, RAW])
    assert folder.add("figure", shown)
    folder.write_page("game")
    page = (tmp_path / "index.html").read_text("utf-8")
    assert paths(page) == {"locked": "M8 0h8v8h-8zM24 0h8v8h-8z", "unproven": "M16 0h8v8h-8z"}
    assert 'viewBox="0 0 40 8"' in page
    assert "painting it is refused" in page
    assert "needs --force" in page
    back = read_sheet(tmp_path / "figure.png")
    np.testing.assert_array_equal(back.pixels, shown.composition.pixels)


def test_a_page_without_such_tiles_has_no_marks_and_no_legend(tmp_path: Path) -> None:
    folder = SheetFolder(tmp_path, print)
    assert folder.add("figure", sheet([PROVEN, RAW]))
    folder.write_page("game")
    page = (tmp_path / "index.html").read_text("utf-8")
    assert "<svg" not in page
    assert "marked here" not in page


def test_where_tiles_cover_each_other_the_one_that_can_be_edited_counts() -> None:
    places = [(0, 0), (0, 0), (8, 0), (8, 0), (16, 0)]
    note = note_of(sheet([None, PROVEN, DOUBTFUL, None, None], places), "text")
    assert note == SheetNote("text", locked=((16, 0),), unproven=((8, 0),))


def test_a_sheet_of_an_earlier_run_is_shown_without_marks(tmp_path: Path) -> None:
    assert SheetFolder(tmp_path, print).add("old", sheet([None]))
    page = write_index_page(tmp_path, "game", {}).read_text("utf-8")
    assert 'src="old.png"' in page
    assert "<svg" not in page


def test_a_page_or_a_picture_of_the_users_is_left_as_it_is_and_said_once(tmp_path: Path) -> None:
    reports: list[str] = []
    (tmp_path / "index.html").write_text("<!doctype html>mine")
    (tmp_path / "screen.png").write_bytes(b"\x89PNG\r\n\x1a\nmine")
    folder = SheetFolder(tmp_path, reports.append)
    picture = np.zeros((224, 256, 3), np.uint8)
    for _ in range(2):
        folder.write_page("game")
        folder.show_screen(picture)
    assert (tmp_path / "index.html").read_text() == "<!doctype html>mine"
    assert (tmp_path / "screen.png").read_bytes().endswith(b"mine")
    assert [line.partition(":")[0] for line in reports] == [
        str(tmp_path / "index.html"),
        str(tmp_path / "screen.png"),
    ]
    with pytest.raises(UsageError, match=r"index\.html: was not written by Halscope"):
        write_index_page(tmp_path, "game", {})


def test_our_own_page_and_picture_of_an_earlier_run_are_replaced(tmp_path: Path) -> None:
    reports: list[str] = []
    for title, colour in (("first", 0), ("second", 255)):
        folder = SheetFolder(tmp_path, reports.append)
        folder.write_page(title)
        folder.show_screen(np.full((224, 256, 3), colour, np.uint8))
    assert "second" in (tmp_path / "index.html").read_text()
    with Image.open(tmp_path / "screen.png") as image:
        assert image.convert("RGB").getpixel((9, 9)) == (255, 255, 255)
    assert not reports


def test_a_sheet_that_another_thread_is_writing_is_not_taken_for_a_saved_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = SheetFolder(tmp_path, print)
    written, go_on = threading.Event(), threading.Event()

    def slowly(sheet: Sheet, pixels: None, path: Path) -> None:
        write_sheet(sheet, pixels, path)
        written.set()
        assert go_on.wait(60)

    monkeypatch.setattr(_sheet_folder, "write_sheet", slowly)
    saved: list[list[Path]] = []
    writer = threading.Thread(target=folder.add, args=("figure", sheet([PROVEN])))
    looker = threading.Thread(target=lambda: saved.append([*folder.saved()]))
    writer.start()
    assert written.wait(60)
    looker.start()
    looker.join(0.1)  # without a lock it ends now
    go_on.set()
    writer.join()
    looker.join()
    assert saved == [[]]
