"""The page's modules as one, and its style sheets as one: a browser asks for two files instead of seventy.

It reads what the page's modules are written in, which is less than JavaScript: imports with their names on one line or
several, and exported functions, classes and constants. A constant is never assigned, so no importer needs its binding.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Final

_IMPORT: Final = re.compile(r'^import\s+(?:(?:(\w+)|\{([^}]*)\})\s+from\s+)?"([^"]+)";\n', re.MULTILINE)
_EXPORT: Final = re.compile(r"^export (?=(?:async )?(?:function\*?|class|const) (\w+))", re.MULTILINE)
_OTHER: Final = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


def bundled(modules: Mapping[str, str], main: str, name: str) -> dict[str, str]:
    """Return these modules as one, and in the place of each a module that has its exports.

    Args:
        modules: Their texts by their paths. What they import besides each other stays an import.
        main: The path of the module that is run.
        name: The path of the module that has them all.

    Raises:
        ValueError: They import each other in a circle, or have an import or export that is written in another way.
    """
    others: dict[str, str] = {}  # what is imported from elsewhere, and its name here
    parts: list[str] = []
    found: dict[str, str] = {}
    for path in _in_order(modules, main):
        exports = _EXPORT.findall(modules[path])

        def imported(match: re.Match[str], path: str = path) -> str:
            default, names, source = match.groups()
            if not source.startswith("."):
                source = others.setdefault(source, f"other{len(others)}")
            else:
                source = f"modules[{json.dumps(_resolved(path, source))}]"
            if default is not None:
                return f"const {default} = {source}.default;\n"
            return "" if names is None else f"const {{{names.replace(' as ', ': ')}}} = {source};\n"

        text = _EXPORT.sub("", _IMPORT.sub(imported, modules[path]))
        if (other := _OTHER.search(text)) is not None:
            raise ValueError(f"{path}: {other[0]}: cannot be bundled; write it as the other modules do")
        parts.append(f"modules[{json.dumps(path)}] = (() => {{\n{text}\nreturn {{ {', '.join(exports)} }};\n}})();\n")
        back = posixpath.relpath(name, posixpath.dirname(path) or ".")
        found[path] = (
            f'import {{ modules }} from "./{back}";\n'
            f"export const {{ {', '.join(exports)} }} = modules[{json.dumps(path)}];\n"
        )
    heads = [f"import * as {own} from {json.dumps(source)};\n" for source, own in others.items()]
    return found | {name: "".join([*heads, "export const modules = {};\n", *parts])}


def _resolved(path: str, source: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), source))


def _in_order(modules: Mapping[str, str], main: str) -> Iterator[str]:
    """Yield the modules that `main` needs, and itself, in the order in which a browser runs them."""
    done: set[str] = set()
    open_: list[str] = []

    def visit(path: str) -> Iterator[str]:
        if path in open_:
            raise ValueError(f"modules import each other in a circle: {' -> '.join([*open_, path])}")
        if path in done:
            return
        open_.append(path)
        for _, _, source in _IMPORT.findall(modules[path]):
            if source.startswith("."):
                yield from visit(_resolved(path, source))
        open_.pop()
        done.add(path)
        yield path

    yield from visit(main)
