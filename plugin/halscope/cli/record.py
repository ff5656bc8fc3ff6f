"""`halscope record` and `halscope replay`: snapshots of a running game, to a file and back."""

from __future__ import annotations

import argparse
from pathlib import Path

from halscope.app import Workspace, open_game, open_recording, record_game, write_frame_pictures
from halscope.cli._common import Commands, out_folder, positive, print_json, progress_bar
from halscope.cli._game import add_game_options, frame_summary, game_from, schedule_from
from halscope.cli._plugins import add_plugin_options, plugins_from


def add_commands(commands: Commands) -> None:
    """Add both commands."""
    record = commands.add_parser("record", help="run a game and record every frame's video memory")
    add_game_options(record)
    record.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="the recording")
    record.add_argument("--frames", type=positive, default=600, metavar="N", help="how many (default: 600)")
    record.add_argument("--wram", action="store_true", help="record the work RAM too")
    record.add_argument("--picture", action="store_true", help="record the emulator's picture too")
    record.add_argument("--json", action="store_true", help="print what was recorded as JSON")
    add_plugin_options(record)
    record.set_defaults(run=run_record)

    replay = commands.add_parser("replay", help="decode a recording as if it were a running game")
    replay.add_argument("recording", type=Path, metavar="FILE")
    replay.add_argument("--rom", type=Path, metavar="ROM", help="say where the tiles come from in this ROM")
    replay.add_argument("--out", type=Path, metavar="DIR", help="write pictures of the last frame here")
    replay.add_argument("--json", action="store_true", help="print a line of JSON a frame")
    add_plugin_options(replay)
    replay.set_defaults(run=run_replay)


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
    workspace = None if options.rom is None else Workspace.open(options.rom, plugins)
    locate = None
    if workspace is not None:
        with progress_bar("indexing", "B") as progress:
            locate = workspace.tracker(progress)
    frames = 0
    with open_recording(options.recording, locate, plugins) as session:
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
