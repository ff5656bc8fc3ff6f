"""Rooms never import the front door `halscope`, through which each would reach every other.

It imports what is named when that is first used, so the import linter does not see what lies behind it.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "plugin" / "halscope"
FRONT = "halscope"


def faults(code: str, package: str = "halscope.room") -> list[str]:
    """The lines that import the front door, each with what to write instead.

    Args:
        code: A module's source.
        package: The package that the module is in, for its relative imports.
    """
    found = []
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Import(names=names):
                # `import halscope.demo` binds the name `halscope`, and with it the front door.
                through = [
                    f"import {one.name}"
                    for one in names
                    if one.name == FRONT or (one.name.startswith(f"{FRONT}.") and one.asname is None)
                ]
            case ast.ImportFrom(names=names) if _imported(node, package) == FRONT:
                through = [f"from halscope import {', '.join(one.name for one in names)}"]
            case _:
                continue
        found += [
            f"line {node.lineno}: `{what}` goes through the front door; import from the room itself, "
            "as `from halscope.ppu import decode_frame` or `import halscope._codec as _codec`"
            for what in through
        ]
    return found


def _imported(node: ast.ImportFrom, package: str) -> str:
    parts = package.split(".")
    above = parts[: len(parts) + 1 - node.level] if node.level else []
    return ".".join([*above, *([node.module] if node.module else [])])


@pytest.mark.parametrize(
    "code",
    [
        "import halscope",
        "import halscope as everything",
        "import os, halscope.demo",
        "from halscope import Session",
        "from halscope import _codec",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from halscope import Session",
        "def later():\n    from halscope import open_host",
        "from .. import Session",
    ],
)
def test_each_way_through_the_front_door_is_found(code: str) -> None:
    assert len(faults(code)) == 1


@pytest.mark.parametrize(
    "code",
    [
        "import halscope._codec as _codec",
        "from halscope._version import __version__",
        "from halscope.ppu import decode_frame",
        "from . import tiles",
        "from .tiles import Tile",
        "from halscope_hooks import Frame",
    ],
)
def test_what_a_room_needs_directly_is_no_fault(code: str) -> None:
    assert faults(code) == []


@pytest.mark.slow
def test_no_room_imports_the_front_door() -> None:
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        inside = path.relative_to(SOURCE)
        if inside == Path("__init__.py") or "source" in inside.parts:  # the front door, and the demo's build script
            continue
        package = ".".join(["halscope", *inside.parts[:-1]])
        found += [f"plugin/halscope/{inside}, {fault}" for fault in faults(path.read_text("utf-8"), package)]
    assert not found, "\n".join(found)
