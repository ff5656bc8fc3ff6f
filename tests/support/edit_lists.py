"""Edit lists as documents of their own; the product has them as part of a project's file."""

import json

import halscope._fields as read
from halscope.project import EditList
from halscope.project._edit_list_json import edit_list_fields, edit_list_from_fields
from halscope_hooks import FormatError

ADVICE = "restore the file from a backup"


def edit_list_to_json(edits: EditList) -> str:
    """Return the list as one line of ASCII JSON."""
    return json.dumps({"rom_sha256": edits.rom_sha256, **edit_list_fields(edits)})


def edit_list_from_json(text: str | bytes, source: str) -> EditList:
    """Read a list back. Raises FormatError."""
    root = read.document(text, source, FormatError, ADVICE)
    edits = edit_list_from_fields(root, root.take("rom_sha256", read.sha256))
    root.finish()
    return edits
