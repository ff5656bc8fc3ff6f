"""Storage for what has been learnt about a game: one file per ROM in the user's data folder, never in the cache."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from halscope_hooks import FormatError, HalscopeError, UsageError
from platformdirs import user_data_path

from halscope._files import read_limited, write_atomic
from halscope.project._knowledge import Knowledge, merge
from halscope.project._knowledge_json import NewerVersionError, knowledge_from_json, knowledge_to_json

FOLDER_VARIABLE: Final = "HALSCOPE_DATA_DIR"

_MOST_BYTES: Final = 64 << 20


def data_folder() -> Path:
    """Return the folder named by HALSCOPE_DATA_DIR, or the user's data folder."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else user_data_path("halscope")


class KnowledgeFile:
    """The file that stores what is known about one ROM.

    An unreadable file is never lost: a damaged one is renamed and kept, and one written by a newer Halscope is left
    alone.

    Args:
        rom_sha256: SHA-256 of the headerless image, lower-case hex.
        folder: Folder that holds the files of all ROMs; `data_folder()` by default.
    """

    def __init__(self, rom_sha256: str, folder: Path | None = None) -> None:
        self._rom_sha256 = rom_sha256
        self._known = Knowledge(rom_sha256)
        self._read: tuple[bytes, Knowledge] | None = None  # the file's text as it was read or written, and what it says
        self.path: Final = (data_folder() if folder is None else folder) / f"knowledge-{rom_sha256}.json"

    def load(self) -> Knowledge:
        """Read the file; return empty knowledge if it does not exist yet.

        Raises:
            FormatError: The file is damaged and was kept under the name given in the message, or it was written by a
                newer Halscope.
            UsageError: The file cannot be read.
        """
        try:
            missing = not self.path.exists()
        except OSError as error:
            raise UsageError(f"{self.path}: cannot be read: {error.strerror or error}") from error
        if missing:
            return Knowledge(self._rom_sha256)
        text = read_limited(self.path, _MOST_BYTES, "file of what is known about a game")
        if self._read is not None and self._read[0] == text:  # checking all of it again takes milliseconds
            return self._read[1]
        try:
            known = knowledge_from_json(text, str(self.path))
            if known.rom_sha256 != self._rom_sha256:
                raise FormatError(f"{self.path}: belongs to another ROM, whose SHA-256 is {known.rom_sha256}")
        except NewerVersionError:
            raise
        except FormatError as error:
            raise FormatError(f"{error}; {self._keep_aside()}") from None
        self._read = text, known
        return known

    def update(self, learn: Callable[[Knowledge], Knowledge]) -> Knowledge:
        """Add to what is known, and write the file if anything is new.

        The current content of the file is merged in, so several processes can learn about one game at the same time. If
        two write at the same instant, the lost update is written again with that process's next one.

        Args:
            learn: Called with the current knowledge; returns it with additions.

        Returns:
            The updated knowledge.

        Raises:
            FormatError: See `load`. Nothing was written.
            HalscopeError: The folder or the file cannot be written.
        """
        stored = self.load()
        before = stored if stored is self._known else merge(stored, self._known)
        known = merge(before, learn(before))
        if known != stored:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise HalscopeError(
                    f"{self.path.parent}: cannot be created: {error.strerror or error}; set {FOLDER_VARIABLE} to a "
                    "writable folder"
                ) from error
            text = knowledge_to_json(known).encode() + b"\n"
            write_atomic(self.path, text)
            self._read = text, known
        else:
            known = stored
        self._known = known
        return known

    def _keep_aside(self) -> str:
        """Rename a damaged file and return a phrase that says where it is now."""
        number = 1
        while (aside := self.path.with_name(f"{self.path.stem}.damaged-{number}.json")).exists():
            number += 1
        try:
            self.path.rename(aside)
        except OSError as error:
            return f"it was left there because it cannot be renamed ({error.strerror or error})"
        return f"it is kept as {aside}"


class HeldKnowledge(KnowledgeFile):
    """What is known about one ROM, held in memory: nothing is read from the user's data folder or written there.

    Args:
        known: The knowledge.
    """

    def __init__(self, known: Knowledge) -> None:
        super().__init__(known.rom_sha256)
        self._known = known

    def load(self) -> Knowledge:
        """Return it."""
        return self._known

    def update(self, learn: Callable[[Knowledge], Knowledge]) -> Knowledge:
        """Add to it. Arguments as for `KnowledgeFile.update`."""
        self._known = merge(self._known, learn(self._known))
        return self._known
