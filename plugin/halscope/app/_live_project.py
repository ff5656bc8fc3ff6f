"""A project that the edits of a running game come from, and are saved in."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from halscope_hooks import HalscopeError, UsageError

from halscope.app._edited_files import is_palette, read_edit
from halscope.app._project import (
    keep_knowledge,
    learn_from_project,
    rebase_lines,
    rebase_project,
)
from halscope.app._put_sheets import refuse_other_figure
from halscope.app._workspace import Workspace
from halscope.formats.palettes import write_palette
from halscope.inject import (
    Moved,
    Sheet,
    SheetEdit,
    is_version,
    palette_of_edit,
    read_edited_palette,
    read_sheet,
    sheet_edit,
    source_path,
    write_palette_sheet,
    write_sheet,
)
from halscope.project import Edit, EditList, Project, ProjectState, carry_edit, edited_pixels


class LiveProject:
    """The project of a running game. The names of its edits are the paths of the sheets in the watched folder.

    If the game's ROM is another build than the project's, it becomes the project's, and the edits are carried over. The
    sheets of the project are written into the watched folder; those that a person edited meanwhile stay.

    Args:
        project: The project, open for changes.
        workspace: The ROM.
        watched: The folder of the running game's sheets.
        force: Also carry edits into blocks whose start is not proven.
        report: Called with lines of text for the user.

    Raises:
        UsageError: It is another game's ROM.
        HalscopeError: A file cannot be written.
    """

    def __init__(
        self, project: Project, workspace: Workspace, watched: Path, *, force: bool, report: Callable[[str], None]
    ) -> None:
        self._project = project
        self._workspace = workspace
        self._watched = watched
        self._force = force
        self._report = report
        self._sources: dict[str, Path] = {}
        self._unsaved: tuple[EditList, tuple[Moved, ...]] | None = None
        self._told = ""
        learn_from_project(project, workspace)
        before = project.state
        carried = rebase_project(project, workspace, force=force)
        if carried.state.base != before.base:
            for line in rebase_lines(project, carried, workspace):
                report(line)
        self._write_sheets(before)

    @property
    def folder(self) -> Path:
        """The project's folder."""
        return self._project.folder

    def report_to(self, report: Callable[[str], None]) -> None:
        """Call this with lines of text from now on."""
        self._report = report

    @property
    def edits(self) -> EditList:
        """The project's edits, named by their sheets in the watched folder."""
        return self._project.state.edits.mapped(lambda edit: _renamed(edit, str(self._watched / edit.name)))

    @property
    def moved(self) -> tuple[Moved, ...]:
        """Where the project's blocks have been put."""
        return self._project.state.moved

    def name_of(self, png: Path) -> str:
        """Return the name of the edit of a sheet, which need not be in the watched folder.

        Raises:
            UsageError: The project, or the watched folder, has another edit of this name that is not this one.
            HalscopeError: The sheet cannot be read.
        """
        short = self._project.name_of(png, self._watched)
        refuse_other_figure(self._project, short, png)
        watched = self._watched / short
        is_watched = png.exists() and watched.exists() and watched.samefile(png)
        if not is_watched and self._is_unsaved(watched):
            raise UsageError(
                f"{png}: {watched} holds an edit that the project does not have, and both have the name {short}; "
                "rename one of them"
            )
        name = str(watched)
        if self._sources.setdefault(name, png) != png:
            raise UsageError(
                f"{png}: {self._sources[name]} has the same name in {self._project.folder}; rename one of them"
            )
        return name

    def show(self, names: Collection[str]) -> None:
        """Write the sheets of edits from elsewhere into the watched folder: what lies there of the same name would take
        them back. Raises HalscopeError.

        Args:
            names: The edits' names.
        """
        for name in names:
            short = self._project.name_of(Path(name), self._watched)
            if not self._sources.get(name, Path(name)).absolute().is_relative_to(self._watched.absolute()):
                versions = [one.sheet for one in self._project.state.versions() if one.name == short]
                self._write_sheet(short, versions)

    def save(self, edits: EditList, moved: tuple[Moved, ...]) -> None:
        """Save the edits, and where their blocks were put. What cannot be saved is reported, and tried again with the
        next edits and at the end."""
        try:
            self._save(edits, moved)
        except HalscopeError as error:
            self._unsaved = edits, moved
            if str(error) != self._told:
                self._told = str(error)
                self._report(f"the project is not saved: {error}; the game goes on")
        else:
            self._unsaved, self._told = None, ""

    def finish(self) -> None:
        """Save what could not be saved before, and what is known of the ROM. Raises HalscopeError."""
        if self._unsaved is not None:
            self._save(*self._unsaved)
            self._unsaved = None
        keep_knowledge(self._project, self._workspace)

    def _save(self, edits: EditList, moved: tuple[Moved, ...]) -> None:
        project = self._project
        named = edits.mapped(lambda edit: _renamed(edit, project.name_of(Path(edit.name), self._watched)))
        state = project.state.with_edits(named, moved)
        if state == project.state:
            return
        before = project.state.edits.edits
        sheets: dict[str, Sheet] = {}
        for live, edit in zip(edits.edits, named.edits, strict=True):
            if edit not in before and (sheet := _sheet_of(self._sources.get(live.name, Path(live.name)))) is not None:
                sheets[edit.name] = sheet
        project.save(state, sheets)

    def _write_sheets(self, before: ProjectState) -> None:
        """Write the project's sheets into the watched folder, but not over what a person has painted since.

        Args:
            before: The project before it was carried over to this ROM.
        """
        known: dict[str, list[SheetEdit]] = {}
        for edit in (*before.versions(), *self._project.state.versions()):
            known.setdefault(edit.name, []).append(edit.sheet)
        for name, versions in known.items():
            self._write_sheet(name, versions)

    def _write_sheet(self, name: str, versions: Sequence[SheetEdit]) -> None:
        """Write a sheet or a palette as the project has it, unless it shows what none of these versions does."""
        project = self._project
        current = project.state.edits.find(name)
        if is_palette(name):
            self._write_palette(self._watched / name, current, versions)
            return
        sheet, png = project.sheet(name), self._watched / name
        if sheet is None or sheet.rom_sha256 != project.state.base.sha256:
            return
        if (png.exists() and self._is_own_work(png, versions)) or (not png.exists() and current is None):
            return
        _make_folder(png.parent)
        write_sheet(sheet, edited_pixels(sheet, None if current is None else current.sheet), png)

    def _is_unsaved(self, path: Path) -> bool:
        """Whether a watched file is there and holds an edit that no version of the project's has."""
        if not path.exists():
            return False
        try:
            there = read_edit(path, nearest=True)
        except HalscopeError:
            return False  # reported when it is read as an edit
        return bool(there.changes) and not _is_known(there, [edit.sheet for edit in self._project.state.versions()])

    def _write_palette(self, path: Path, current: Edit | None, versions: Sequence[SheetEdit]) -> None:
        """Write a palette of the project into the watched folder as it is now edited; one that is not is taken away, as
        it is written again once the game shows it."""
        if path.exists():
            try:
                there = read_edited_palette(path, nearest=True)
            except HalscopeError:
                return  # reported when it is read as an edit
            if there.changes and not _is_known(there, versions):
                return
            if current is not None and is_version(there, current.sheet.changes):
                return
        if current is None:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
                source_path(path).unlink(missing_ok=True)
            return
        palette, colours = palette_of_edit(current.sheet)
        _make_folder(path.parent)
        write_palette(path, colours, write_palette_sheet(palette, path), palette.title)

    def _is_own_work(self, png: Path, versions: Sequence[SheetEdit]) -> bool:
        """Whether a watched sheet shows what no version of its edit does. One of an earlier build is carried over."""
        try:
            read = read_sheet(png)
            edit = sheet_edit(read)
        except HalscopeError:
            return True  # reported when it is read as an edit
        if not edit.changes or _is_known(edit, versions):
            return False
        workspace, old = self._workspace, read.sheet.rom_sha256
        if old != workspace.rom.sha256 and self._project.state.knows(old):
            codecs, index = workspace.plugins.codecs(), workspace.index()
            try:
                _, sheet = carry_edit(edit, read.sheet, workspace.rom, codecs, index, force=self._force)
                if sheet is not None:
                    write_sheet(sheet, read.pixels, png)
            except HalscopeError as error:
                self._report(str(error))
        return True


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HalscopeError(f"{folder}: cannot be created: {error.strerror or error}") from error


def _is_known(read: SheetEdit, versions: Iterable[SheetEdit]) -> bool:
    return any(is_version(read, one.changes) for one in versions)


def _renamed(edit: Edit, name: str) -> Edit:
    return replace(edit, sheet=replace(edit.sheet, name=name))


def _sheet_of(png: Path) -> Sheet | None:
    """Return the sheet that an edit was made in; `None` if it was deleted or damaged since."""
    try:
        return read_sheet(png, nearest=True).sheet
    except HalscopeError:
        return None
