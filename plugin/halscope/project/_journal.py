"""Changing several files of a folder as one step, whatever ends the process."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Final, final

from halscope_hooks import HalscopeError, UsageError

from halscope._files import sync_folder

JOURNAL: Final = "journal"
STAGE: Final = ".stage"


@final
class Journal:
    """A folder for the new files, each at the path that it will have. At the end of the block all take their place, or
    after an error none does. Only for the process that has the folder's lock.

    Args:
        folder: The folder that is changed.

    Raises:
        HalscopeError: The folder cannot be written. Once the step is made, a file that cannot take its place does so
            with the next `finish_journal`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stage = folder / STAGE

    def __enter__(self) -> Path:
        finish_journal(self._folder)
        try:
            self._stage.mkdir()  # a folder that is gone is not made again: it would hold half of the project
        except OSError as error:
            raise HalscopeError(f"{self._folder}: cannot be written: {error.strerror or error}") from error
        return self._stage

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        if kind is not None:
            shutil.rmtree(self._stage, ignore_errors=True)
            return
        try:
            self._stage.rename(self._folder / JOURNAL)  # the step: before it nothing has changed, after it all has
            sync_folder(self._folder)
        except OSError as reason:
            shutil.rmtree(self._stage, ignore_errors=True)
            raise HalscopeError(f"{self._folder}: cannot be written: {reason.strerror or reason}") from reason
        with contextlib.suppress(HalscopeError):  # the next one goes on
            finish_journal(self._folder)


def finish_journal(folder: Path) -> None:
    """Let the files of a step that was made take their place, and remove those of one that was not.

    Raises:
        UsageError: The journal, or something in it, is a link: its files are not the project's. Nothing was moved.
        HalscopeError: The folder cannot be written.
    """
    journal = folder / JOURNAL
    refuse_links([journal])
    refuse_links(journal.rglob("*"))
    shutil.rmtree(folder / STAGE, ignore_errors=True)
    try:
        for path in sorted(journal.rglob("*")) if journal.is_dir() else ():
            if path.is_file():
                target = folder / path.relative_to(journal)
                target.parent.mkdir(parents=True, exist_ok=True)
                path.replace(target)
        if journal.is_dir():
            shutil.rmtree(journal)
            sync_folder(folder)
    except OSError as error:
        raise HalscopeError(f"{folder}: cannot be written: {error.strerror or error}") from error


def refuse_links(paths: Iterable[Path]) -> None:
    """Refuse symbolic links and junctions, through which a change would reach files outside of the project.

    Raises:
        UsageError: One of the paths is one.
    """
    for path in paths:
        if path.is_symlink() or path.is_junction():
            raise UsageError(
                f"{path}: is a link, and a project has none, as a change would reach what it leads to; put the file or "
                "folder itself there, or delete the link"
            )


def make_folder(folder: Path) -> None:
    """Create a folder and its parents. Raises HalscopeError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HalscopeError(f"{folder}: cannot be created: {error.strerror or error}") from error
