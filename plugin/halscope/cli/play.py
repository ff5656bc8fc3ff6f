"""`halscope play`: run a game on a host, inspect it, and edit it while it runs."""

from __future__ import annotations

import argparse
import contextlib
import sys
from pathlib import Path

from halscope_hooks import Update, UsageError

from halscope.app import LiveEdits, Play, Plugins, Workspace, check_output, open_game, play_frames, write_frame_pictures
from halscope.cli._common import out_folder, print_json, progress_bar
from halscope.cli._game import frame_summary, game_from, schedule_from
from halscope.cli._plugins import plugins_from
from halscope.cli._workspace import workspace_from
from halscope.session import Session


def run(options: argparse.Namespace) -> int:
    """Run the game."""
    if options.frames is None and options.json is False and options.watch is None:
        raise UsageError("play has no window yet: give --frames N, --watch DIR or --json to get output")
    plugins = plugins_from(options)
    workspace = workspace_from(options, plugins)
    if options.output is not None:
        check_output(workspace, options.output, headered=options.headered)  # fail now, not after an hour of play
    watch = None if options.watch is None else out_folder(options.watch)
    last, interrupted, edits = (_run_frames if options.frames else _run_live)(options, plugins, workspace, watch)
    if options.output is not None:
        edits.write_patch(options.output, headered=options.headered)
    if options.out is not None and last is not None:
        write_frame_pictures(last, workspace, out_folder(options.out), "last")
    if not options.json and last is not None:
        print(f"{workspace.rom.name}: stopped at frame {last.snapshot.frame}")
    return 130 if interrupted else 0


def _run_frames(
    options: argparse.Namespace, plugins: Plugins, workspace: Workspace, watch: Path | None
) -> tuple[Update | None, bool, LiveEdits]:
    """Run `--frames` frames, each decoded before the next, so that the result is reproducible.

    Returns the last frame, whether the run was interrupted, and the edits.
    """
    with progress_bar("indexing", "B") as progress:
        locate = workspace.tracker(progress)
    last = None
    with open_game(game_from(options), locate, plugins, rom=workspace.rom) as session:
        edits = _edits(options, workspace, session, watch)
        try:
            for update in play_frames(session, schedule_from(options), options.frames):
                if last is None and options.edit:
                    edits.bring_in(options.edit, update.snapshot)
                last = update
                edits.look(update)
                if options.json:
                    print_json(frame_summary(update))
        except KeyboardInterrupt:
            return last, True, edits  # the edits made so far are kept
    return last, False, edits


def _run_live(
    options: argparse.Namespace, plugins: Plugins, workspace: Workspace, watch: Path | None
) -> tuple[Update | None, bool, LiveEdits]:
    """Run in real time until Ctrl-C, the normal end; the index is built while the game runs."""
    session = open_game(game_from(options), None, plugins, threads=True, rom=workspace.rom)
    edits = _edits(options, workspace, session, watch)

    def show(update: Update) -> None:
        if options.json:
            print_json(frame_summary(update))

    with progress_bar("indexing", "B") as progress:
        play = Play(workspace, session, edits, bring_in=options.edit, seen=show, progress=progress, report=_report)
        with contextlib.suppress(KeyboardInterrupt):
            play.run(schedule_from(options))
    return play.last, False, edits


def _edits(options: argparse.Namespace, workspace: Workspace, session: Session, watch: Path | None) -> LiveEdits:
    return LiveEdits(workspace, session, watch, force=options.force, nearest=options.nearest, report=_report)


def _report(line: str) -> None:
    print(line, file=sys.stderr)
