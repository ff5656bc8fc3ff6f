"""What `halscope play` does once its imports are wanted: runs a game on a host, inspects it, and edits it."""

from __future__ import annotations

import argparse
import contextlib
from dataclasses import replace
from pathlib import Path

from halscope_hooks import Update, UsageError

from halscope.app import (
    COMPARED_LIVE,
    SAMPLED,
    SAMPLED_LIVE,
    AttachedRom,
    Controls,
    HostStart,
    LiveEdits,
    LiveProject,
    Outlining,
    Play,
    Plugins,
    RunTruth,
    StartWatch,
    Workspace,
    check_output,
    open_game,
    play_frames,
    write_frame_pictures,
)
from halscope.cli._common import everywhere_from, out_folder, print_json, progress_bar
from halscope.cli._edits import note_unseen, own_project, print_applied, project_from, wants_own_project, write_edits
from halscope.cli._figures import regrouping_from
from halscope.cli._game import frame_summary, game_from, schedule_from
from halscope.cli._interrupts import ended_by_interrupts
from halscope.cli._output import note, say
from halscope.cli._page import served_page
from halscope.cli._workspace import workspace_from
from halscope.project import Project
from halscope.session import Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from halscope.inspector import Site

SHOWN_EVERY = 6
"""Of so many frames one is decoded in real time, if nobody needs them all."""
NEWS_FRAMES = 180
"""Frames between two lines about new sheets: three seconds in real time."""


def play(
    options: argparse.Namespace,
    plugins: Plugins,
    start: HostStart | None,
    page: AbstractContextManager[Site | None],
    *,
    keep_edits: bool = False,
) -> int:
    """Run the game. Whatever ends it, the edits made so far are written.

    Args:
        options: The options.
        plugins: The plugins.
        start: The game's host, which is being opened; `None` to open it when all else is ready.
        page: Serves the page.
        keep_edits: Keep the edits in the ROM's own project, although the options name the folder that is watched.
    """
    keep_edits = keep_edits or wants_own_project(options)
    with project_from(options) as project:
        return _run(options, plugins, start, page, project, keep_edits=keep_edits)


def _run(
    options: argparse.Namespace,
    plugins: Plugins,
    start: HostStart | None,
    page: AbstractContextManager[Site | None],
    project: Project | None,
    *,
    keep_edits: bool,
) -> int:
    if options.watch is None and not keep_edits and (options.merge or options.split or options.strip):
        raise UsageError("--merge, --split and --strip shape the sheets of --watch DIR; give it too")
    workspace = workspace_from(options, plugins)
    if options.output is not None:
        check_output(workspace, options.output, headered=options.headered)  # fail now, not after an hour of play
    if options.out is not None:
        out_folder(options.out)  # refused now, as the patch is
    with own_project(options, workspace.rom) if keep_edits else contextlib.nullcontext(project) as kept:
        return _play(options, plugins, start, page, workspace, kept)


def _play(
    options: argparse.Namespace,
    plugins: Plugins,
    start: HostStart | None,
    page: AbstractContextManager[Site | None],
    workspace: Workspace,
    project: Project | None,
) -> int:
    watch = None if options.watch is None else out_folder(options.watch, "--watch")
    game = _Running(options, plugins, workspace, watch, project)
    try:
        if options.frames:
            game.run_frames()
        else:
            game.run_live(start, page)
    except BaseException:
        game.keep()
        raise
    game.keep()
    game.warn_of_names()
    if not options.json and game.last is not None:
        say(f"{workspace.rom.name}: stopped at frame {game.last.snapshot.frame}{game.summary()}")
        game.truth.finish()
        for line in game.truth.lines():
            say(line)
    return 0


