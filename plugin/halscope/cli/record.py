"""`halscope record` and `halscope replay`: write the snapshots of a running game to a file, and decode them again."""

from __future__ import annotations

import argparse
import sys

from halscope.app import (
    check_rom,
    open_game,
    open_recording,
    record_game,
    write_frame_pictures,
)
from halscope.cli._common import out_folder, print_json, progress_bar
from halscope.cli._game import frame_summary, game_from, schedule_from
from halscope.cli._plugins import plugins_from
from halscope.cli._workspace import workspace_from


def run_record(options: argparse.Namespace) -> int:
    """Run the game and record it."""
    with (
        open_game(game_from(options), plugins=plugins_from(options)) as session,
        progress_bar("recording", "frame") as progress,
    ):
        size = record_game(
            session,
            options.output,
            options.frames,
            schedule_from(options),
            wram=options.wram,
            picture=options.picture,
            progress=progress,
        )
    if options.json:
        print_json({"recording": str(options.output), "frames": options.frames, "bytes": size})
    else:
        print(f"{options.output}: {options.frames} frames, {size} bytes")
    return 0


def run_replay(options: argparse.Namespace) -> int:
    """Decode each frame of the recording."""
    plugins = plugins_from(options)
    workspace = None if options.rom is None else workspace_from(options, plugins)
    locate = None
    if workspace is not None:
        with progress_bar("indexing", "B") as progress:
            locate = workspace.tracker(progress)
    frames = 0
    with open_recording(options.recording, locate, plugins) as session:
        if workspace is not None:
            warning = check_rom(options.recording, session.info.rom, workspace.rom, force=True)
            if warning is not None:
                print(f"warning: {warning}", file=sys.stderr)
        last = None
        while (update := session.step()) is not None:
            last = update
            frames += 1
            if options.json:
                print_json(frame_summary(update))
    if options.out is not None and last is not None:
        write_frame_pictures(last, workspace, out_folder(options.out), "last")
    if not options.json:
        print(f"{options.recording}: {frames} frames decoded")
    return 0
