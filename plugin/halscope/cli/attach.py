"""`halscope attach`: look at, and edit, a game that runs in an emulator or on a console of its own."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from halscope_hooks import HostRequest, Update, UsageError

from halscope.app import (
    COMPARED_LIVE,
    EDITED,
    AttachedRom,
    Controls,
    LiveAttach,
    Plugins,
    RunTruth,
    Target,
    Workspace,
    check_output,
    found_emulators,
    host_script,
    watch_frames,
)
from halscope.cli._common import check_obsel, everywhere_from, out_folder, print_json, progress_bar, refuse_unused
from halscope.cli._edits import note_unseen, own_project, print_applied, project_from, wants_own_project, write_edits
from halscope.cli._figures import regrouping_from
from halscope.cli._game import frame_summary
from halscope.cli._interrupts import ended_by_interrupts
from halscope.cli._output import note, say
from halscope.cli._page import opened_site, served_page
from halscope.cli._plugins import plugins_from
from halscope.cli._table import Column, print_table
from halscope.cli._workspace import workspace_from
from halscope.project import Project
from halscope.session import Locate, Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from halscope.inspector import Inspector

SHEETS = Path("halscope-attach")
"""Folder for the sheets if --watch names none."""


def run(options: argparse.Namespace) -> int:
    """Attach, and look or edit until the frames are over or Ctrl-C."""
    check_obsel(options.obsel)
    plugins = plugins_from(options)
    if options.script:
        say(str(host_script(plugins, options.host)))
        return 0
    if options.list:
        return _list(options, plugins)
    keep_edits = wants_own_project(options)
    with project_from(options) as project:
        return _run(options, plugins, project, keep_edits=keep_edits)


def _run(options: argparse.Namespace, plugins: Plugins, project: Project | None, *, keep_edits: bool) -> int:
    looks = options.headless or options.json or options.frames is not None
    if looks and options.no_browser and options.watch is None:
        raise UsageError("--no-browser is for the page, which is not shown with --headless, --json and --frames alone")
    if looks and options.watch is None:
        edits = ("edit", "merge", "split", "strip", "force", "nearest", "everywhere", "only_here", "output", "headered")
        refuse_unused(options, edits, "is for edits, which need --watch DIR")
        if options.outline == EDITED:
            raise UsageError("--outline changed outlines edited figures, and edits need --watch DIR")
    elif options.frames is not None:
        raise UsageError("--watch DIR runs until Ctrl-C, and --frames N ends before; give one of them")
    workspace = None if options.rom is None else workspace_from(options, plugins)
    target = Target(
        options.host,
        plugins,
        HostRequest(options.rom, address=options.address, mapping=options.mapping, obsel=options.obsel),
        options.wait,
        note,
    )
    rom = AttachedRom(
        *(workspace, plugins, note), mapping=options.mapping, profile=options.profile, fresh_index=options.fresh
    )
    if looks and options.watch is None:
        return _look(options, target, rom)
    with contextlib.ExitStack() as kept:

        def keep(workspace: Workspace) -> Project | None:
            return kept.enter_context(own_project(options, workspace.rom)) if keep_edits else project

        return _Editing(options, target, rom, keep).run()


def _list(options: argparse.Namespace, plugins: Plugins) -> int:
    """Print the emulators that can be reached now."""
    found = found_emulators(plugins, options.host, options.address)
    if options.json:
        print_json({"emulators": [asdict(one) for one in found]})
    elif found:
        columns = [Column("address"), Column("emulator"), Column("game"), Column("problem")]
        print_table(columns, [[one.address, one.name, one.game, one.problem] for one in found])
    else:
        say("no emulator can be reached")
    return 0


def _look(options: argparse.Namespace, target: Target, rom: AttachedRom) -> int:
    """Decode each frame and print it."""
    truth = RunTruth()
    last: Update | None = None

    def locate(workspace: Workspace) -> Locate:
        with progress_bar("indexing", "B") as progress:
            return workspace.tracker(progress)

    with ended_by_interrupts():
        for update in watch_frames(target, rom, locate, options.frames, options.outline):
            last = update
            judged = truth.look(update)
            if options.json:
                print_json(frame_summary(update, judged))
    if not options.json and last is not None:
        located = "" if last.origins is None else f", {last.origins.located} tiles in VRAM found in the ROM"
        say(f"stopped at frame {last.snapshot.frame}: {len(last.frame.sprites)} sprites{located}")
        truth.finish()
        for line in truth.lines():
            say(line)
    return 0


class _Editing:
    """Sheets in a folder, and edits of the attached game."""

    def __init__(
        self,
        options: argparse.Namespace,
        target: Target,
        rom: AttachedRom,
        project: Callable[[Workspace], Project | None],
    ) -> None:
        self._options = options
        self._open_project = project
        self._project: Project | None = None
        self._target = target
        self._rom = rom
        self._folder = out_folder(SHEETS if options.watch is None else options.watch, "--watch")
        self._live: LiveAttach | None = None
        self._page: Inspector | None = None
        self._truth = RunTruth(compare_every=1 if options.json else COMPARED_LIVE)
        if options.output is not None and rom.given is not None:
            check_output(rom.given, options.output, headered=options.headered)  # fail now, not after an hour

    def run(self) -> int:
        """Run until Ctrl-C. Whatever ends it, the edits made so far are written."""
        options = self._options
        controls = Controls()
        with (
            progress_bar("indexing", "B") as progress,
            opened_site(options) as site,
            served_page(options, site, controls, self._workspace, self._folder) as self._page,
        ):
            self._live = live = LiveAttach(
                self._target,
                self._rom,
                self._folder,
                force=options.force,
                nearest=options.nearest,
                everywhere=everywhere_from(options),
                regrouping=regrouping_from(options),
                strips=options.strip,
                bring_in=options.edit,
                began=self._began,
                seen=self._show,
                progress=progress,
                applied=print_applied if options.json else lambda _: None,
                project=self._opened_project,
                outline=options.outline,
                controls=controls,
                all_frames=lambda: self._page is not None and self._page.needs_frames,
            )
            try:
                with ended_by_interrupts():
                    live.run()
            finally:
                if options.output is not None and live.edits is not None:
                    write_edits(live.edits, options)
        if live.edits is not None:
            note_unseen(live.edits)
        if live.edits is not None and live.last is not None and not options.json:
            count = live.edits.sheets
            say(f"stopped at frame {live.last.snapshot.frame}; {count} sheet{'s' * (count != 1)} in {self._folder}")
            self._truth.finish()
            for line in self._truth.lines():
                say(line)
        return 0

    def _opened_project(self, workspace: Workspace) -> Project | None:
        self._project = self._open_project(workspace)
        return self._project

    def _workspace(self) -> Workspace | None:
        return None if self._live is None else self._live.workspace

    def _began(self, workspace: Workspace, session: Session) -> None:
        if self._page is not None:
            self._page.follow(session, None if self._live is None else self._live.edits)
        output = self._options.output
        if output is not None:
            check_output(workspace, output, headered=self._options.headered)  # now, not after an hour
        note(f"{workspace.rom.title or workspace.rom.name} runs on {session.info.emulator}")
        note(
            f"a sheet appears in {self._folder} for each figure that comes on screen; edit a PNG, save it, and the "
            "game changes"
        )
        if self._project is not None:
            note(f"each edit is saved in {self._project.folder}")
        note("Ctrl-C detaches" + (f" and writes {output}" if output is not None else ""))

    def _show(self, update: Update) -> None:
        judged = self._truth.look(update)
        if self._options.json:
            print_json(frame_summary(update, judged))
