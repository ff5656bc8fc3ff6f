"""All questions of a page. A new area adds its module's table here; docs/reference/inspector.md describes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from halscope.inspector import (
    _of_the_colours,
    _of_the_edits,
    _of_the_figures,
    _of_the_game,
    _of_the_pixels,
    _of_the_rom,
    _of_the_time,
)

if TYPE_CHECKING:
    from halscope.inspector._asking import Question

QUESTIONS: Final[dict[str, Question]] = {
    **_of_the_game.QUESTIONS,
    **_of_the_pixels.QUESTIONS,
    **_of_the_rom.QUESTIONS,
    **_of_the_time.QUESTIONS,
    **_of_the_figures.QUESTIONS,
    **_of_the_colours.QUESTIONS,
    **_of_the_edits.QUESTIONS,
}

KINDS: Final = ("seen", "press", *QUESTIONS)
"""The types of message that a page may send."""
