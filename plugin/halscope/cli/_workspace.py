"""The ROM from the options."""

from __future__ import annotations

import argparse

from halscope.app import Plugins, Workspace


def workspace_from(options: argparse.Namespace, plugins: Plugins) -> Workspace:
    """Open the ROM that the options name. Raises UsageError, RomError or FormatError."""
    return Workspace.open(
        options.rom,
        plugins,
        mapping=options.mapping,
        profile=options.profile,
        fresh_index=getattr(options, "fresh", False),  # commands that need no index have no such option
    )
