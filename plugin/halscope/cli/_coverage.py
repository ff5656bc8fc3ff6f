"""`halscope doctor --coverage`: how much of a game's graphics has a known place in its ROM."""

from __future__ import annotations

import argparse
import contextlib

from halscope.app import Game, measure_coverage
from halscope.cli._common import print_json, progress_bar
from halscope.cli._output import note, say
from halscope.cli._plugins import plugins_from
from halscope.cli._workspace import workspace_from
from halscope.demo import rom_path

_FRAMES = 1200


def run_coverage(options: argparse.Namespace) -> int:
    """Run the ROM and print its coverage."""
    plugins = plugins_from(options)
    frames = _FRAMES if options.frames is None else options.frames
    with contextlib.ExitStack() as files:
        if options.rom is None:
            options.rom = files.enter_context(rom_path())
        workspace = workspace_from(options, plugins)
        with progress_bar("indexing", "B") as progress:
            workspace.index(progress)
        note(f"{workspace.rom.title or workspace.rom.name} runs for {frames} frames, with nothing pressed")
        game = Game(options.rom, core=options.core, mapping=options.mapping)
        with progress_bar("playing", "frame") as progress:
            truth = measure_coverage(workspace, game, frames, progress)
    if options.json:
        print_json({"rom": workspace.rom.name} | truth.describe())
        return 0
    for line in truth.lines():
        say(line)
    return 0
