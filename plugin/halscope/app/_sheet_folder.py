"""A folder of edit sheets that is watched: new sheets are written into it, saved ones are found, at any depth."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np
from halscope_hooks import RAW_CODEC, HalscopeError
from numpy.typing import NDArray

from halscope._files import write_atomic
from halscope.app._edited_files import whole_file
from halscope.app._file_changes import FolderChanges, Signature, edited_files, signature, signatures
from halscope.app._index_page import INDEX_PAGE, MARK, SheetNote, is_foreign, write_index_page
from halscope.app._rom_notes import RomNotes
from halscope.export.pictures import png_bytes, square, upscale
from halscope.inject import (
    PROVEN_STARTS,
    PaletteSheet,
    Sheet,
    read_edited_palette,
    read_palette_sheet,
    read_sheet,
    sheet_edit,
    write_palette_sheet,
    write_sheet,
)

SCREEN: Final = "screen.png"
_SOFTWARE: Final = "halscope"
"""In every `screen.png` of ours: a file without it is the user's, and is not replaced."""

_SOON: Final = 0.1
"""Seconds after which a file is read again: one that is written twice within a clock's tick may keep its signature."""


_SCAN_EVERY: Final = 5.0
"""Seconds between two looks at all files while the system reports changes: it may lose some when very many come."""


