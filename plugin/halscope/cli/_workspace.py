"""The ROM from the options."""

from __future__ import annotations

import argparse

from halscope.app import Plugins, Workspace
from halscope.cli._output import note


def workspace_from(options: argparse.Namespace, plugins: Plugins, *, warn: bool = True) -> Workspace:
    """Open the ROM that the options name, and warn of what is wrong with it, or with a game file that the user made for
    it, unless the command lists that itself.

    Raises:
        UsageError, RomError, FormatError: The ROM cannot be read.
    """
    workspace = Workspace.open(
        options.rom,
        plugins,
        mapping=options.mapping,
        profile=options.profile,
        fresh_index=getattr(options, "fresh", False),  # commands that need no index have no such option
    )
    game = workspace.game
    of_file = () if game is None or game.match.by != "file" else game.notes
    for warning in (*workspace.rom.warnings, *of_file) if warn else ():
        note(f"halscope: warning: {workspace.rom.name}: {warning}")
    return workspace
