"""Asking every plugin for what it brings, and keeping what is what it should be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from halscope.plugins._dispatch import Dispatcher
from halscope.plugins._registry import Registry


@dataclass(frozen=True, slots=True)
class Contribution[T]:
    """A part, and the plugin that it is from."""

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
    """Call `hook` on each plugin, the first registered first, and keep the good parts by their keys.

    `kind` is the type of a part; a Protocol will do. A part of another type, with a key that does not match `pattern`,
    or with one that is taken already is left out, and told as a failure of that hook; so is a hook that raises.
    """
    found: dict[str, Contribution[T]] = {}
    for implementation in reversed(registry.calls(hook)):
        returned, parts = dispatcher.call(implementation, {})
        if not returned or parts is None:
            continue
        try:
            parts = list(parts)
        except Exception as error:  # what a stranger's code returned may be anything
            dispatcher.failed(implementation.plugin, hook, error)
            continue
        for part in parts:
            try:
                if not isinstance(part, kind):
                    raise TypeError(f"returned a {type(part).__name__}, which is no {kind.__name__}")
                names = []
                for name in keys(part):
                    if not isinstance(name, str) or not re.fullmatch(pattern, name):
                        raise ValueError(f"{kind.__name__} {name!r}: its name must match {pattern}")
                    if name in found:
                        raise ValueError(f"{kind.__name__} {name!r} is already there, from {found[name].plugin}")
                    names.append(name)
            except Exception as error:  # looking at a stranger's object runs its code
                dispatcher.failed(implementation.plugin, hook, error)
            else:
                found |= {name: Contribution(implementation.plugin, part) for name in names}
    return found
