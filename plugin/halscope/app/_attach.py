"""Attaching to emulators that run on their own: waiting for one, looking at its frames, and attaching again."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

from halscope_hooks import (
    Event,
    FoundEmulator,
    HalscopeError,
    Host,
    HostAbsentError,
    HostChanged,
    HostError,
    HostGoneError,
    HostRequest,
    RemoteHostFactory,
    Update,
    UsageError,
)

from halscope.app._attached_rom import AttachedRom, Report
from halscope.app._controls import Controls
from halscope.app._live_edits import LiveEdits
from halscope.app._live_project import LiveProject
from halscope.app._outlining import Outlining
from halscope.app._play import Play
from halscope.app._pointing import Pointing
from halscope.app._regroup import Regrouping
from halscope.app._shown_edits import AppliedEdit
from halscope.app._start_watch import StartWatch
from halscope.app._workspace import Workspace
from halscope.plugins import Plugins
from halscope.project import Project
from halscope.session import Locate, Session

RETRY: Final = 0.5
"""Seconds between two attempts to reach an emulator."""


@dataclass(frozen=True, slots=True)
class Target:
    """What to attach to.

    Args:
        host: Name of the host.
        plugins: The plugins, which provide the host.
        request: What the host is asked for.
        wait: Seconds to wait for the emulator, or `None` for no limit.
        report: Called with each line of text for the user.
    """

    host: str
    plugins: Plugins
    request: HostRequest
    wait: float | None
    report: Report

    def open(self) -> Host:
        """Wait for the emulator and attach to it.

        Raises:
            HostError: It did not appear in time, or cannot be used.
            UsageError: The request is wrong.
        """
        factory = remote_host(self.plugins, self.host)
        until = math.inf if self.wait is None else time.monotonic() + self.wait
        told: str | None = None
        while True:
            try:
                return factory.open(self.request)
            except HostAbsentError as error:
                reason = str(error)
            rest = until - time.monotonic()
            if rest <= 0:
                raise HostAbsentError(f"{reason}; it did not appear within {self.wait:g} seconds: {factory.setup}")
            if told is None:
                self.report(f"{reason}; waiting for it: {factory.setup}")
            elif told != reason:
                self.report(reason)
            told = reason
            time.sleep(min(RETRY, rest))


def remote_host(plugins: Plugins, name: str) -> RemoteHostFactory:
    """Return the host of this name. Raises UsageError if there is none, or it runs its games itself."""
    factory = plugins.host(name)
    if not isinstance(factory, RemoteHostFactory):
        remote = [one.name for one in plugins.hosts() if isinstance(one, RemoteHostFactory)]
        raise UsageError(
            f"the host {name} does not attach to running emulators; use `play --host {name}`, or attach to one of: "
            f"{', '.join(remote)}"
        )
    return factory


@runtime_checkable
class _Scripted(Protocol):
    """A factory for emulators that run a script of the host's."""

    @property
    def script(self) -> Path: ...


def host_script(plugins: Plugins, name: str) -> Path:
    """Return the script that a host's emulators run. Raises UsageError if the host has none."""
    factory = remote_host(plugins, name)
    if not isinstance(factory, _Scripted):
        raise UsageError(f"the host {name} needs no script in the emulator; attach without --script")
    return factory.script


def found_emulators(plugins: Plugins, name: str, address: str | None = None) -> Sequence[FoundEmulator]:
    """Return the emulators that a host can reach now. Raises UsageError or HostError."""
    return remote_host(plugins, name).find(HostRequest(address=address))


def watch_frames(
    target: Target,
    rom: AttachedRom,
    locate: Callable[[Workspace], Locate],
    frames: int | None,
    outline: str | None = None,
) -> Iterator[Update]:
    """Yield each frame of the emulator, decoded and located; attach again after it has gone.

    Args:
        target: The emulator.
        rom: Its ROM.
        locate: Returns the `locate` function of a ROM; may build its index.
        frames: Number of frames, or `None` for no end.
        outline: Figures to outline on the emulator's screen, see `Outlining`.

    Raises:
        HostError: No emulator appeared in time, or it cannot be used.
        UsageError: It cannot draw outlines.
    """
    seen = 0
    while frames is None or seen < frames:
        with (
            Session(
                target.open(), owns_host=True, dispatch=target.plugins.dispatch, hooked=target.plugins.hooked
            ) as session,
            StartWatch(session, target.report) as watch,
        ):
            changes: list[Event] = []
            subscription = session.subscribe(changes.append, HostChanged)
            pointing = Pointing(session, target.report)
            outlining = Outlining(session, outline, report=target.report)
            try:
                outlining.follow(_follow(session, rom, locate, watch))
                while frames is None or seen < frames:
                    update = session.step()  # none while the emulator is paused
                    watch.ask()
                    if changes:
                        changes.clear()
                        outlining.follow(_follow(session, rom, locate, watch))
                    if update is not None:
                        seen += 1
                        watch.look(update)
                        yield update
            except HostGoneError as error:
                target.report(str(error))
            for one in (subscription, pointing, outlining):
                one.close()


def _follow(
    session: Session, rom: AttachedRom, locate: Callable[[Workspace], Locate], watch: StartWatch
) -> Workspace | None:
    """Locate tiles in the ROM that runs now, and watch what it reads if the host can tell."""
    workspace = rom.workspace(session.info.rom, session.host)
    session.set_rom(None if workspace is None else workspace.rom)
    session.set_locate(None if workspace is None else locate(workspace))
    watch.follow(workspace)
    watch.ask()
    return workspace


