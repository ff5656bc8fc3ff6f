"""No code asks which class a host is of: what it can do is named in its capabilities, or a small Protocol says it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "plugin" / "halscope"


def classes_of_hosts() -> set[str]:
    """The names of the classes in `hosts/` that are Hosts: they end in "Host"."""
    found = set()
    for path in (SOURCE / "hosts").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and node.name.endswith("Host"):
                found.add(node.name)
    return found


def asked(code: str) -> Iterator[tuple[int, str]]:
    """The classes that this code asks values for, with the lines."""
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Call(func=ast.Name(id="isinstance" | "issubclass"), args=[_, kind]):
                kinds: list[ast.expr] = [kind]
            case ast.MatchClass(cls=kind):
                kinds = [kind]
            case ast.Compare(left=ast.Call(func=ast.Name(id="type")), comparators=kinds):
                pass
            case _:
                continue
        for one in kinds:
            for part in ast.walk(one):
                if isinstance(part, (ast.Name, ast.Attribute)):
                    yield node.lineno, part.id if isinstance(part, ast.Name) else part.attr


@pytest.mark.parametrize(
    "code",
    [
        "isinstance(host, LibretroHost)",
        "isinstance(host, (Other, libretro.LibretroHost))",
        "type(host) is LibretroHost",
        "match host:\n    case LibretroHost(): ...",
    ],
)
def test_each_way_to_ask_is_found(code: str) -> None:
    assert "LibretroHost" in {name for _, name in asked(code)}


@pytest.mark.slow
def test_nobody_asks_for_the_class_of_a_host() -> None:
    hosts = classes_of_hosts()
    assert {"LibretroHost", "EmbeddedHost", "MesenHost", "RetroArchHost", "NwaHost", "Usb2snesHost"} <= hosts
    found = [
        f"{path.relative_to(SOURCE)}:{line}: {name}"
        for path in sorted(SOURCE.rglob("*.py"))
        for line, name in asked(path.read_text("utf-8"))
        if name in hosts
    ]
    assert not found, "\n".join(found)