class _Running:
    """A game that runs, and what the user is told about it."""

    def __init__(
        self,
        options: argparse.Namespace,
        plugins: Plugins,
        workspace: Workspace,
        watch: Path | None,
        project: Project | None,
    ) -> None:
        self._options = options
        self._project = project
        self._plugins = plugins
        self._workspace = workspace
        self._watch = watch
        self._edits: LiveEdits | None = None
        self._sheets = 0
        self._told_at = -NEWS_FRAMES
        self.last: Update | None = None
        # Each frame is decoded if it is printed, or if a plugin may look at it; the folder alone needs two a second.
        others = any(one.source != "built in" for one in plugins.loaded)
        self._all_frames = bool(options.frames or options.json or others)
        # In real time the frames are compared twice a second, unless each is printed.
        each = bool(options.frames or options.json)
        seen_every = 1 if self._all_frames else SHOWN_EVERY
        self.truth = RunTruth(
            compare_every=1 if each else COMPARED_LIVE // seen_every,
            every=SAMPLED if self._all_frames else SAMPLED_LIVE,
        )

    def run_frames(self) -> None:
        """Run `--frames` frames, each decoded before the next, so that the result is reproducible."""
        frames = self._options.frames
        with progress_bar("indexing", "B") as progress:
            locate = self._workspace.tracker(progress)
        with (
            open_game(game_from(self._options), locate, self._plugins, rom=self._workspace.rom) as session,
            StartWatch(session, note) as watch,
            progress_bar("playing", "frame") as progress,
        ):
            watch.follow(self._workspace)
            watch.ask()
            edits = self._begin(session)
            outlining = self._outlining(session, edits)
            outlining.follow(self._workspace)
            for number, update in enumerate(play_frames(session, schedule_from(self._options), frames), 1):
                if self.last is None and self._options.edit:
                    edits.bring_in(self._options.edit, update.snapshot)
                self.last = update
                watch.look(update)
                edits.look(update)
                self._show(update)
                progress(number, frames)
            outlining.close()

    def run_live(self, start: HostStart | None, opened: AbstractContextManager[Site | None]) -> None:
        """Run in real time until Ctrl-C, the normal end; the index is built while the game runs."""
        # Buttons of a script are held for exactly their frames, so the game is then driven frame by frame.
        game = replace(game_from(self._options), live=not self._options.press)
        options, controls = self._options, Controls()
        play: Play | None = None

        def workspace() -> Workspace:
            return self._workspace if play is None else play.workspace

        with (
            opened as site,
            served_page(options, site, controls, workspace, self._watch) as page,
            open_game(
                game,
                *(None, self._plugins),
                threads=True,
                rom=self._workspace.rom,
                host=None if start is None else start.wait,
            ) as session,
            progress_bar("indexing", "B") as progress,
        ):
            edits = self._begin(session)
            outlining = self._outlining(session, edits)
            rom = AttachedRom(
                *(self._workspace, self._plugins, note),
                mapping=options.mapping,
                profile=options.profile,
                fresh_index=options.fresh,
            )
            play = Play(
                self._workspace,
                session,
                edits,
                resolve=lambda identity: rom.workspace(identity, session.host),
                bring_in=self._options.edit,
                seen=self._show,
                progress=progress,
                report=note,
                every=1 if self._all_frames else SHOWN_EVERY,
                outlining=outlining,
                controls=controls,
                all_frames=lambda: page is not None and page.needs_frames,
                rests=game.live and not self._all_frames,
            )
            try:
                with ended_by_interrupts():
                    if page is not None:
                        page.follow(session, edits)
                    controls.speed = 1.0 if self._options.speed is None else self._options.speed
                    play.run(schedule_from(self._options), controls.speed)
            finally:
                self.last = play.last
                outlining.close()

    def _outlining(self, session: Session, edits: LiveEdits) -> Outlining:
        return Outlining(
            session,
            self._options.outline,
            edited=lambda: edits.edited_tiles,
            report=note,
        )

    def _begin(self, session: Session) -> LiveEdits:
        project = None
        if self._project is not None and self._watch is not None:
            project = LiveProject(
                *(self._project, self._workspace, self._watch), force=self._options.force, report=note
            )
        self._edits = LiveEdits(
            self._workspace,
            session,
            self._watch,
            force=self._options.force,
            nearest=self._options.nearest,
            everywhere=everywhere_from(self._options),
            regrouping=regrouping_from(self._options),
            strips=self._options.strip,
            report=note,
            applied=print_applied if self._options.json else lambda _: None,
            project=project,
        )
        rom, output = self._workspace.rom, self._options.output
        note(f"{rom.title or rom.name} runs on {session.info.emulator}")
        if self._watch is not None:
            note(
                f"a sheet appears in {self._watch} for each figure that comes on screen; edit a PNG, save it, and the "
                "game changes"
            )
        if self._project is not None:
            note(f"each edit is saved in {self._project.folder}")
        if not self._options.frames:
            note("Ctrl-C ends the game" + (f" and writes {output}" if output is not None else ""))
        return self._edits

    def _show(self, update: Update) -> None:
        """Tell about a decoded frame."""
        judged = self.truth.look(update)
        if self._options.json:
            print_json(frame_summary(update, judged))
        frame = update.snapshot.frame
        if self._edits is not None and self._edits.sheets > self._sheets and frame - self._told_at >= NEWS_FRAMES:
            new = self._edits.sheets - self._sheets
            page = "" if self._sheets or self._watch is None else f"; {self._watch / 'index.html'} shows them all"
            self._sheets, self._told_at = self._edits.sheets, frame
            note(f"frame {frame}: {new} new sheet{'s' * (new != 1)}, {self._sheets} in all{page}")

    def keep(self) -> None:
        """Write the edits and the pictures of the last frame, as the options say."""
        try:
            if self._edits is not None:
                self._edits.finish()
        finally:
            if self._options.output is not None and self._edits is not None:
                write_edits(self._edits, self._options)
        if self._options.out is not None and self.last is not None:
            write_frame_pictures(self.last, self._workspace, self._options.out, "last")

    def warn_of_names(self) -> None:
        """Tell which names of --merge and --split had no effect."""
        if self._watch is not None and self._edits is not None:
            note_unseen(self._edits)

    def summary(self) -> str:
        """Return what came of a watched folder, for the last line."""
        if self._watch is None or self._edits is None:
            return ""
        count = self._edits.sheets
        if count == 0:
            return f"; no sheets in {self._watch}: no sprite whose tiles are in the ROM has appeared"
        return f"; {count} sheet{'s' * (count != 1)} in {self._watch}"