class SheetFolder:
    """The sheets of the figures that appear in a game, and the files among them that the user saved.

    Args:
        folder: The folder; a sheet's name may contain a subfolder.
        report: Called with a line of text for the user.
    """

    def __init__(self, folder: Path, report: Callable[[str], None]) -> None:
        self.folder = folder
        self._report = report
        self._changes = FolderChanges(folder)
        self._settled: dict[str, Signature] = {}
        self._adding = threading.Lock()  # from the first byte of a file of ours until it is settled
        self._changing: dict[str, Signature] = {}
        self._open: set[str] = set()
        """Files that may have been saved since they were settled, as far as the system reports it."""
        self._later: set[str] = set()
        """Files that the next look takes up again, reported or not."""
        self._scanned_at = -math.inf
        self._soon: dict[str, tuple[float, int]] = {}
        """Files that were read soon after they were saved: when, and the checksum of what was read."""
        self._missing: set[str] = set()
        self._told: dict[str, Signature] = {}
        self._notes: dict[str, SheetNote] = {}
        self._ours = False
        """Whether `screen.png` is written by this run."""
        self._shown: NDArray[np.uint8] | None = None  # what `screen.png` holds
        self._left: set[Path] = set()
        """Files of the user's that are not replaced."""

    def show_screen(self, picture: NDArray[np.uint8]) -> None:
        """Replace `screen.png`, unless it is the user's, which is reported. Raises HalscopeError."""
        path = self.folder / SCREEN
        if not self._ours and is_foreign(path, _SOFTWARE):
            self._report_foreign(path)
            return
        self._ours = True
        if self._shown is not None and np.array_equal(self._shown, picture) and path.exists():
            return
        write_atomic(path, png_bytes(upscale(square(picture), 1), _SOFTWARE, fast=True))
        self._shown = picture

    def _report_foreign(self, path: Path) -> None:
        if path not in self._left:
            self._left.add(path)
            self._report(
                f"{path}: was not written by Halscope, so it is left as it is; another folder gets one of ours"
            )

    def add(self, name: str, sheet: Sheet) -> bool:
        """Write a sheet, unless there is one of this name with edits. Returns whether it was written.

        Args:
            name: Path in the folder, without a suffix.
            sheet: The sheet.

        Raises:
            HalscopeError: It cannot be written.
        """
        path = self.folder / f"{name}.png"
        self._notes[f"{name}.png"] = note_of(sheet, describe(sheet))
        if path.exists() and not self._is_stale(path, sheet):
            return False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise HalscopeError(f"{path.parent}: cannot be created: {error.strerror or error}") from error
        with self._adding:
            write_sheet(sheet, None, path)
            self._settled[str(path)] = signature(path)
        return True

    def add_palette(self, name: str, sheet: PaletteSheet) -> None:
        """Write a palette, unless there is one of this name; an unedited one of another ROM is replaced.

        Args:
            name: Path in the folder.
            sheet: The palette.

        Raises:
            HalscopeError: It cannot be written.
        """
        path = self.folder / name
        if path.exists():
            try:
                if read_palette_sheet(path).rom_sha256 == sheet.rom_sha256 or read_edited_palette(path).changes:
                    return
            except HalscopeError:
                return  # the user's own, or reported when it is read as an edit
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise HalscopeError(f"{path.parent}: cannot be created: {error.strerror or error}") from error
        with self._adding:
            write_palette_sheet(sheet, path)
            self._settled[str(path)] = signature(path)

    def _is_stale(self, path: Path, sheet: Sheet) -> bool:
        """Whether the file is the unedited sheet of another ROM: of an earlier build of a hack, for example."""
        try:
            there = read_sheet(path)
            if there.sheet.rom_sha256 == sheet.rom_sha256:
                return False
            if not sheet_edit(there).changes:
                return True
        except HalscopeError:
            return False  # reported when it is read as an edit
        self._report(f"{self.name(path)}: holds an edit of another ROM, so it is left as it is; use another folder")
        return False

    def write_page(self, title: str) -> None:
        """Write the index page of all sheets in the folder, unless it is the user's, which is reported.

        Raises:
            HalscopeError: It cannot be written.
        """
        page = self.folder / INDEX_PAGE
        if is_foreign(page, MARK):
            self._report_foreign(page)
            return
        write_index_page(self.folder, title, self._notes)

    def name(self, path: Path) -> str:
        """Return a file's path in the folder."""
        return path.relative_to(self.folder).as_posix()

    def watch(self, changed: Callable[[], None] | None = None) -> None:
        """Have the system report changes, on a thread of its own until `close`. Idempotent.

        Args:
            changed: A method that is called there after changes; `changed` then tells which there are.
        """
        self._changes.begin(changed)

    @property
    def may_have_changed(self) -> bool:
        """Whether the system has reported a change since the last call of `changed`. Any thread may ask."""
        return self._changes.waiting

    def changed(self) -> bool:
        """Return whether a PNG was saved since the last call, as far as the system reports it."""
        self._note_changes()
        for path in self._open.copy():
            try:
                if self._settled.get(path) != signature(path):
                    return True
            except OSError:
                pass  # deleted, or about to be replaced
            self._open.discard(path)
        return False

    def _note_changes(self) -> None:
        self._open |= self._changes.take() - {str(self.folder / SCREEN)}

    def saved(self) -> Iterator[Path]:
        """Yield the PNGs that were saved since the last call. Each is then settled until it is saved again."""
        self._check_soon()
        for path, now in self._unsettled(self._candidates()):
            # An editor may still be writing. A file that is not whole is read, and refused, once it stays as it is.
            content = whole_file(path)
            if content is None and self._changing.get(path) != now:
                self._changing[path] = now
                self._later.add(path)
                self._open.discard(path)
                continue
            self._settled[path] = now
            self._later.discard(path)
            self._open.discard(path)
            if content is not None:
                self._soon[path] = (time.monotonic(), content)
            yield Path(path)

    def _check_soon(self) -> None:
        """Have those files read again that were saved again without a change of their signature."""
        now = time.monotonic()
        for path, (read, content) in [*self._soon.items()]:
            if now - read >= _SOON:
                del self._soon[path]
                if whole_file(path) not in (None, content):
                    self.read_again(Path(path))

    def is_settled(self, path: Path | str) -> bool:
        """Whether a file is there as it was last read or written here: nobody has saved it since."""
        try:
            return self._settled.get(str(path)) == signature(path)
        except OSError:
            return False

    def settle(self, path: Path) -> None:
        """Take a file that was written here as read."""
        self._settled[str(path)] = signature(path)
        self._soon.pop(str(path), None)

    def saved_ns(self, path: Path) -> int:
        """Return when a file was saved that `saved` has yielded, in nanoseconds since 1970."""
        return self._settled[str(path)][0]

    def read_again(self, path: Path) -> None:
        """Let the next call of `saved` yield a file again, as if it was saved now."""
        self._settled.pop(str(path), None)
        self._later.add(str(path))

    @property
    def is_waiting(self) -> bool:
        """Whether a PNG was saved that `saved` has not yielded. Any thread may ask."""
        return any(True for _ in self._unsettled())

    def waiting(self) -> list[Path]:
        """Return the PNGs that were saved, and that `saved` has not yielded; each once until it is saved again.

        Any thread may call it, and only one at a time.
        """
        fresh = [(path, now) for path, now in self._unsettled() if self._told.get(path) != now]
        self._told.update(fresh)
        return [Path(path) for path, _ in fresh]

    def deleted(self) -> list[Path]:
        """Return the sheets that were there, and that the last two calls did not find. Each is returned once.

        Some editors delete a file before they write the new one, so once is not enough.
        """
        if not self.folder.is_dir():
            return []  # a missing folder is reported where it cannot be written
        missing = {path for path in self._settled if not os.path.exists(path)}  # noqa: PTH110 - a path object is made of each name otherwise
        gone = sorted(missing & self._missing)
        self._missing = missing
        for path in gone:
            del self._settled[path]  # if it comes back, it is read like a new one
            self._changing.pop(path, None)
        return [Path(path) for path in gone]

    def unread(self) -> list[Path]:
        """Return the PNGs that were saved too late for `saved` to yield them."""
        return [Path(path) for path, _ in self._unsettled()]

    def close(self) -> None:
        """Stop watching the folder. Idempotent."""
        self._changes.close()

    def _candidates(self) -> dict[str, Signature]:
        """Return the files that may have been saved: all of them now and then, else those that are reported."""
        reports, now = self._changes.reports, time.monotonic()
        self._note_changes()
        if reports and now - self._scanned_at < _SCAN_EVERY:
            return signatures(self._open | self._later)
        self._scanned_at = now if reports else -math.inf  # what came before the system reported is found once more
        return edited_files(self.folder)

    def _unsettled(self, files: Mapping[str, Signature] | None = None) -> Iterator[tuple[str, Signature]]:
        """Yield those of these files that are not settled, of all files by default."""
        screen = str(self.folder / SCREEN)
        for path, now in (edited_files(self.folder) if files is None else files).items():
            if path == screen or self._settled.get(path) == now:
                continue
            with self._adding:  # another thread may just be writing a new sheet
                ours = self.is_settled(path)
            if not ours:
                yield path, now


