"""Collecting the parts that plugins contribute, and keeping the valid ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from halscope.plugins._checks import missing_members
from halscope.plugins._dispatch import Dispatcher
from halscope.plugins._registry import Registry
from halscope.plugins._third_party import third_party


@dataclass(frozen=True, slots=True)
class Contribution[T]:
    """A part and the id of the plugin that contributed it."""

    plugin: str
    part: T


def collect[T](
    registry: Registry,
    dispatcher: Dispatcher,
    hook: str,
    kind: type[Any],
    keys: Callable[[T], Iterable[object]],
    pattern: str,
) -> dict[str, Contribution[T]]:
    """Call `hook` on each plugin in the order of registration, and return the valid parts by key.

    `kind` is the type of a part, which may be a Protocol. A part is skipped, and reported as a failure of the hook, if
    it is of another type, or one of its keys does not match `pattern` or is already taken. A hook that raises, or
    returns no list, is reported in the same way.
    """
    found: dict[str, Contribution[T]] = {}
    for implementation in reversed(registry.calls(hook)):
        returned, parts = dispatcher.call(implementation, {})
        if not returned:
            continue
        try:
            with third_party():
                if not isinstance(parts, Iterable):
                    what = "nothing" if parts is None else f"a {type(parts).__name__}"
                    raise TypeError(f"returned {what}; return a list of {kind.__name__}s, which may be empty")
                parts = list(parts)
        except Exception as error:  # third-party code may return anything
            dispatcher.failed(implementation.plugin, hook, error)
            continue
        for part in parts:
            try:
                with third_party():  # inspecting a part runs its code
                    names = _checked_names(part, kind, keys, pattern)
                if taken := found.keys() & names:
                    name = min(taken)
                    raise ValueError(f"{kind.__name__} {name!r} is already registered by {found[name].plugin}")
            except Exception as error:
                dispatcher.failed(implementation.plugin, hook, error)
            else:
                found |= {name: Contribution(implementation.plugin, part) for name in names}
    return found


def _checked_names[T](part: T, kind: type[Any], keys: Callable[[T], Iterable[object]], pattern: str) -> list[str]:
    """The keys of a part. Raises TypeError or ValueError if the part or a key is not valid."""
    if not isinstance(part, kind):
        lacks = ", ".join(missing_members(part, kind))
        end = f": it lacks {lacks}" if lacks else ""
        raise TypeError(f"returned a {type(part).__name__}, which is not a {kind.__name__}{end}")
    names = []
    for name in keys(part):
        if not isinstance(name, str) or not re.fullmatch(pattern, name):
            raise ValueError(f"{kind.__name__} {name!r}: its name must match {pattern}")
        names.append(name)
    return names
