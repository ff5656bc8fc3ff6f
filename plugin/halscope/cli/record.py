"""`halscope record` and `halscope replay`: write the snapshots of a running game to a file, and decode them again."""

from __future__ import annotations

import argparse
from pathlib import Path

from halscope._files import refuse_same
from halscope.app import (
    RunTruth,
    StartWatch,
    check_rom,
    missing_end,
    open_game,
    open_recording,
    record_game,
    recorded_frame,
    write_frame_pictures,
    write_moment_sheet,
)
from halscope.cli._common import out_folder, print_json, progress_bar
from halscope.cli._figures import figures_summary, print_figures
from halscope.cli._game import frame_summary, game_from, schedule_from
from halscope.cli._output import note, say
from halscope.cli._plugins import plugins_from
from halscope.cli._workspace import workspace_from


def run_record(options: argparse.Namespace) -> int:
    """Run the game and record it. An interrupt ends it early; what was recorded until then is kept, and said."""
    for source, what in ((options.rom, "game"), (options.state, "savestate")):
        if source is not None:
            refuse_same(options.output, source, what)
    with (
        open_game(game_from(options), plugins=plugins_from(options)) as session,
        progress_bar("recording", "frame") as progress,
    ):
        done = record_game(
            session,
            options.output,
            options.frames,
            schedule_from(options),
            wram=options.wram,
            picture=options.picture,
            progress=progress,
        )
    if options.json:
        print_json({"recording": str(options.output), "frames": done.frames, "bytes": done.size})
    else:
        wanted = "" if done.interrupt is None else f" of {options.frames}"
        say(f"{options.output}: {done.frames}{wanted} frames, {done.size} bytes")
    if done.interrupt is not None:
        raise done.interrupt
    return 0


def run_replay(options: argparse.Namespace) -> int:
    """Decode each frame of the recording, or show one of them."""
    plugins = plugins_from(options)
    workspace = None if options.rom is None else workspace_from(options, plugins)
    warning = missing_end(options.recording)  # a file that is none is refused before the ROM is indexed
    if options.frame is not None:
        recorded_frame(options.recording, options.frame)  # likewise
    locate = None
    if workspace is not None:
        with progress_bar("indexing", "B") as progress:
            locate = workspace.tracker(progress)
    frames = 0
    last = None
    truth = RunTruth()
    with open_recording(options.recording, locate, plugins) as session, StartWatch(session, note) as watch:
        watch.follow(workspace)
        if options.out is not None:
            out_folder(options.out)  # refused now, not after the whole recording
        if warning is not None:
            note(f"warning: {warning}")
        if workspace is not None:
            warning = check_rom(options.recording, session.info.rom, workspace.rom, force=True)
            if warning is not None:
                note(f"warning: {warning}")
        while frames - 1 != options.frame and (update := session.step()) is not None:
            last = update
            frames += 1
            watch.look(update)
            truth.begin(update)
            if options.frame is None:
                judged = truth.look(update)
                if options.json:
                    print_json(frame_summary(update, judged))
    written: list[Path] = []
    if options.out is not None and last is not None:
        name = "last" if options.frame is None else f"frame-{options.frame:05}"
        written = write_frame_pictures(last, workspace, options.out, name)
    if options.every is not None:
        written.append(
            write_moment_sheet(
                options.recording, options.every, options.out, None if workspace is None else workspace.rom
            )
        )
    if options.json:
        if options.frame is not None and last is not None:
            print_json(frame_summary(last, truth.look(last)) | figures_summary(last, workspace))
        return 0
    if options.frame is None:
        say(f"{options.recording}: {frames} frames decoded")
    if last is not None:
        print_figures(last, frames - 1, workspace)
    if options.frame is not None and last is not None:
        truth.look(last)
    truth.finish()
    for line in truth.lines():
        say(line)
    for path in written:
        say(str(path))
    return 0
