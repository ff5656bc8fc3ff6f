"""Checking a plugin's object against the hookspecs, and holding the implementations in the order of calling."""

from __future__ import annotations

import inspect
import threading
import types
import weakref
from collections.abc import Mapping
from typing import Any, Final

import pluggy
from halscope_hooks import PROJECT_NAME, PluginError, hookspecs

from halscope.plugins._dispatch import Implementation

_IMPL: Final = f"{PROJECT_NAME}_impl"
"""The attribute that the hookimpl marker leaves on a function."""

_ARGUMENTS: Final = f"{PROJECT_NAME}_arguments"
"""What a function takes that says so itself: pluggy reads code, and a stand-in's code takes anything."""


class Registry:
    """The plugins of one session, in one pluggy PluginManager.

    pluggy checks and orders; the calls are the dispatcher's. Reading takes no lock: what is read is never changed.
    """

    def __init__(self) -> None:
        self._manager = _manager()
        self._lock = threading.Lock()
        self._calls: Mapping[str, tuple[Implementation, ...]] = {}

    def add(self, plugin: object, name: str) -> None:
        """Take a plugin. Raises PluginError: no hooks, one that does not exist, or wrong arguments; nothing is kept."""
        _check(plugin, name)
        with self._lock:
            if self._manager.has_plugin(name):
                raise PluginError(name, "there is another plugin of this name; give one of them another id")
            self._manager.register(plugin, name=name)
            self._calls = {
                hook: tuple(
                    Implementation(one.plugin_name, hook, one.function, getattr(one.function, _ARGUMENTS, one.argnames))
                    for one in reversed(called_last_first)
                )
                for hook in _HOOKS
                if (called_last_first := getattr(self._manager.hook, hook).get_hookimpls())
            }

    def calls(self, hook: str) -> tuple[Implementation, ...]:
        """The implementations of a hook in the order of calling, as pluggy has it: the last registered first."""
        return self._calls.get(hook, ())

    def plugin(self, name: str) -> object | None:
        """The object that was registered under this name, or `None`."""
        with self._lock:
            return self._manager.get_plugin(name)

    def names(self) -> tuple[str, ...]:
        """Every plugin, in the order of registration."""
        with self._lock:
            return tuple(name for name, _ in self._manager.list_name_plugin())


def weak_hooks(host: object) -> object | None:
    """A plugin that calls the hooks of `host` and does not keep it alive; `None` where it has none.

    A weak proxy is not enough: pluggy keeps the methods that it finds, and a method keeps its object.
    """
    reference = weakref.ref(host)
    found: dict[str, Any] = {}
    for name in _HOOKS:
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


def _manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(PROJECT_NAME)
    manager.add_hookspecs(hookspecs)
    return manager


_HOOKS: Final = tuple(name for name in vars(hookspecs) if name.startswith(f"{PROJECT_NAME}_"))


def _check(plugin: object, name: str) -> None:
    if inspect.isclass(plugin):
        raise PluginError(name, f"its object is the class {plugin.__name__}; name an instance of it, or a module")
    trial = _manager()
    try:
        trial.register(plugin, name=name)
        trial.check_pending()
    except pluggy.PluginValidationError as error:
        raise PluginError(name, f"{_one_line(error)}; see docs/reference/hooks.md") from error
    implementations = [one for hook in _HOOKS for one in getattr(trial.hook, hook).get_hookimpls()]
    if not implementations:
        raise PluginError(name, "has no hook; mark its functions with halscope_hooks.hookimpl")
    for one in implementations:
        if one.wrapper or one.hookwrapper:
            raise PluginError(
                name, f"{one.function.__name__} is a wrapper, which is not called here; make it a plain hook"
            )
        if inspect.iscoroutinefunction(one.function) or inspect.isgeneratorfunction(one.function):
            raise PluginError(
                name, f"{one.function.__name__} is a coroutine or generator function; make it a plain function"
            )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
