"""JSON that people read and compare: one object a line, keys in a fixed order, so that a diff shows what changed."""

from __future__ import annotations

import json
from typing import Any

_INDENT = "  "


def readable_json(document: dict[str, Any]) -> str:
    """Return the document as ASCII JSON: a key of the document on each line, and an object of a list on each line.

    Objects keep the order of their keys. An object that holds a list of objects goes on in the lines below it.
    """
    lines = [f"{json.dumps(key)}: {_text(value, 0)}" for key, value in document.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _text(value: Any, depth: int) -> str:
    if isinstance(value, dict) and _holds_table(value):
        return "{" + ", ".join(f"{json.dumps(key)}: {_text(inner, depth)}" for key, inner in value.items()) + "}"
    if _is_table(value):
        rows = ",\n".join(f"{_INDENT * (depth + 1)}{_text(row, depth + 1)}" for row in value)
        return f"[\n{rows}\n{_INDENT * depth}]"
    return json.dumps(value)


def _is_table(value: Any) -> bool:
    """Whether a value is a list of objects."""
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _holds_table(value: dict[str, Any]) -> bool:
    return any(_is_table(inner) or (isinstance(inner, dict) and _holds_table(inner)) for inner in value.values())
