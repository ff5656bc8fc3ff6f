"""The inspector's page for the commands that run or attach to a game: whether it is served, and where it opens."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from halscope_hooks import HalscopeError

from halscope.cli._heap import share_one_heap
from halscope.cli._output import note, on_terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from halscope.app import Controls, RecordedFrames, Workspace
    from halscope.inspector import Inspector, Site


def wants_page(options: argparse.Namespace) -> bool:
    """Whether to serve the page: on a terminal without --headless, --json, --frames and --out, or with --no-browser."""
    if options.no_browser:
        return True
    named = [getattr(options, name, None) for name in ("frames", "out")]  # not every command has both
    is_script = options.headless or options.json or any(one is not None for one in named)
    return not is_script and on_terminal(sys.stdout)


@contextlib.contextmanager
def opened_site(options: argparse.Namespace, reads: Sequence[Path] = ()) -> Iterator[Site | None]:
    """Serve the page within the block if it is wanted, and open it in the browser or print its address.

    It shows nothing before `served_page`, so that a browser loads it while the rest of the program is imported and the
    game starts. An error that ends the block is told to pages that still wait.

    Args:
        options: Those of the command.
        reads: Files without which the block will fail: where one is not there, no browser is opened for that.

    Yields:
        The site; `None` if there is none.
    """
    if not wants_page(options) or not all(path.exists() for path in reads):
        yield None
        return
    share_one_heap()
    try:
        from halscope.inspector import PORTS, Site
    except ImportError as error:
        note(f"the page is not shown: {error.name or error} is not installed; install halscope[inspector]")
        yield None
        return
    with Site((*PORTS, 0)) as site:
        if options.no_browser or not has_display():
            _name(site.address)
        else:  # a browser that is not running yet takes up to five seconds to start
            threading.Thread(target=_open, args=(site.address,), name="halscope browser", daemon=True).start()
        try:
            yield site
        except HalscopeError as error:
            site.close(str(error))
            raise


@contextlib.contextmanager
def served_page(
    options: argparse.Namespace,
    site: Site | None,
    controls: Controls,
    workspace: Callable[[], Workspace | None],
    sheets: Path | None,
    frames: RecordedFrames | None = None,
) -> Iterator[Inspector | None]:
    """Show the session that is followed on the pages of a site within the block.

    Yields:
        The inspector, which follows no session yet; `None` if there is no site.
    """
    if site is None:
        yield None
        return
    from halscope.app import LiveFrames, Timeline
    from halscope.inspector import Inspector

    with (
        Timeline(
            LiveFrames() if frames is None else frames,
            workspace,
            controls,
            None if sheets is None else sheets / "moments",
        ) as timeline,
        Inspector(
            controls, workspace, sheets=sheets, timeline=timeline, force=getattr(options, "force", False), site=site
        ) as inspector,
    ):
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
