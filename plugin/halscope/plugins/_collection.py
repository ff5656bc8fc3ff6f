"""Collecting the parts that plugins contribute, and keeping the valid ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from halscope.plugins._dispatch import Dispatcher
from halscope.plugins._registry import Registry


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
    it is of another type, or one of its keys does not match `pattern` or is already taken. A hook that raises is
    reported in the same way.
    """
    found: dict[str, Contribution[T]] = {}
    for implementation in reversed(registry.calls(hook)):
        returned, parts = dispatcher.call(implementation, {})
        if not returned or parts is None:
            continue
        try:
            parts = list(parts)
        except Exception as error:  # third-party code may return anything
            dispatcher.failed(implementation.plugin, hook, error)
            continue
        for part in parts:
            try:
                if not isinstance(part, kind):
                    raise TypeError(f"returned a {type(part).__name__}, which is not a {kind.__name__}")
                names = []
                for name in keys(part):
                    if not isinstance(name, str) or not re.fullmatch(pattern, name):
                        raise ValueError(f"{kind.__name__} {name!r}: its name must match {pattern}")
                    if name in found:
                        raise ValueError(f"{kind.__name__} {name!r} is already registered by {found[name].plugin}")
                    names.append(name)
            except Exception as error:  # inspecting a third-party object runs its code
                dispatcher.failed(implementation.plugin, hook, error)
            else:
                found |= {name: Contribution(implementation.plugin, part) for name in names}
    return found
