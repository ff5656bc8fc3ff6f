"""The options that bring in plugins and say what they may do, and the question that asks a person."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from halscope_hooks import Permission

from halscope.app import Grants, Manifest, Plugins

_MEANS: Final[dict[Permission, str]] = {
    "live-writes": "change the memory of the running game",
    "rom-writes": "change the ROM image of the running game (never the file)",
    "network": "open network connections",
}


def add_plugin_options(command: argparse.ArgumentParser) -> None:
    """Add --plugin and --allow."""
    command.add_argument(
        "--plugin", type=Path, action="append", default=[], metavar="DIR", help="a plugin's folder, with manifest.json"
    )
    command.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="[ID:]PERMISSION",
        help=f"let plugins do this without asking: {', '.join(_MEANS)}",
    )


def plugins_from(options: argparse.Namespace) -> Plugins:
    """Halscope's own parts, the installed plugins, and those that the options name."""
    someone = sys.stdin.isatty() and sys.stderr.isatty()
    return Plugins(
        folders=options.plugin, entry_points=True, grants=Grants(options.allow, ask=ask if someone else None)
    )


def ask(manifest: Manifest, permission: Permission) -> bool:
    """Ask on the terminal whether a plugin may; anything but y is no."""
    print(
        f"The plugin {manifest.name} {manifest.version} wants to {_MEANS[permission]} ({permission}).\n"
        f"This keeps honest plugins to what they ask for; it is no sandbox. Allow it, also in future? [y/N] ",
        end="",
        file=sys.stderr,
        flush=True,
    )
    return sys.stdin.readline().strip().lower() in ("y", "yes")
