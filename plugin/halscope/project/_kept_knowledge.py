"""What a project's folder has of what is known of its ROM, in `knowledge.json`, and of the ROMs before, beside it."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from halscope_hooks import HalscopeError

from halscope._files import read_limited, write_atomic
from halscope._lines import readable_json
from halscope.project._knowledge import Knowledge, merge
from halscope.project._knowledge_json import NewerVersionError, knowledge_from_json, knowledge_to_json

log: Final = logging.getLogger("halscope.project")

KNOWLEDGE: Final = "knowledge.json"
OF_OTHERS: Final = "knowledge-*.json"
MOST_OTHERS: Final = 16
"""ROMs before of which the knowledge is kept: the first, which is the game itself, and the latest."""
_MOST_BYTES: Final = 64 << 20


def kept_knowledge(folder: Path, rom_sha256: str) -> Knowledge | None:
    """Return what the folder has of a ROM, or `None` if there is nothing that can be read, which is logged."""
    found = None
    for path in (folder / KNOWLEDGE, _of_other(folder, rom_sha256)):
        known = _read(path)
        if known is not None and known.rom_sha256 == rom_sha256:
            found = known if found is None else merge(found, known)
    return found


def keep(folder: Path, known: Knowledge, before: Sequence[str]) -> None:
    """Merge what is known of the project's ROM into its file, and write it if anything is new.

    What the file has of another ROM, which was the project's before, goes into a file of its own first: a clone has
    it from nowhere else.

    Args:
        folder: The project's folder.
        known: What is known of its ROM.
        before: The hashes of the ROMs before, oldest first.

    Raises:
        HalscopeError: It cannot be written.
    """
    path = folder / KNOWLEDGE
    try:
        there = _read(path, strict=True)
    except NewerVersionError as error:
        log.warning("%s; it is left as it is", error)
        return
    if there is not None and there.rom_sha256 != known.rom_sha256:
        other = _of_other(folder, there.rom_sha256)
        older = _read(other)
        merged = there if older is None or older.rom_sha256 != there.rom_sha256 else merge(older, there)
        if merged != older:
            write_atomic(other, _encoded(merged))
    mine = kept_knowledge(folder, known.rom_sha256)
    merged = known if mine is None else merge(mine, known)
    if merged != Knowledge(known.rom_sha256) and merged != there:
        write_atomic(path, _encoded(merged))
    _of_other(folder, known.rom_sha256).unlink(missing_ok=True)
    wanted = {_of_other(folder, one) for one in (*before[:1], *before[1:][-(MOST_OTHERS - 1) :])}
    for one in folder.glob(OF_OTHERS):
        if one not in wanted and one.stem.removeprefix("knowledge-") in before:
            one.unlink(missing_ok=True)


def _of_other(folder: Path, rom_sha256: str) -> Path:
    return folder / f"knowledge-{rom_sha256}.json"


def _read(path: Path, *, strict: bool = False) -> Knowledge | None:
    """Read a file, if there is one. With `strict`, one of a newer Halscope raises NewerVersionError."""
    try:
        if not path.is_file():
            return None
        return knowledge_from_json(read_limited(path, _MOST_BYTES, "project's knowledge"), str(path))
    except HalscopeError as error:
        if strict and isinstance(error, NewerVersionError):
            raise
        log.warning("%s; the project works without it", error)
        return None


def _encoded(known: Knowledge) -> bytes:
    return readable_json(json.loads(knowledge_to_json(known))).encode()
