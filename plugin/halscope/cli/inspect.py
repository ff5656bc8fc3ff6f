"""`halscope inspect`: decode the sprites in existing memory dumps and savestates."""

from __future__ import annotations

import argparse

from halscope.app import inspect_files
from halscope.cli._common import check_obsel, out_folder, print_json, progress_bar
from halscope.cli._plugins import plugins_from
from halscope.cli._workspace import workspace_from


def run(options: argparse.Namespace) -> int:
    """Decode, write the PNGs, and print."""
    check_obsel(options.obsel)
    workspace = None if options.rom is None else workspace_from(options, plugins_from(options))
    if workspace is not None:
        with progress_bar("indexing", "B") as progress:
            workspace.index(progress)
    rows = inspect_files(options.files, options.obsel, workspace, lambda: out_folder(options.out))
    if options.json:
        print_json({"sprites": rows})
    else:
        for row in rows:
            print(
                f"{row['index']:3}: ({row['x']:4}, {row['y']:3}) {row['width']}x{row['height']} "
                f"palette {row['palette']} priority {row['priority']}"
            )
    return 0
