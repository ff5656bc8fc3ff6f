"""`halscope replay`: serves the page of a recording before most of the program is imported, or decodes its frames."""

from __future__ import annotations

import argparse

from halscope_hooks import UsageError

from halscope.cli._page import opened_site, wants_page


def run(options: argparse.Namespace) -> int:
    """Decode each frame of the recording, or show one of them; on a terminal, show the recording on its page."""
    if options.every is not None and options.out is None:
        raise UsageError("replay: --every N writes a picture; say where with --out DIR")
    if options.frame is not None or options.every is not None or not wants_page(options):
        from halscope.cli.record import run_replay

        return run_replay(options)
    reads = [path for path in (options.recording, options.rom) if path is not None]
    with opened_site(options, reads) as site:
        from halscope.cli._plugins import plugins_from
        from halscope.cli._recorded_page import show_recording
        from halscope.cli._workspace import workspace_from

        plugins = plugins_from(options)
        workspace = None if options.rom is None else workspace_from(options, plugins)
        return show_recording(options, options.recording, workspace, plugins, site)
