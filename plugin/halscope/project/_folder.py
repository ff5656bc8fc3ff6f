"""A project's folder: the file of the edits, their sheets and pictures, what is known of the ROM. Never the ROM."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self, final

from halscope_hooks import FormatError, HalscopeError, UsageError

import halscope._fields as read
from halscope._files import read_limited, remove_temporaries, write_all_atomic, write_atomic
from halscope._lines import readable_json
from halscope.inject import Sheet, Shown, is_version, read_sheet, sheet_edit, sidecar_path, write_sheet
from halscope.project._edit_list import Edit
from halscope.project._folder_lock import LOCK, FolderLock
from halscope.project._journal import JOURNAL, STAGE, Journal, finish_journal, make_folder, refuse_links
from halscope.project._kept_knowledge import KNOWLEDGE, OF_OTHERS, keep, kept_knowledge
from halscope.project._knowledge import Knowledge
from halscope.project._pictures import colours_picture, edited_pixels, picture_name, step_picture
from halscope.project._sheet_names import sheet_name
from halscope.project._state import ProjectState, new_project
from halscope.project._state_json import project_from_json, project_to_json
from halscope.rom.image import Rom

log: Final = logging.getLogger("halscope.project")

PROJECT: Final = "project.json"
SHEETS: Final = "sheets"
HISTORY: Final = "history"
LOCAL: Final = "local.json"
WATCHED: Final = "watch"
IGNORE: Final = ".gitignore"
_OURS: Final = (PROJECT, SHEETS, HISTORY, KNOWLEDGE, LOCAL, WATCHED, IGNORE)
_WORKING: Final = (LOCK, JOURNAL, STAGE)
_IGNORED: Final = (
    f"# Of this machine alone, or not yours to give away.\n{LOCAL}\n{LOCK}\n{WATCHED}/\n{JOURNAL}/\n.*\n!{IGNORE}\n"
)

_MOST_BYTES: Final = 64 << 20
_MOST_PATH: Final = 1 << 15


@final
class Project:
    """A folder with the edits of a game, which a person can put in git.

    Use `create` or `open`. `state` is what the folder holds; `save` replaces it. Whatever ends the process, the folder
    holds the state before a `save` or the one after it, with its pictures: all new files are complete in a folder of
    their own (`journal`) before the first of them takes its place, and the next one to open the project goes on.

    Args:
        folder: The folder.
        state: What its file says.
        lock: The right to change it; `None` for a project that is only read.
    """

    def __init__(self, folder: Path, state: ProjectState, lock: FolderLock | None) -> None:
        self.folder: Final = folder
        self.state = state
        self._lock = lock
        self._sheets: dict[str, Sheet | None] = {}

    @classmethod
    def create(cls, folder: Path | str, rom: Rom) -> Self:
        """Make a project without edits, and open it for changes.

        Args:
            folder: A new folder, or one without a project, such as a clone of an empty repository.
            rom: The ROM that the edits will start from.

        Raises:
            UsageError: There is a project already, a file that would be written over, or a link in the place of one.
            HalscopeError: The folder cannot be written.
        """
        folder = Path(folder)
        refuse_links(folder / name for name in _WORKING)
        for name in _OURS:
            if (folder / name).exists() or (folder / name).is_symlink():
                what = "has a project already" if name == PROJECT else f"has a {name} that is not of a project"
                raise UsageError(f"{folder}: {what}; give a new folder")
        is_new = not folder.exists()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise UsageError(f"{folder}: is not a folder; give a new one") from None
        except OSError as error:
            raise HalscopeError(f"{folder}: cannot be created: {error.strerror or error}") from error
        lock: FolderLock | None = None
        try:
            lock = FolderLock(folder)
            project = cls(folder, new_project(rom), lock)
            write_all_atomic({folder / IGNORE: _IGNORED.encode(), folder / PROJECT: _encoded(project.state)})
            project.remember_rom(rom)
        except BaseException:
            with contextlib.suppress(OSError):  # half a project would be in the way of the next attempt
                if lock is not None:  # else they are another process's
                    for name in (IGNORE, PROJECT, LOCAL):
                        (folder / name).unlink(missing_ok=True)
                    lock.close()
                if is_new and not (folder / LOCK).stat().st_size:  # it names who has it
                    (folder / LOCK).unlink()
                    folder.rmdir()
            if lock is not None:
                lock.close()
            raise
        return project

    @classmethod
    def open(cls, folder: Path | str, *, write: bool = False) -> Self:
        """Open a project.

        Args:
            folder: Its folder.
            write: Whether it may be changed. Only one process at a time may; reading is always possible.

        Raises:
            UsageError: There is no project, or one of its files or folders is a link, which may lead out of it.
            FormatError: Its file is damaged, or a newer Halscope wrote it.
            HalscopeError: Another process changes it, or it cannot be written.
        """
        folder = Path(folder)
        _refuse_own_links(folder)
        if not (folder / PROJECT).is_file():
            raise UsageError(f"{folder}: is not a project, as it has no {PROJECT}; `halscope project new` makes one")
        lock = FolderLock(folder) if write else None
        try:
            if write:
                remove_temporaries(folder)
                finish_journal(folder)
            state = _read_state(folder)
            project = cls(folder, state, lock)
            project.state = replace(state, edits=state.edits.mapped(project._with_shown))
        except BaseException:
            if lock is not None:
                lock.close()
            raise
        return project

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let others change the project. Idempotent."""
        if self._lock is not None:
            self._lock.close()

    @property
    def sheets(self) -> Path:
        """The folder with the edited sheets."""
        return self.folder / SHEETS

    @property
    def watched(self) -> Path:
        """The folder for the sheets of a running game, which git ignores: they hold the game's graphics."""
        return self.folder / WATCHED

    def name_of(self, png: Path, watched: Path | None = None) -> str:
        """Return the name that a sheet has in the project. Raises UsageError if it cannot have one.

        Args:
            png: The sheet.
            watched: The folder of the running game's sheets, if it is another one than `watched`.
        """
        return sheet_name(png, (self.sheets, self.watched, *(() if watched is None else (watched,))))

    def sheet(self, name: str) -> Sheet | None:
        """Return the sheet of this name as it was exported, or `None` if its files cannot be read."""
        if name not in self._sheets:
            try:
                self._sheets[name] = read_sheet(self.sheets / name).sheet
            except HalscopeError as error:
                log.info("%s", error)
                self._sheets[name] = None
        return self._sheets[name]

    def picture(self, edit: Edit) -> Path | None:
        """Return the picture of a version of an edit, before and after it; `None` if there is none."""
        path = self.folder / HISTORY / picture_name(edit)
        return path if path.is_file() else None

    def save(self, state: ProjectState, sheets: Mapping[str, Sheet] | None = None) -> None:
        """Replace what the folder holds.

        Args:
            state: The new project.
            sheets: Sheets that are new in it, or of another ROM than before, by their names.

        Raises:
            UsageError: The project was opened to be read, or a person has painted in one of its own sheets.
            HalscopeError: A file cannot be written; the folder holds the old state.
        """
        if self._lock is None:
            raise UsageError(f"{self.folder}: the project is open to be read")
        fresh = {} if sheets is None else dict(sheets)
        before, self._sheets = self._sheets, {**self._sheets, **fresh}
        try:
            with Journal(self.folder) as stage:
                self._write_sheets(state, fresh, stage)
                self._write_history(state, stage)
                write_atomic(stage / PROJECT, _encoded(state))
        except BaseException:
            self._sheets = before
            raise
        old, self.state = self.state, state
        with contextlib.suppress(OSError):  # what is too much does no harm
            self._remove_unused(old)

    def _write_sheets(self, state: ProjectState, fresh: Mapping[str, Sheet], stage: Path) -> None:
        now, then = ({edit.name: edit for edit in one.edits.edits} for one in (state, self.state))
        sheets = {name: self.sheet(name) for name in dict.fromkeys(edit.name for edit in state.versions())}
        written = {
            name: sheet
            for name, sheet in sheets.items()
            if sheet is not None
            and (name in fresh or now.get(name) != then.get(name) or not (self.sheets / name).exists())
        }
        for name in written:
            self._refuse_unknown(name, state)
        for name, sheet in written.items():
            edit = now.get(name)
            path = stage / SHEETS / name
            make_folder(path.parent)
            write_sheet(sheet, edited_pixels(sheet, None if edit is None else edit.sheet), path)

    def painted(self) -> list[Path]:
        """Return the project's own sheets that a person has edited, and whose edit the project does not have."""
        names = dict.fromkeys(edit.name for edit in self.state.versions())
        return [self.sheets / name for name in names if self._is_painted(name, self.state)]

    def _is_painted(self, name: str, *states: ProjectState) -> bool:
        """Whether a sheet shows an edit that none of these states has."""
        try:
            painted = sheet_edit(read_sheet(self.sheets / name))
        except HalscopeError:
            return False  # there is none, or it is no picture any more
        known = [edit.sheet.changes for one in states for edit in one.versions() if edit.name == name]
        return bool(painted.changes) and not any(is_version(painted, changes) for changes in known)

    def _refuse_unknown(self, name: str, state: ProjectState) -> None:
        """Raise UsageError if a person has painted in the project's own sheet what no edit holds."""
        path = self.sheets / name
        if self._is_painted(name, self.state, state):
            raise UsageError(
                f"{path}: was edited, and the project does not have this edit; bring it in with `halscope inject ROM "
                f"{path} --project {self.folder}`, or delete it"
            )

    def _write_history(self, state: ProjectState, stage: Path) -> None:
        for edit in state.versions():
            name = picture_name(edit)
            if (self.folder / HISTORY / name).exists():
                continue
            picture = colours_picture(edit.sheet)
            if picture is None and (sheet := self.sheet(edit.name)) is not None:
                picture = step_picture(sheet, edit.sheet)
            if picture is not None:
                make_folder(stage / HISTORY)
                write_atomic(stage / HISTORY / name, picture)

    def _remove_unused(self, old: ProjectState) -> None:
        """Remove the sheets and pictures of what is no longer in the project, not even as a step to undo."""
        names, pictures = (
            {read(edit) for edit in old.versions()} - {read(edit) for edit in self.state.versions()}
            for read in (lambda edit: edit.name, picture_name)
        )
        for name in names:
            for path in (self.sheets / name, sidecar_path(self.sheets / name)):
                path.unlink(missing_ok=True)
        for name in pictures:
            (self.folder / HISTORY / name).unlink(missing_ok=True)

    def _with_shown(self, edit: Edit) -> Edit:
        """Return an edit with the tiles that its sheet showed, which the project's file does not repeat."""
        sheet = self.sheet(edit.name)
        if sheet is None:
            return edit
        shown = tuple(Shown(cell.vram_byte, cell.tile) for cell in sheet.cells if cell.vram_byte is not None)
        return replace(edit, sheet=replace(edit.sheet, shown=shown))

    def remember_rom(self, rom: Rom) -> None:
        """Note where this machine has the ROM, in a file that git ignores. Nothing happens for one without a file."""
        if rom.path is not None:
            path = str(rom.path.absolute())
            write_atomic(self.folder / LOCAL, readable_json({"rom": path, "sha256": rom.sha256}).encode())

    def rom_path(self) -> Path | None:
        """Return where this machine had the ROM when the project was last changed, or `None` if it is not known."""
        path = self.folder / LOCAL
        try:
            if not path.is_file():
                return None
            fields = read.document(read_limited(path, _MOST_BYTES, "note"), str(path), FormatError, "delete it")
            return Path(fields.take("rom", read.any_text(_MOST_PATH)))
        except HalscopeError as error:
            log.warning("%s", error)
            return None

    def knowledge(self, rom_sha256: str | None = None) -> Knowledge | None:
        """Return the copy of what is known of the project's ROM, or of one that it started from before.

        Args:
            rom_sha256: The hash of the ROM; by default the project's own.

        Returns:
            The copy; `None` if there is none of this ROM that can be read, which is logged.
        """
        return kept_knowledge(self.folder, self.state.base.sha256 if rom_sha256 is None else rom_sha256)

    def keep_knowledge(self, known: Knowledge) -> None:
        """Merge what is known of the project's ROM into the copy, and write it if anything is new. The copy of a ROM
        before is kept beside it.

        Raises:
            HalscopeError: It cannot be written.
        """
        keep(self.folder, known, [rom.sha256 for rom in self.state.lineage])


def _refuse_own_links(folder: Path) -> None:
    """Raise UsageError if one of a project's own files or folders is a link: a clone may have any."""
    refuse_links(folder / name for name in (*_OURS, *_WORKING))
    refuse_links(folder.glob(OF_OTHERS))
    for parent in (SHEETS, HISTORY):
        refuse_links((folder / parent).rglob("*"))


def _encoded(state: ProjectState) -> bytes:
    return project_to_json(state).encode()


def _read_state(folder: Path) -> ProjectState:
    """Read the file of a project, or the newer one of a `save` that was not finished."""
    newer = folder / JOURNAL / PROJECT
    if newer.is_file():
        with contextlib.suppress(UsageError):  # it has taken its place meanwhile
            return project_from_json(read_limited(newer, _MOST_BYTES, "project's file"), str(newer))
    path = folder / PROJECT
    return project_from_json(read_limited(path, _MOST_BYTES, "project's file"), str(path))
