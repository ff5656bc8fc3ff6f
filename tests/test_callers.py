"""Every function, method and class of the product has a caller in the product, or is there for people who write code.

What only tests call would be kept, read and maintained for nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import halscope
import halscope_hooks
import pytest

ROOT = Path(__file__).parents[1]
CALLED_BY_NAME = {
    **dict.fromkeys(("run_record", "run_replay", "run_extract", "run_inject"), "the command, by its name"),
    **dict.fromkeys(("needs_reinit", "reinit", "sample_batch"), "libretro.py, whose drivers they belong to"),
    **dict.fromkeys(("report_stream",), "the index, of codecs that have it"),
    **dict.fromkeys(("aclose", "checkpoint", "switch_on", "needed_address"), "plugins and scripts"),
    **dict.fromkeys(("check_locks",), "the soak and the benchmarks, which check the order of locks"),
}
"""Who calls what by its name alone, or from outside."""


def definitions(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The functions, methods and classes of a module, with their lines."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.lineno, node.name


def uses(tree: ast.AST) -> Iterator[str]:
    """The names that a module uses. An import alone, as by the door of a room, is no use."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def without_callers(sources: dict[str, str], public: frozenset[str] = frozenset()) -> list[str]:
    """What no module of these sources uses."""
    trees = {name: ast.parse(source) for name, source in sources.items()}
    used = public.union(*(uses(tree) for tree in trees.values()))
    return [
        f"{path}:{line}: {name}"
        for path, tree in trees.items()
        for line, name in definitions(tree)
        if name not in used and not name.startswith(("__", "halscope_", "pytest_"))  # hooks and fixtures
    ]


def test_what_only_its_door_names_has_no_caller() -> None:
    door = "from room._part import alone, called\n__all__ = ['alone', 'called']"
    part = "def alone(): ...\ndef called(): ...\nclass Box:\n    def open(self): ...\n    def shut(self): ..."
    other = "from room import Box, called\ncalled(Box().open)"
    found = without_callers({"door": door, "part": part, "other": other})
    assert found == ["part:1: alone", "part:5: shut"]


@pytest.mark.slow
def test_everything_has_a_caller_or_is_there_for_people() -> None:
    paths = [
        path
        for room in ("plugin/halscope", "hooks/halscope_hooks")
        for path in sorted((ROOT / room).rglob("*.py"))
        if "source" not in path.parts  # the demo's build script
    ]
    public = frozenset({*halscope.__all__, *halscope_hooks.__all__, *CALLED_BY_NAME})
    found = without_callers({str(path.relative_to(ROOT)): path.read_text("utf-8") for path in paths}, public)
    assert not found, "\n".join(found)
