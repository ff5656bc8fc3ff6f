"""The inspector's page for the commands that run or attach to a game: whether it is served, and where it opens."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path

from halscope.cli._heap import share_one_heap
from halscope.cli._output import note, on_terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from halscope.app import Controls, RecordedFrames, Workspace
    from halscope.inspector import Inspector


def wants_page(options: argparse.Namespace) -> bool:
    """Whether to serve the page: on a terminal without --headless, --json, --frames and --out, or with --no-browser."""
    if options.no_browser:
        return True
    named = [getattr(options, name, None) for name in ("frames", "out")]  # not every command has both
    is_script = options.headless or options.json or any(one is not None for one in named)
    return not is_script and on_terminal(sys.stdout)


@contextlib.contextmanager
def served_page(
    options: argparse.Namespace,
    controls: Controls,
    workspace: Callable[[], Workspace | None],
    sheets: Path | None,
    frames: RecordedFrames | None = None,
) -> Iterator[Inspector | None]:
    """Serve the page within the block if it is wanted, and open it in the browser or print its address.

    Yields:
        The inspector, which follows no session yet; `None` if there is none.
    """
    if not wants_page(options):
        yield None
        return
    share_one_heap()
    try:
        from halscope.inspector import Inspector
    except ImportError as error:
        note(f"the page is not shown: {error.name or error} is not installed; install halscope[inspector]")
        yield None
        return
    from halscope.app import LiveFrames, Timeline

    with (
        Timeline(
            LiveFrames() if frames is None else frames,
            workspace,
            controls,
            None if sheets is None else sheets / "moments",
        ) as timeline,
        Inspector(
            controls, workspace, sheets=sheets, timeline=timeline, force=getattr(options, "force", False)
        ) as inspector,
    ):
        if options.no_browser or not has_display():
            _name(inspector.address)
        else:  # a browser that is not running yet takes up to five seconds to start
            threading.Thread(target=_open, args=(inspector.address,), name="halscope browser", daemon=True).start()
        yield inspector


def _open(address: str) -> None:
    if webbrowser.open(address):
        note(f"the page is at {address}")
    else:
        _name(address)


def _name(address: str) -> None:
    note(f"open {address} in a browser to see the game")


def has_display() -> bool:
    """Whether this process can open a window for its user."""
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
