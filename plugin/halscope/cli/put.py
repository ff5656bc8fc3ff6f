"""`halscope put`: a picture becomes what the sheet of a figure shows, as if an editor had saved it."""

from __future__ import annotations

import argparse

from halscope_hooks import UsageError

from halscope.app import moment_of, put_picture_on
from halscope.cli._common import check_obsel, out_folder, print_json, progress_bar
from halscope.cli._output import say
from halscope.cli._plugins import plugins_from
from halscope.cli._workspace import workspace_from

_SPRITES = 128


def run(options: argparse.Namespace) -> int:
    """Put the picture on the figure."""
    check_obsel(options.obsel)
    if options.sprite is not None and options.sprite >= _SPRITES:
        raise UsageError(f"--sprite {options.sprite}: sprites are numbered from 0 to {_SPRITES - 1}")
    workspace = workspace_from(options, plugins_from(options))
    moment = moment_of(options.moment, options.obsel)
    with progress_bar("indexing", "B") as progress:
        workspace.index(progress)
    folder = out_folder(options.sheets, "--sheets")
    put = put_picture_on(workspace, moment, folder, options.picture, options.sprite, force=options.force)
    if options.json:
        print_json({"path": str(put.path), "inexact": put.inexact})
        return 0
    say(f"{put.path}: shows {options.picture} now; `halscope inject` makes the patch of it")
    if put.inexact:
        say(f"{put.inexact}; the nearest colours were taken", "yellow")
    return 0