def describe(sheet: Sheet, notes: RomNotes | None = None) -> str:
    """Return a line that says how many tiles a sheet has, where they are from, and what cannot be edited.

    Args:
        sheet: The sheet.
        notes: Names of places in the ROM.
    """
    blocks: dict[tuple[str, int], str] = {}
    for cell in sheet.cells:
        if cell.origin is not None:
            raw = cell.origin.codec == RAW_CODEC
            at = "uncompressed data" if raw else f"{cell.origin.codec} block {cell.origin.block_offset:#x}"
            name = None if notes is None else notes.place_name(cell.origin)
            at += "" if name is None else f" {name}"
            blocks.setdefault(
                (cell.origin.codec, 0 if raw else cell.origin.block_offset), f"{at} ({cell.origin.start})"
            )
    locked = sum(cell.origin is None for cell in sheet.cells)
    places = [*blocks.values()]
    text = f"{len(sheet.cells)} tile{'s' * (len(sheet.cells) != 1)} of {', '.join(places[:3]) or 'unknown origin'}"
    text += f" and {len(places) - 3} more blocks" * (len(places) > 3)
    text += f"; {locked} locked" if locked and places else ""
    return "; ".join((text, *sheet.doubts))


def note_of(sheet: Sheet, text: str) -> SheetNote:
    """Return what an index page says about a sheet: a text, and which of its tiles cannot be edited freely.

    Where tiles cover each other, the most freely edited one counts: paint goes to any tile of the place.
    """
    free: set[tuple[int, int]] = set()
    unproven: set[tuple[int, int]] = set()
    every = dict.fromkeys((cell.x, cell.y) for cell in sheet.cells)
    for cell in sheet.cells:
        if cell.origin is not None:
            # Uncompressed tiles have no start that could be wrong.
            sure = cell.origin.codec == RAW_CODEC or cell.origin.start in PROVEN_STARTS
            (free if sure else unproven).add((cell.x, cell.y))
    return SheetNote(
        text,
        tuple(place for place in every if place not in free and place not in unproven),
        tuple(place for place in every if place in unproven and place not in free),
    )
