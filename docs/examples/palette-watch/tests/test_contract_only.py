"""The plugin and its tests use only the contract: `halscope_hooks`, and `halscope.testing` in the tests."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted([*ROOT.glob("src/**/*.py"), *ROOT.glob("tests/**/*.py")])


def imported(code: str) -> set[str]:
    """The modules of Halscope that a file imports; names imported from the front door count as modules."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module is not None:
            names = {f"{node.module}.{name.name}" for name in node.names}
            found |= names if node.module == "halscope" else {node.module}
    return {name for name in found if name.partition(".")[0] == "halscope"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_only_the_contract_is_imported(path: Path) -> None:
    allowed = {"halscope.testing"} if path.is_relative_to(ROOT / "tests") else set()
    assert imported(path.read_text("utf-8")) <= allowed


@pytest.mark.parametrize(
    ("code", "modules"),
    [
        ("import halscope.app", {"halscope.app"}),
        ("from halscope import hal", {"halscope.hal"}),
        ("from halscope.testing._session import Frames", {"halscope.testing._session"}),
        ("import halscope_hooks, numpy", set()),
    ],
)
def test_an_import_of_something_else_is_seen(code: str, modules: set[str]) -> None:
    assert imported(code) == modules
