"""Keeps the plugins of a session, and their implementations in calling order."""

from __future__ import annotations

import inspect
import threading
import types
import weakref
from collections.abc import Mapping
from typing import Any, Final

from halscope_hooks import PROJECT_NAME, PluginError

from halscope.plugins._checks import HOOKS, check_plugin, new_manager
from halscope.plugins._dispatch import Implementation

_IMPL: Final = f"{PROJECT_NAME}_impl"
"""The attribute that the hookimpl marker sets on a function."""

_ARGUMENTS: Final = f"{PROJECT_NAME}_arguments"
"""Attribute with the argument names of a weak stand-in: pluggy inspects the code, and a stand-in takes any keyword."""


class Registry:
    """The plugins of one session, in one pluggy PluginManager.

    pluggy checks and orders the implementations; the dispatcher calls them. `calls` takes no lock: it reads a mapping
    that is replaced, never changed.
    """

    def __init__(self) -> None:
        self._manager = new_manager()
        self._lock = threading.RLock()  # re-entrant, as a signal handler may pump the session
        self._calls: Mapping[str, tuple[Implementation, ...]] = {}

    def add(self, plugin: object, name: str) -> None:
        """Register a plugin. Raises PluginError, and registers nothing, if `check_plugin` finds a fault."""
        check_plugin(plugin, name)
        with self._lock:
            if self._manager.has_plugin(name):
                raise PluginError(name, "another plugin has this name; give one of them another id")
            self._manager.register(plugin, name=name)
            self._calls = {
                hook: tuple(
                    Implementation(one.plugin_name, hook, one.function, getattr(one.function, _ARGUMENTS, one.argnames))
                    for one in reversed(called_last_first)
                )
                for hook in HOOKS
                if (called_last_first := getattr(self._manager.hook, hook).get_hookimpls())
            }

    def calls(self, hook: str) -> tuple[Implementation, ...]:
        """The implementations of a hook in pluggy's calling order: the last registered first."""
        return self._calls.get(hook, ())

    def plugin(self, name: str) -> object | None:
        """The object that was registered under this name, or `None`."""
        with self._lock:
            return self._manager.get_plugin(name)

    def names(self) -> tuple[str, ...]:
        """The names of all plugins, in the order of registration."""
        with self._lock:
            return tuple(name for name, _ in self._manager.list_name_plugin())


def weak_hooks(host: object) -> object | None:
    """A plugin that calls the hooks of `host` without keeping it alive; `None` if the host has no hooks.

    A weak proxy is not enough: pluggy keeps the methods that it finds, and a bound method keeps its object.
    """
    reference = weakref.ref(host)
    found: dict[str, Any] = {}
    for name in HOOKS:
        method = getattr(type(host), name, None)
        options = getattr(method, _IMPL, None)
        if options is None or method is None:
            continue
        found[name] = _weak_call(reference, name, inspect.signature(getattr(host, name)), options)
    return types.SimpleNamespace(**found) if found else None


def _weak_call(reference: weakref.ref[Any], name: str, signature: inspect.Signature, options: Any) -> Any:
    def call(**arguments: Any) -> Any:
        host = reference()
        return None if host is None else getattr(host, name)(**arguments)

    call.__name__ = name
    setattr(call, _IMPL, options)
    setattr(call, _ARGUMENTS, tuple(signature.parameters))
    return call
