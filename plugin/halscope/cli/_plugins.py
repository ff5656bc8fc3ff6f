"""The plugins from the options, and the prompt that asks the user to grant a permission."""

from __future__ import annotations

import argparse
import sys

from halscope_hooks import Permission, PluginError

from halscope.app import Grants, Manifest, Plugins
from halscope.cli._arguments._shared import PERMISSIONS
from halscope.cli._output import note


def plugins_from(options: argparse.Namespace) -> Plugins:
    """Load the built-in plugins, the installed ones, and those named by the options.

    Raises:
        PluginError: A plugin that an option names was refused; the log says why.
    """
    plugins = all_plugins_from(options)
    for refusal in plugins.refused:
        if refusal.named:
            raise PluginError(refusal.plugin, "cannot be loaded; correct it, or leave its --plugin out")
    return plugins


def all_plugins_from(options: argparse.Namespace) -> Plugins:
    """Load the same plugins, without an error for those that were refused."""
    someone = sys.stdin.isatty() and sys.stderr.isatty()
    plugins = Plugins(
        folders=options.plugin, entry_points=True, grants=Grants(options.allow, ask=ask if someone else None)
    )
    ids = {plugin.name for plugin in plugins.loaded} | {refusal.plugin for refusal in plugins.refused}
    for text in options.allow:
        name, colon, _ = text.partition(":")
        if colon and name not in ids:
            note(f"warning: --allow {text}: there is no plugin {name!r}; the plugins are: {', '.join(sorted(ids))}")
    return plugins


def ask(manifest: Manifest, permission: Permission) -> bool:
    """Ask on the terminal whether to grant a permission; any answer but y or yes denies it."""
    print(
        f"The plugin {manifest.name} {manifest.version} wants to {PERMISSIONS[permission]} ({permission}).\n"
        f"Permissions restrict well-behaved plugins; they are not a sandbox. Allow it, now and in future? [y/N] ",
        end="",
        file=sys.stderr,
        flush=True,
    )
    return sys.stdin.readline().strip().lower() in ("y", "yes")
