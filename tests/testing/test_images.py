"""Pictures are compared with references; differences are counted, reported and drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from halscope.testing._image import ImageCheck, as_rgba, compare
from halscope_hooks import ImageError, UsageError
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]


def checker(folder: Path, *, update: bool = False) -> tuple[ImageCheck, list[Path]]:
    written: list[Path] = []
    output = folder / "out"
    output.mkdir(exist_ok=True)
    return ImageCheck(references=folder / "test_it", output=output, update=update, written=written.append), written


def gradient(height: int = 20, width: int = 30) -> Pixels:
    picture = np.zeros((height, width, 3), np.uint8)
    picture[..., 0] = np.arange(width) * 8
    picture[..., 1] = np.arange(height)[:, None] * 12
    return picture


def failure(folder: Path, picture: Pixels, tolerance: int = 0) -> str:
    with pytest.raises(AssertionError) as caught:
        checker(folder)[0].check(picture, "view", tolerance)
    return str(caught.value)


@pytest.fixture
def reference(tmp_path: Path) -> Pixels:
    check, written = checker(tmp_path, update=True)
    check.check(gradient(), "view")
    assert written == [tmp_path / "test_it" / "view.png"]
    return gradient()


def test_equal_pictures_pass_in_every_form_they_may_have(tmp_path: Path, reference: Pixels) -> None:
    check, _ = checker(tmp_path)
    file = tmp_path / "test_it" / "view.png"
    for picture in (reference, as_rgba(reference), file, file.read_bytes(), Image.fromarray(reference)):
        check.check(picture, "view")
    assert not list((tmp_path / "out").iterdir())


def test_a_missing_reference_says_how_to_take_it_and_keeps_what_came(tmp_path: Path) -> None:
    said = failure(tmp_path, gradient())
    assert f"{tmp_path / 'test_it' / 'view.png'}: the reference picture does not exist yet" in said
    assert "--halscope-update" in said
    assert np.array_equal(as_rgba(tmp_path / "out" / "view.png"), as_rgba(gradient()))


def test_pixels_that_differ_are_counted_and_drawn(tmp_path: Path, reference: Pixels) -> None:
    changed = reference.copy()
    changed[5, 7:10, 2] = (40, 50, 60)
    said = failure(tmp_path, changed)
    drawn = tmp_path / "out" / "view.difference.png"
    assert "3 of 600 pixels differ by more than 0 (the most by 60); the first is at x=7, y=5" in said
    assert "expected #383c00, got #383c28" in said
    assert str(drawn) in said
    # The third column shows the three pixels, each as a square of 5 times 5.
    with Image.open(drawn) as sheet:
        red = np.all(np.asarray(sheet.convert("RGB")) == (255, 0, 64), axis=2)
    rows, columns = np.nonzero(red)
    assert red.sum() == 3 * 25
    assert np.ptp(rows) == 4
    assert np.ptp(columns) == 14
    assert columns.min() > sheet.width * 2 // 3


def test_a_tolerance_holds_for_each_channel(tmp_path: Path, reference: Pixels) -> None:
    near = reference + np.array([3, 0, 2], np.uint8)
    checker(tmp_path)[0].check(near, "view", tolerance=3)
    assert "600 of 600 pixels differ by more than 2 (the most by 3)" in failure(tmp_path, near, tolerance=2)


def test_sizes_that_differ_are_said_and_both_are_drawn(tmp_path: Path, reference: Pixels) -> None:
    said = failure(tmp_path, gradient(40, 10))
    assert "the picture has 10x40 pixels, the reference 30x20" in said
    assert (tmp_path / "out" / "view.difference.png").is_file()


def test_an_update_writes_only_what_differs(tmp_path: Path, reference: Pixels) -> None:
    check, written = checker(tmp_path, update=True)
    check.check(reference, "view")
    assert written == []
    check.check(255 - reference, "view")
    assert written == [tmp_path / "test_it" / "view.png"]
    checker(tmp_path)[0].check(255 - reference, "view")


def test_what_nobody_sees_is_no_difference() -> None:
    one, other = np.zeros((2, 2, 4), np.uint8), np.full((2, 2, 4), 9, np.uint8)
    other[..., 3] = 0
    assert compare(one, other, 0).pixels == 0
    other[0, 0, 3] = 1
    assert compare(one, other, 0).pixels == 1


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 255), st.integers(0, 2**32))
def test_a_difference_is_where_a_channel_is_further_away(high: int, wide: int, tolerance: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = (rng.integers(0, 256, (high, wide, 4), np.uint8) for _ in range(2))
    one[..., 3] |= 1
    expected = [
        any(abs(int(a) - int(b)) > tolerance for a, b in zip(left, right, strict=True))
        for left, right in zip(one.reshape(-1, 4), other.reshape(-1, 4), strict=True)
    ]
    assert compare(one, other, tolerance).where.ravel().tolist() == expected


@given(st.binary(max_size=200))
def test_bytes_that_are_no_picture_are_refused(data: bytes) -> None:
    with pytest.raises(ImageError, match="cannot be read as a picture"):
        as_rgba(data)


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (np.zeros((4, 4), np.float64), r"float64\[4, 4\] is not a picture; it must be uint8\[height, width\]"),
        (np.zeros((4, 4, 2), np.uint8), r"uint8\[4, 4, 2\] is not a picture"),
        (np.zeros((0, 4), np.uint8), "4x0 pixels"),
        (Path("nowhere.png"), "nowhere.png: cannot be read"),
        ("view.png", "str is not a picture"),
    ],
)
def test_what_is_no_picture_is_named(picture: object, said: str) -> None:
    with pytest.raises(ImageError, match=said):
        as_rgba(picture)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "a b"])
def test_a_name_is_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="is not a picture's name"):
        checker(tmp_path)[0].check(gradient(), name)


def test_a_tolerance_out_of_range_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="tolerance 256"):
        checker(tmp_path)[0].check(gradient(), "view", tolerance=256)
