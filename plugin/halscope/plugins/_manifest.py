"""Reading and validating a plugin's manifest.json before any of its code is imported.

The fields are those of manifest.schema.json; a test checks that both agree.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast, get_args

from halscope_hooks import HOOK_API, PERMISSIONS, MemorySpace, Permission, UsageError

from halscope._files import read_limited

MANIFEST: Final = "manifest.json"
_LIMIT: Final = 64 << 10

_MEMORIES: Final = (*get_args(MemorySpace), "ppu", "cpu", "picture")
_REQUIRED: Final = ("id", "version", "hook_api", "entry_point")
_HOST_REQUIRED: Final = ("id", "memory", "writes")

type Check = Callable[[Any], str | None]
"""Returns `None` for a valid value, or else a description of what is valid."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A validated manifest.

    Args:
        where: The file, for messages.
        id: The plugin's name in messages, options and grants.
        version: The plugin's version.
        module: The module part of `entry_point`.
        attribute: The object part of `entry_point`.
        name: Display name.
        description: One line.
        permissions: Permissions that the plugin requests.
    """

    where: str
    id: str
    version: str
    module: str
    attribute: str
    name: str
    description: str
    permissions: tuple[Permission, ...]

    @property
    def entry_point(self) -> str:
        """`module:object`."""
        return f"{self.module}:{self.attribute}"


def read_manifest(path: Path) -> Manifest:
    """Read a manifest file. Raises UsageError if it is missing, unreadable, not JSON, or has an invalid entry."""
    return parse_manifest(read_limited(path, _LIMIT, "plugin's manifest"), str(path))


def parse_manifest(data: bytes, where: str) -> Manifest:
    """Validate a manifest.

    Args:
        data: Contents of the file.
        where: Name of the file, for messages.

    Raises:
        UsageError: The manifest is invalid; the message names the key, the value and what is valid.
    """
    value = _json(data, where)
    _check_object(value, _FIELDS, _REQUIRED, where, "")
    if value["hook_api"] != HOOK_API:
        newer = value["hook_api"] > HOOK_API
        what = "install a newer Halscope" if newer else "ask its author for a newer version of the plugin"
        raise UsageError(f'{where}: "hook_api" is {value["hook_api"]}, this Halscope has version {HOOK_API}; {what}')
    _check_python(value.get("python"), where)
    module, _, attribute = value["entry_point"].partition(":")
    return Manifest(
        where=where,
        id=value["id"],
        version=value["version"],
        module=module,
        attribute=attribute,
        name=value.get("name", value["id"]),
        description=value.get("description", ""),
        permissions=tuple(cast(list[Permission], value.get("permissions", []))),
    )


def _json(data: bytes, where: str) -> dict[str, Any]:
    def no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        repeated = next((name for name in names if names.count(name) > 1), None)
        if repeated is not None:
            raise UsageError(f"{where}: the key {_short(repeated)} appears twice; keep one of them")
        return dict(pairs)

    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=no_repeats)
    except UnicodeDecodeError as error:
        raise UsageError(f"{where}: is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    except json.JSONDecodeError as error:
        raise UsageError(
            f"{where}: is not JSON: line {error.lineno}, column {error.colno}: {error.msg}; correct it there"
        ) from None
    except (RecursionError, ValueError):  # nested a thousand deep, or a number with more digits than Python converts
        raise UsageError(f"{where}: is not a manifest: nested too deeply, or a number is too long") from None
    if not isinstance(value, dict):
        raise UsageError(f"{where}: holds {_short(value)}; a manifest is an object with {_listed(_REQUIRED)}")
    return value


def _check_object(
    value: dict[str, Any], fields: dict[str, Check], required: tuple[str, ...], where: str, under: str
) -> None:
    for name in required:
        if name not in value:
            raise UsageError(f'{where}: "{under}{name}" is missing; it needs {_listed(required)}')
    for name, given in value.items():
        check = fields.get(name)
        if check is None:
            raise UsageError(
                f"{where}: {_short(under + name)} is not a manifest key; the keys are {_listed(tuple(fields))}"
            )
        wanted = check(given)
        if wanted is not None:
            raise UsageError(f'{where}: "{under}{name}" is {_short(given)}; it must be {wanted}')
        if name == "hosts":
            for number, host in enumerate(given):
                _check_object(host, _HOST_FIELDS, _HOST_REQUIRED, where, f"hosts[{number}].")


def _text(least: int = 0, most: int | None = None) -> Check:
    wanted = "text" if most is None else f"text of {least} to {most} characters"

    def check(value: Any) -> str | None:
        good = isinstance(value, str) and least <= len(value) and (most is None or len(value) <= most)
        return None if good else wanted

    return check


def _matching(pattern: str, wanted: str, most: int | None = None) -> Check:
    compiled = re.compile(pattern)

    def check(value: Any) -> str | None:
        good = isinstance(value, str) and compiled.fullmatch(value) and (most is None or len(value) <= most)
        return None if good else wanted

    return check


def _whole_number(value: Any) -> str | None:
    # JSON has one number type, so 1.0 is the integer 1; in Python, bool is an int, which JSON's true is not.
    good = not isinstance(value, bool) and isinstance(value, (int, float)) and value == value // 1 and value >= 1
    return None if good else "a whole number of 1 or more"


def _list_of(choices: tuple[str, ...]) -> Check:
    def check(value: Any) -> str | None:
        if not isinstance(value, list) or any(not isinstance(item, str) or item not in choices for item in value):
            return f"a list of some of {_listed(choices)}"
        return "a list without duplicates" if len(set(value)) != len(value) else None

    return check


def _list_of_objects(value: Any) -> str | None:
    good = isinstance(value, list) and all(isinstance(item, dict) for item in value)
    return None if good else "a list of objects"


_FIELDS: Final[dict[str, Check]] = {
    "$schema": _text(),
    "id": _matching(
        r"[a-z][a-z0-9]*(-[a-z0-9]+)*", "a name of lower-case letters, digits and single hyphens, at most 64 long", 64
    ),
    "name": _text(1, 100),
    "version": _matching(r"[0-9]+\.[0-9]+\.[0-9]+([a-z0-9.+-]*)", 'a version like "1.0.0"'),
    "description": _text(0, 500),
    "license": _text(),
    "hook_api": _whole_number,
    "entry_point": _matching(
        r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*",
        'module:object, such as "sparkle.plugin:plugin"',
    ),
    "python": _matching(r">=[0-9]{1,3}\.[0-9]{1,3}", 'the oldest supported Python, such as ">=3.12"'),
    "hosts": _list_of_objects,
    "permissions": _list_of(PERMISSIONS),
}

_HOST_FIELDS: Final[dict[str, Check]] = {
    "id": _matching(r"[a-z][a-z0-9-]*", "a name of lower-case letters, digits and hyphens"),
    "name": _text(),
    "memory": _list_of(_MEMORIES),
    "writes": _list_of(get_args(MemorySpace)),
    "switched_on_by": _text(),
    "traces": _text(),
    "run_on": _text(),
}


def _check_python(wanted: str | None, where: str) -> None:
    if wanted is None:
        return
    major, _, minor = wanted.removeprefix(">=").partition(".")
    if sys.version_info[:2] < (int(major), int(minor)):
        raise UsageError(
            f'{where}: "python" is {wanted}, this is {sys.version_info[0]}.{sys.version_info[1]}; '
            "run Halscope with a newer Python"
        )


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names)
