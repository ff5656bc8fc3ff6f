"""The emulator loads another ROM, or reloads the same one: index and edits follow."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from halscope.app import AttachedRom, LiveEdits, Play, Workspace, _watched_folder
from halscope.app._watched_folder import LOOK_EVERY
from halscope.inject import read_sheet, write_sheet
from halscope.session import JobTimeoutError, Session
from halscope_hooks import HalscopeError, HostError, HostGoneError, Snapshot, Touched, Update, Write, WriteReceipt
from support.rom_console import Console, blanked, seen, workspaces

WAIT = 60.0


def test_edits_are_written_again_into_a_game_that_is_loaded_again(tmp_path: Path) -> None:
    workspace, _ = workspaces(tmp_path)
    console = Console(workspace)
    reports: list[str] = []
    edits = LiveEdits(workspace, Session(console), force=True, report=reports.append)
    edits.bring_in([blanked(workspace, tmp_path / "a.png")], seen(console).snapshot)
    assert console.edited()
    console.load(workspace)
    edits.follow(workspace)
    assert not console.edited()
    assert edits.edits.edits == ()
    edits.look(seen(console))
    assert console.edited()
    assert any("1 edit written into the game again" in line for line in reports)
    edits.take(edits.edits.undo(), seen(console).snapshot)
    assert not console.edited(), "the steps can still be undone"


def test_where_the_rom_cannot_be_written_the_edit_shows_and_what_it_needs_to_stay_is_said(tmp_path: Path) -> None:
    workspace, _ = workspaces(tmp_path)
    console = Console(workspace)
    console.info = dataclasses.replace(console.info, writable=frozenset({"vram", "wram"}))
    reports: list[str] = []
    edits = LiveEdits(workspace, Session(console), force=True, report=reports.append)
    png = blanked(workspace, tmp_path / "a.png")
    edits.bring_in([png], seen(console).snapshot)
    edits.bring_in([png], seen(console).snapshot)
    assert console.shows_edit()
    assert (console.rom == workspace.rom.data).all()
    (line,) = reports
    assert "the emulator's ROM cannot be written" in line
    assert "needs the patched ROM to be loaded to stay" in line
    edits.write_patch(tmp_path / "out.bps")
    assert (tmp_path / "out.bps").read_bytes()[:4] == b"BPS1"


def test_nothing_is_edited_in_a_rom_that_is_not_known(tmp_path: Path) -> None:
    workspace, _ = workspaces(tmp_path)
    console = Console(workspace)
    reports: list[str] = []
    edits = LiveEdits(workspace, Session(console), force=True, report=reports.append)
    png = blanked(workspace, tmp_path / "a.png")
    edits.bring_in([png], seen(console).snapshot)
    edits.follow(None)
    with pytest.raises(HostError, match=r"the file of the running ROM is unknown.*load .*first\.sfc again"):
        edits.bring_in([png], seen(console).snapshot)
    edits.look(seen(console))
    edits.write_patch(tmp_path / "out.bps")
    assert (tmp_path / "out.bps").read_bytes()[:4] == b"BPS1", "what was edited before is kept"


def test_each_rom_has_edits_of_its_own_and_the_patch_is_of_the_first(tmp_path: Path) -> None:
    first, second = workspaces(tmp_path)
    console = Console(first)
    reports: list[str] = []
    edits = LiveEdits(first, Session(console), force=True, report=reports.append)
    console.load(second)
    edits.follow(second)
    edits.bring_in([blanked(second, tmp_path / "b.png")], seen(console).snapshot)
    assert console.edited()
    edits.write_patch(tmp_path / "out.bps")
    assert not (tmp_path / "out.bps").exists()
    assert "second.sfc: its edits are not in" in reports[0]
    assert "nothing was edited" in reports[1]
    console.load(first)
    edits.follow(first)
    edits.look(seen(console))
    assert not console.edited()
    console.load(second)
    edits.follow(second)
    edits.look(seen(console))
    assert console.edited()


class Switching(Console):
    """A console on which the second ROM is loaded while it is played, then one that is not known."""

    def __init__(self, first: Workspace, second: Workspace) -> None:
        super().__init__(first)
        self.first, self.second = first.rom.sha256, second
        self.seen: list[tuple[str, bool]] = []
        """For each update: the ROM that its snapshot is of, and whether its tiles were located."""
        self.until = time.monotonic() + WAIT
        self.watched: list[tuple[str | None, Sequence[tuple[int, int]]]] = []
        """The ROM that ran when reads were to be watched, and where."""

    def load(self, workspace: Workspace, *, known: bool = True) -> None:
        super().load(workspace, known=known)
        self.info = dataclasses.replace(self.info, capabilities=frozenset({"driven", "tracing"}))

    def watch_rom(self, ranges: Sequence[tuple[int, int]]) -> None:
        self.watched.append((self.info.rom.sha256, ranges))

    def take_touches(self) -> Sequence[Touched]:
        return []

    def step(self) -> Snapshot | None:
        running = self.info.rom.sha256
        located = (running, True) in self.seen and running in [rom for rom, _ in self.watched]
        if located and running == self.first:
            self.load(self.second)
        elif located:
            self.load(self.second, known=False)
        done = ("00", False) in self.seen or time.monotonic() > self.until
        return None if done else super().step()


def test_a_played_session_indexes_the_rom_that_is_loaded(tmp_path: Path) -> None:
    first, second = workspaces(tmp_path)
    console = Switching(first, second)
    reports: list[str] = []
    session = Session(console, threads=True, workers=2)
    edits = LiveEdits(first, session, force=True, report=reports.append)

    def note(update: Update) -> None:
        assert update.snapshot.rom is not None
        located = update.origins is not None and update.origins.located > 20
        console.seen.append((str(update.snapshot.rom.sha256), located))

    rom = AttachedRom(first, first.plugins, reports.append)
    play = Play(
        *(first, session, edits),
        resolve=lambda identity: rom.workspace(identity, console),
        seen=note,
        progress=lambda _done, _total: None,
        report=reports.append,
    )
    play.run(())
    assert {(first.rom.sha256, True), (second.rom.sha256, True), ("00", False)} <= set(console.seen)
    assert ("00", True) not in console.seen, "nothing is known of the third ROM"
    assert console.watched == [(one.rom.sha256, [(0, len(one.rom.data))]) for one in (first, second)]
    assert any("second.sfc is running now" in line for line in reports)
    assert any("another ROM is running now" in line for line in reports)
    assert dataclasses.asdict(session.info)["rom"]["sha256"] == "00"


class Watched:
    """A console whose edits come from a folder of sheets."""

    def __init__(self, workspace: Workspace, folder: Path) -> None:
        folder.mkdir()
        self.console = Console(workspace)
        self.reports: list[str] = []
        self.edits = LiveEdits(workspace, Session(self.console), folder, force=True, report=self.reports.append)

    def look(self, looks: int = 2) -> None:
        """Look at the folder; a saved sheet is read at the second look, when it is seen to be whole."""
        for _ in range(looks):
            self.console.frame += LOOK_EVERY
            self.edits.look(seen(self.console))


def test_an_edit_that_a_reloaded_game_does_not_take_can_be_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, _ = workspaces(tmp_path)
    watched = Watched(workspace, tmp_path / "w")
    png = blanked(workspace, tmp_path / "w" / "a.png")
    watched.look()
    assert watched.console.edited()
    watched.console.load(workspace)
    watched.edits.follow(workspace)
    with monkeypatch.context() as patch:
        patch.setattr(watched.console, "write", refuse(HostError("the bytes there are others")))
        watched.look()
    assert "could not be written into the reloaded game" in watched.reports[-1]
    write_sheet(read_sheet(png).sheet, None, png)  # the original again
    watched.look()
    watched.edits.write_patch(tmp_path / "out.bps")
    assert watched.reports[-1] == f"{tmp_path / 'out.bps'}: not written, nothing was edited"


@pytest.mark.parametrize("error", [HostGoneError("the emulator is gone"), JobTimeoutError("the game does not run")])
def test_a_sheet_that_is_saved_as_the_emulator_goes_is_applied_when_it_is_attached_again(
    error: HalscopeError, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, _ = workspaces(tmp_path)
    watched = Watched(workspace, tmp_path / "w")
    blanked(workspace, tmp_path / "w" / "a.png")
    with monkeypatch.context() as patch:
        patch.setattr(watched.console, "write", refuse(error))
        watched.look(4)
    assert watched.reports == [f"a.png: {error}; it is applied as soon as the game takes it"]
    watched.edits.attach(Session(watched.console), workspace)
    watched.look()
    assert watched.console.edited()
    assert watched.reports[-2].startswith("a.png: applied to the game")


def refuse(error: HalscopeError) -> Callable[[Sequence[Write]], WriteReceipt]:
    def write(_writes: Sequence[Write]) -> WriteReceipt:
        raise error

    return write


def test_a_sheet_that_is_saved_while_no_frame_comes_is_said_to_wait_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_watched_folder, "IDLE_AFTER", 0.0)
    workspace, _ = workspaces(tmp_path)
    watched = Watched(workspace, tmp_path / "w")
    blanked(workspace, tmp_path / "w" / "earlier.png")
    watched.edits.idle()
    assert not watched.reports, "before the first frame, a sheet may be of an earlier run, and unedited"
    watched.look()
    assert watched.reports[0].startswith("earlier.png: applied")
    watched.reports.clear()
    blanked(workspace, tmp_path / "w" / "a.png")
    for _ in range(2):
        watched.edits.idle()
    assert watched.reports == [
        "a.png: was saved; it is applied with the next frame, and the emulator sends none now (it may be paused)"
    ]
    watched.look()
    assert watched.reports[-1].startswith("a.png: applied")


def test_edits_that_were_never_brought_in_are_named_when_the_game_ends(tmp_path: Path) -> None:
    first, _ = workspaces(tmp_path)
    reports: list[str] = []
    console = Console(first)
    session = Session(console, threads=True)
    with session:
        edits = LiveEdits(first, session, force=True, report=reports.append)
        png = blanked(first, tmp_path / "a.png")
        Play(
            *(first, session, edits),
            resolve=lambda _rom: None,
            bring_in=[png],
            seen=lambda _update: None,
            progress=lambda _done, _total: None,
            report=reports.append,
        )
    output = tmp_path / "out.bps"
    edits.write_patch(output)
    assert reports == [
        f"{png}: its edit is not in {output}: the game ended before it was applied; add it with `halscope inject` or "
        "--edit",
        f"{output}: not written, no edit was applied",
    ]
