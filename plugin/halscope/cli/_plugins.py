"""The plugins that the options bring in, and the question that asks a person what a plugin may do."""

from __future__ import annotations

import argparse
import sys

from halscope_hooks import Permission

from halscope.app import Grants, Manifest, Plugins
from halscope.cli._arguments._shared import PERMISSIONS


def plugins_from(options: argparse.Namespace) -> Plugins:
    """Halscope's own parts, the installed plugins, and those that the options name."""
    someone = sys.stdin.isatty() and sys.stderr.isatty()
    return Plugins(
        folders=options.plugin, entry_points=True, grants=Grants(options.allow, ask=ask if someone else None)
    )


def ask(manifest: Manifest, permission: Permission) -> bool:
    """Ask on the terminal whether a plugin may; anything but y is no."""
    print(
        f"The plugin {manifest.name} {manifest.version} wants to {PERMISSIONS[permission]} ({permission}).\n"
        f"This keeps honest plugins to what they ask for; it is no sandbox. Allow it, also in future? [y/N] ",
        end="",
        file=sys.stderr,
        flush=True,
    )
    return sys.stdin.readline().strip().lower() in ("y", "yes")
