"""What is reported about the edits of a running game, to the user and to the page."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import final

from halscope_hooks import HalscopeError

from halscope.app._edits_view import MOST_NEWS, EditNews, NewsKind


@final
class EditReports:
    """Passes on each line, and keeps the newest for a page that opens later. Any thread may use it.

    Args:
        report: Called with one line of text.
    """

    def __init__(self, report: Callable[[str], None]) -> None:
        self._lines = report
        self._news: deque[EditNews] = deque(maxlen=MOST_NEWS)
        self.listener: Callable[[], None] = lambda: None
        """Called on any thread when `LiveEdits.view` may have changed. It must not block."""
        self.outcome: Callable[[Path, HalscopeError | None], None] = lambda *_: None
        """Called for each saved sheet with why it was refused, or `None` if the game contains it. It must not block."""

    @property
    def news(self) -> tuple[EditNews, ...]:
        """The newest, oldest first."""
        return tuple(self._news)

    def report(self, text: str, kind: NewsKind = "note", sheet: str = "") -> None:
        """Report a line to the user and to the page."""
        self._lines(text)
        self.tell(EditNews(kind, text, sheet))

    def tell(self, news: EditNews) -> None:
        """Tell the page alone."""
        self._news.append(news)
        self.listener()
