"""Paintings as pages send them: what is malformed is refused with a reason."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from halscope.app import MOST_PAINTED
from halscope.inspector._messages import MOST_PICTURE, MOST_TEXT, read_request
from halscope.inspector._pixels import Pixels
from halscope_hooks import UsageError


def text(count: int) -> str:
    return base64.b64encode(bytes(count)).decode()


@pytest.mark.parametrize(
    ("size", "pixels", "why"),
    [
        ((8, 8), "%%%", "no base64"),
        ((8, 8), "é", "no base64"),
        ((8, 8), text(63), "63 bytes are not the 8x8 pixels"),
        ((4096, 4096), text(64), f"too many; {MOST_PAINTED} are allowed"),
        ((8, 8), text(64), "not open here"),
    ],
)
def test_malformed_pictures_are_refused(tmp_path: Path, size: tuple[int, int], pixels: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        Pixels(lambda: None, tmp_path).save("a.png", "", size, pixels)


def test_without_a_folder_nothing_is_painted() -> None:
    with pytest.raises(UsageError, match="start Halscope with --watch DIR"):
        Pixels(lambda: None, None).mend("a.png")


def test_only_pictures_may_be_long() -> None:
    long = f'{{"type": "%s", "pixels": "{text(MOST_PAINTED)}"}}'
    assert MOST_TEXT < len(long) < MOST_PICTURE
    assert read_request(long % "paint", ["paint", "mend"]).kind == "paint"
    with pytest.raises(UsageError, match=f"mend: .* too long; {MOST_TEXT} are allowed"):
        read_request(long % "mend", ["paint", "mend"])
