"""The command of the user's image editor."""

from __future__ import annotations

import pytest
from halscope.app._image_editor import words_of


@pytest.mark.parametrize(
    ("command", "backslashes", "words"),
    [
        ("gimp -n", False, ["gimp", "-n"]),
        ("'/opt/my editor/edit' --new", False, ["/opt/my editor/edit", "--new"]),
        (r'"C:\Program Files\Aseprite\Aseprite.exe" --new', True, [r"C:\Program Files\Aseprite\Aseprite.exe", "--new"]),
        (r"C:\gimp\gimp.exe", True, [r"C:\gimp\gimp.exe"]),
    ],
)
def test_blanks_between_quotes_part_no_words(command: str, backslashes: bool, words: list[str]) -> None:
    assert words_of(command, backslashes=backslashes) == words
