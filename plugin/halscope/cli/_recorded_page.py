"""The page of a recording, for `halscope replay` and `halscope inspect` on a terminal."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from halscope_hooks import JobFailed, JobProgress

from halscope.app import (
    Controls,
    Game,
    Plugins,
    RecordedFrames,
    Workspace,
    index_meanwhile,
    open_game,
    report_indexing,
)
from halscope.cli._common import progress_bar
from halscope.cli._interrupts import ended_by_interrupts
from halscope.cli._output import note
from halscope.cli._page import served_page

TYPE_CHECKING = False
if TYPE_CHECKING:
    from halscope.inspector import Site

SHEETS = Path("halscope-sheets")
"""Folder for the sheets of figures that are edited from the page."""
_REST = 0.05  # seconds between looks at what pages ask


def show_recording(
    options: argparse.Namespace,
    path: Path,
    workspace: Workspace | None,
    plugins: Plugins,
    site: Site | None,
    first: int = 0,
) -> int:
    """Show a recording on its page until Ctrl-C. The ROM is indexed while its frames are shown.

    Args:
        options: Those of the command.
        path: The recording.
        workspace: The ROM that its tiles are looked for in, or `None`.
        plugins: The plugins.
        site: Where the page is served; without one nothing is shown.
        first: Number of the frame that is shown at first.

    Returns:
        1 if there is no site, else 0.

    Raises:
        UsageError: The recording cannot be opened, or holds no frames.
        FormatError: It is damaged.
    """
    controls = Controls()
    frames = RecordedFrames(path, first)
    with (
        open_game(Game(path, host="recording"), None, plugins, threads=True) as session,
        ended_by_interrupts(),
        served_page(options, site, controls, lambda: workspace, SHEETS, frames) as page,
        progress_bar("indexing", "B") as progress,
        session.subscribe(
            lambda event: report_indexing(event, progress, note), JobProgress, JobFailed, name="recorded page"
        ),
    ):
        if page is None:
            frames.close()
            return 1
        page.follow(session)
        note(f"{path}: {frames.end} frames; Ctrl-C ends")
        session.feed(frames.snapshot(first))  # later ones are asked of the timeline
        if workspace is not None:
            index_meanwhile(session, workspace, lambda: workspace)
        while not session.ended:
            controls.run(session.host)
            session.pump()
            time.sleep(_REST)
    return 0
