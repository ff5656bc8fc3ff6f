"""Colours of a running game as a person changes them: where they are stored, tried in the game, stored for good."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, final

from halscope_hooks import Update

from halscope.app._colour_places import describe_colour, located_colours
from halscope.app._workspace import Workspace


@final
class Recolouring:
    """The colours of the game that runs. Thread-safe.

    Args:
        workspace: Returns the ROM that runs, or `None` if its file is unknown.
        folder: The watched folder, or `None`: colours can be tried, not stored.
        force: Also store colours in blocks whose start is not proven.
    """

    def __init__(
        self, workspace: Callable[[], Workspace | None], folder: Path | None = None, *, force: bool = False
    ) -> None:
        self._workspace = workspace
        self._folder = folder
        self._force = force

    def located(self, update: Update) -> dict[str, Any] | None:
        """Return which colours have a place in the ROM, see `located_colours`; `None` while that is not known."""
        workspace = self._workspace()
        return None if workspace is None else located_colours(workspace, update)

    def describe(self, update: Update, colour: int) -> dict[str, Any] | None:
        """Return what is known of a colour, see `describe_colour`; `None` while that is not known."""
        workspace = self._workspace()
        return None if workspace is None else describe_colour(workspace, update, colour)
