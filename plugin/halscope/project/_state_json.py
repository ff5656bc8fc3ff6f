"""A project's file: JSON that people read and compare, validated when read (docs/reference/project.md)."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any, Final, get_args

from halscope_hooks import FormatError, UsageError

import halscope._fields as read
from halscope._fields import Fields
from halscope._lines import readable_json
from halscope.inject import Moved
from halscope.project._edit_list import EditList
from halscope.project._edit_list_json import edit_fields, edit_from_fields, edit_list_fields, edit_list_from_fields
from halscope.project._knowledge_json import NewerVersionError
from halscope.project._state import LeftEdit, LeftState, ProjectState, RomBase

FORMAT: Final = "halscope-project"
VERSION: Final = 1

_MOST_ROMS: Final = 1 << 16
_MOST_LEFT: Final = 1 << 16
_ADVICE: Final = "take an earlier version of the file from git or a backup"
_CRC32: Final = read.matching(re.compile(r"[0-9a-f]{8}"), "8 lower-case hex digits")
_SIZE: Final = read.whole(1, 1 << 24)
_OFFSET: Final = read.whole(0, (1 << 24) - 1)
_LEFT: Final = read.choice(get_args(LeftState))
_REASON: Final = read.any_text(2000)


def project_to_json(state: ProjectState) -> str:
    """Return the project as a document of many lines. The tiles that a sheet shows are not part of it: they are in the
    sheet's own file."""
    document = {
        "format": FORMAT,
        "version": VERSION,
        "rom": asdict(state.base),
        "lineage": [asdict(rom) for rom in state.lineage],
        **edit_list_fields(state.edits),
        "left": [
            {
                "state": left.state,
                "reason": left.reason,
                "rom_sha256": left.edit.sheet.rom_sha256,
                **edit_fields(left.edit),
            }
            for left in state.left
        ],
        "moved": [one._asdict() for one in state.moved],
    }
    for entry in (*document["edits"], *document["left"]):
        entry["sheet"].pop("shown", None)
    return readable_json(document)


def project_from_json(text: str | bytes, source: str) -> ProjectState:
    """Read a project back.

    Args:
        text: The document; its contents are not trusted.
        source: Where it was read from, for messages.

    Raises:
        FormatError: It is not a project, or it is damaged; the message says where. `NewerVersionError` means that a
            newer Halscope wrote it.
    """
    root = read.document(text, source, FormatError, _ADVICE)
    if root.take("format", read.anything) != FORMAT:
        raise FormatError(f'{source}: "format" is not "{FORMAT}": this is not a Halscope project')
    version = root.take("version", read.whole(0, 1 << 31))
    if version > VERSION:
        raise NewerVersionError(f"{source}: a project of version {version}; this Halscope reads {VERSION}; update it")
    if version != VERSION:
        raise root.wrong(f"there is no version {version}")
    base = _rom(root.inner("rom"))
    edits: EditList = edit_list_from_fields(root, base.sha256)
    values: dict[str, Any] = {
        "lineage": tuple(_rom(fields) for fields in root.each("lineage", _MOST_ROMS)),
        "left": tuple(_left(fields) for fields in root.each("left", _MOST_LEFT)),
        "moved": tuple(_moved(fields) for fields in root.each_or("moved", _MOST_LEFT)),
    }
    root.finish()
    try:
        return ProjectState(base, edits, **values)
    except UsageError as error:
        raise root.wrong(str(error)) from None


def _rom(fields: Fields) -> RomBase:
    rom = RomBase(
        sha256=fields.take("sha256", read.sha256),
        crc32=fields.take("crc32", _CRC32),
        title=fields.take("title", read.text),
        size=fields.take("size", _SIZE),
    )
    fields.finish()
    return rom


def _moved(fields: Fields) -> Moved:
    moved = Moved(
        codec=fields.take("codec", read.text),
        old=fields.take("old", _OFFSET),
        new=fields.take("new", _OFFSET),
        size=fields.take("size", _SIZE),
    )
    fields.finish()
    return moved


def _left(fields: Fields) -> LeftEdit:
    state = fields.take("state", _LEFT)
    reason = fields.take("reason", _REASON)
    return LeftEdit(edit_from_fields(fields, fields.take("rom_sha256", read.sha256)), reason, state)
