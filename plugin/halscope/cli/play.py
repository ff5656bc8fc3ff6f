"""`halscope play`: starts the game's process, then imports what looks at the game while the process starts."""

from __future__ import annotations

import argparse
import contextlib

from halscope_hooks import HalscopeError, HostRequest, UsageError

from halscope.app import HostStart, Plugins
from halscope.cli._page import opened_site, wants_page
from halscope.cli._plugins import plugins_from

TYPE_CHECKING = False
if TYPE_CHECKING:
    from halscope.inspector import Site

_STARTED_FIRST = "embedded"  # opening it starts a process, and changes nothing else


def run(options: argparse.Namespace, *, keep_edits: bool = False) -> int:
    """Run the game. Whatever ends it, the edits made so far are written.

    Args:
        options: The options.
        keep_edits: Keep the edits in the ROM's own project, although the options name the folder that is watched.
    """
    _check(options)
    plugins = plugins_from(options)
    with _start(options, plugins) as start, contextlib.ExitStack() as stack:
        page: contextlib.AbstractContextManager[Site | None] = opened_site(options)
        if _is_rom(options):  # a browser loads the page beside what follows; else that says what is wrong
            page = contextlib.nullcontext(stack.enter_context(page))
        from halscope.cli._playing import play  # most of the program: imported beside the start of the core

        return play(options, plugins, start, page, keep_edits=keep_edits)


def _check(options: argparse.Namespace) -> None:
    watches = options.watch is not None or getattr(options, "project", None) is not None
    if options.frames is None and options.json is False and not watches and not wants_page(options):
        raise UsageError(
            "the output is no terminal, so no page opens: give --no-browser to get its address, or --frames N, "
            "--watch DIR or --json"
        )
    if options.frames is not None and options.no_browser:
        raise UsageError("--no-browser is for a game in real time, without --frames")
    if options.speed is not None and options.frames is not None:
        raise UsageError("--speed is for a game in real time; --frames N runs as fast as it can be decoded")


def _is_rom(options: argparse.Namespace) -> bool:
    """Whether the file can be run, as far as its first look tells."""
    from halscope.rom.image import Rom  # beside the start of the core
    from halscope.rom.mapping import parse_mapping

    try:
        Rom.load(options.rom, None if options.mapping is None else parse_mapping(options.mapping))
    except HalscopeError:
        return False
    return True


def _start(options: argparse.Namespace, plugins: Plugins) -> HostStart | contextlib.nullcontext[None]:
    """Start the game that runs in real time, on a host that can be opened before all else is known to be right."""
    if options.frames or options.host != _STARTED_FIRST:
        return contextlib.nullcontext()
    request = HostRequest(options.rom, options.core, None, options.mapping, live=not options.press)
    return HostStart(lambda: plugins.host(options.host).open(request))
