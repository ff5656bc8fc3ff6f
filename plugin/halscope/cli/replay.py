"""The page of a recording, for `halscope replay` and `halscope inspect` on a terminal."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from halscope.app import Controls, Game, Plugins, RecordedFrames, Workspace, open_game
from halscope.cli._common import progress_bar
from halscope.cli._interrupts import ended_by_interrupts
from halscope.cli._output import note
from halscope.cli._page import opened_site, served_page

SHEETS = Path("halscope-sheets")
"""Folder for the sheets of figures that are edited from the page."""
_REST = 0.05  # seconds between looks at what pages ask


def show_recording(
    options: argparse.Namespace, path: Path, workspace: Workspace | None, plugins: Plugins, first: int = 0
) -> int:
    """Serve the page of a recording until Ctrl-C.

    Args:
        options: Those of the command.
        path: The recording.
        workspace: The ROM that its tiles are looked for in, or `None`.
        plugins: The plugins.
        first: Number of the frame that is shown at first.

    Raises:
        UsageError: It cannot be opened, or holds no frames.
        FormatError: It is damaged.
    """
    locate = None
    if workspace is not None:
        with progress_bar("indexing", "B") as progress:
            locate = workspace.tracker(progress)
    controls = Controls()
    frames = RecordedFrames(path, first)
    with (
        open_game(Game(path, host="recording"), locate, plugins, threads=True) as session,
        ended_by_interrupts(),
        opened_site(options) as site,
        served_page(options, site, controls, lambda: workspace, SHEETS, frames) as page,
    ):
        if page is None:
            frames.close()
            return 1
        page.follow(session)
        note(f"{path}: {frames.end} frames; Ctrl-C ends")
        session.feed(frames.snapshot(first))  # later ones are asked of the timeline
        while not session.ended:
            controls.run(session.host)
            session.pump()
            time.sleep(_REST)
    return 0
