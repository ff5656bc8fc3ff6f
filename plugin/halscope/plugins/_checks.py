"""Checks a plugin's object before it is registered: every marked function is a hook, takes the hook's arguments, and
every function with a hook's name is marked."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterator
from difflib import get_close_matches
from typing import Any, Final

import pluggy
from halscope_hooks import PROJECT_NAME, PluginError, hookspecs

_PREFIX: Final = f"{PROJECT_NAME}_"
_SEE: Final = "see docs/reference/hooks.md"

HOOKS: Final = tuple(name for name in vars(hookspecs) if name.startswith(_PREFIX))
"""The names of all hooks."""

_ARGUMENTS: Final = {name: tuple(inspect.signature(getattr(hookspecs, name)).parameters) for name in HOOKS}


def new_manager() -> pluggy.PluginManager:
    """A manager that knows the hooks."""
    manager = pluggy.PluginManager(PROJECT_NAME)
    manager.add_hookspecs(hookspecs)
    return manager


def check_plugin(plugin: object, name: str) -> None:
    """Raise PluginError if a plugin's object cannot be registered. Errors of its own attributes propagate."""
    if inspect.isclass(plugin):
        raise PluginError(name, f"its object is the class {plugin.__name__}; give an instance of it, or a module")
    trial = new_manager()
    unmarked = []
    for attribute in dir(plugin):
        options = trial.parse_hookimpl_opts(plugin, attribute)
        if options is None:
            if attribute in HOOKS and callable(getattr(plugin, attribute)):
                unmarked.append(attribute)
            continue
        hook = options.get("specname") or attribute
        if hook in HOOKS:
            _check_arguments(getattr(plugin, attribute), hook, name)
        elif not options["optionalhook"]:
            raise PluginError(name, f"{hook} is not a hook{_did_you_mean(hook, HOOKS)}; {_SEE}")
    if unmarked:
        raise PluginError(name, f"{', '.join(unmarked)}: not marked; mark it with halscope_hooks.hookimpl")
    try:
        trial.register(plugin, name=name)
        trial.check_pending()
    except pluggy.PluginValidationError as error:
        raise PluginError(name, f"{' '.join(str(error).split())}; {_SEE}") from error
    implementations = [one for hook in HOOKS for one in getattr(trial.hook, hook).get_hookimpls()]
    if not implementations:
        raise PluginError(name, "has no hook; mark its functions with halscope_hooks.hookimpl")
    for one in implementations:
        if one.wrapper or one.hookwrapper:
            raise PluginError(
                name, f"{one.function.__name__} is a wrapper, which is not supported; make it a plain hook"
            )
        if inspect.iscoroutinefunction(one.function) or inspect.isgeneratorfunction(one.function):
            raise PluginError(
                name, f"{one.function.__name__} is a coroutine or generator function; make it a plain function"
            )


def missing_members(part: object, kind: type[Any]) -> Iterator[str]:
    """Describe each member of a Protocol that an object lacks, and the attribute whose name is closest."""
    for member in sorted(getattr(kind, "__protocol_attrs__", ())):
        if not hasattr(part, member):
            close = _closest(member, [name for name in dir(part) if not name.startswith("_")])
            yield f"{member} (it has {close})" if close else member


def _check_arguments(function: Any, hook: str, name: str) -> None:
    known = _ARGUMENTS[hook]
    for parameter in inspect.signature(function).parameters.values():
        # pluggy passes no argument that has a default.
        required = parameter.default is parameter.empty and parameter.kind in (
            parameter.POSITIONAL_ONLY,
            parameter.POSITIONAL_OR_KEYWORD,
            parameter.KEYWORD_ONLY,
        )
        if required and parameter.name not in known:
            has = f"has the arguments {', '.join(known)}" if known else "has no arguments"
            meant = _did_you_mean(parameter.name, known)
            raise PluginError(name, f"{hook} has no argument {parameter.name}{meant}; it {has}, {_SEE}")


def _did_you_mean(wrong: str, names: Collection[str]) -> str:
    close = _closest(wrong, names)
    return f" (did you mean {close}?)" if close else ""


def _closest(wrong: str, names: Collection[str]) -> str | None:
    # The prefix that all hooks share would make any two of them similar.
    by_stem = {name.removeprefix(_PREFIX): name for name in names}
    close = get_close_matches(wrong.lower().removeprefix(_PREFIX), by_stem, 1)
    return by_stem[close[0]] if close else None