class LiveAttach:
    """Edits of an attached game: sheets appear in a folder, and saved ones change the game.

    Args:
        target: The emulator.
        rom: Its ROM.
        folder: Folder for the sheets.
        force: Also edit blocks whose start is not proven.
        nearest: Replace colours that the palette does not have.
        everywhere: Whether new edits also change the other places of the ROM that hold their tiles; `None`: as the
            sheet's edit before, and only here if there was none.
        regrouping: Figures to merge or to split.
        strips: Figures whose pictures are collected in strips.
        bring_in: Edited PNGs to apply as soon as the index is ready.
        began: Called with the ROM and the session each time an emulator is attached.
        seen: Called with each decoded frame, as by `Play`.
        progress: Called while the index is built, as by `Play`.
        applied: As for `LiveEdits`.
        project: Returns the project that the edits are from, and saved in, open for changes; called once, with the ROM
            that the edits are for.
        outline: Figures to outline on the emulator's screen, see `Outlining`.
        controls, all_frames: As for `Play`.
    """

    def __init__(
        self,
        target: Target,
        rom: AttachedRom,
        folder: Path,
        *,
        force: bool,
        nearest: bool,
        everywhere: bool | None = None,
        regrouping: Regrouping,
        strips: Sequence[str] = (),
        bring_in: Sequence[Path],
        began: Callable[[Workspace, Session], None],
        seen: Callable[[Update], None],
        progress: Callable[[int, int], None],
        applied: Callable[[AppliedEdit], None],
        project: Callable[[Workspace], Project | None] = lambda _: None,
        outline: str | None = None,
        controls: Controls | None = None,
        all_frames: Callable[[], bool] = lambda: False,
    ) -> None:
        self._project = project
        self._outline = outline
        self._controls = controls
        self._all_frames = all_frames
        self._newest: Play | None = None
        self._target = target
        self._rom = rom
        self._folder = folder
        self._force = force
        self._nearest = nearest
        self._everywhere = everywhere
        self._regrouping = regrouping
        self._strips = tuple(strips)
        self._bring_in = bring_in
        self._began = began
        self._seen = seen
        self._progress = progress
        self._applied = applied
        self.edits: LiveEdits | None = None
        """The edits, once an emulator was attached."""
        self.last: Update | None = None
        """The newest decoded frame."""

    @property
    def workspace(self) -> Workspace | None:
        """The ROM that runs; `None` before an emulator is attached."""
        return None if self._newest is None else self._newest.workspace

    def run(self) -> None:
        """Run until an exception (Ctrl-C). An emulator that goes is waited for, and gets the edits again.

        Raises:
            HalscopeError: No emulator appeared in time, the file of the running ROM is unknown, an edit of `bring_in`
                cannot be applied, or a file cannot be written.
        """
        while True:
            plugins = self._target.plugins
            session = Session(
                self._target.open(), threads=True, owns_host=True, dispatch=plugins.dispatch, hooked=plugins.hooked
            )
            try:
                with session:
                    self._play(session)
            except HostGoneError as error:
                self._target.report(str(error))
            else:
                return

    def _finish(self, edits: LiveEdits) -> None:
        """Write what was put off. If the emulator is gone, what cannot be written now is tried again at the end."""
        is_gone = isinstance(sys.exception(), HostGoneError)
        try:
            edits.finish()
        except HalscopeError as error:
            if not is_gone:
                raise
            self._target.report(str(error))

    def _play(self, session: Session) -> None:
        workspace = self._rom.workspace(session.info.rom, session.host)
        if workspace is None:
            raise HostError(
                f"{session.info.emulator} runs {session.info.rom.path or 'a ROM'}, whose file cannot be read here; "
                "give it with --rom"
            )
        session.set_rom(workspace.rom)
        if self.edits is None:
            first = self._rom.given or workspace  # the patch is for the ROM that the user named
            project, report = self._project(first), self._target.report
            self.edits = LiveEdits(
                first,
                session,
                self._folder,
                force=self._force,
                nearest=self._nearest,
                everywhere=self._everywhere,
                regrouping=self._regrouping,
                strips=self._strips,
                report=report,
                applied=self._applied,
                project=None
                if project is None
                else LiveProject(project, first, self._folder, force=self._force, report=report),
            )
            if first is not workspace:
                self.edits.follow(workspace)
        else:
            self.edits.attach(session, workspace)
        self._began(workspace, session)
        pointing = Pointing(session, self._target.report)
        edits = self.edits
        outlining = Outlining(
            session,
            self._outline,
            edited=lambda: edits.edited_tiles,
            report=self._target.report,
        )
        play = Play(
            workspace,
            session,
            self.edits,
            resolve=lambda rom: self._rom.workspace(rom, session.host),
            bring_in=self._bring_in,
            seen=self._seen,
            progress=self._progress,
            report=self._target.report,
            outlining=outlining,
            controls=self._controls,
            all_frames=self._all_frames,
        )
        self._newest = play
        try:
            play.run(())
        finally:
            pointing.close()
            outlining.close()
            self._finish(self.edits)
            self.last = play.last or self.last
            if play.located:
                self._bring_in = ()
