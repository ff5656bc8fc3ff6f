"""The plugin manager of one session, and the dispatcher that calls each plugin apart."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, Final

import pluggy
from halscope_hooks import PROJECT_NAME, Codec, hookimpl, hookspecs

from halscope.codecs.hal import HAL

log: Final = logging.getLogger("halscope.plugins")


class BuiltIn:
    """Halscope's own parts, registered through the hooks that strangers use."""

    @hookimpl
    def halscope_codecs(self) -> list[Codec]:
        """HAL Laboratory's format."""
        return [HAL]


class Plugins:
    """The plugins of one session.

    Args:
        plugins: Objects with functions marked `hookimpl`; Halscope's own parts are always there.
    """

    def __init__(self, plugins: Iterable[object] = ()) -> None:
        self._manager = pluggy.PluginManager(PROJECT_NAME)
        self._manager.add_hookspecs(hookspecs)
        self._manager.register(BuiltIn(), name="halscope")
        for plugin in plugins:
            self._manager.register(plugin)
        self._manager.check_pending()

    def codecs(self) -> tuple[Codec, ...]:
        """Every codec, the built-in ones first."""
        return tuple(codec for found in reversed(self._manager.hook.halscope_codecs()) for codec in found)

    def dispatch(self, hook: str, /, **arguments: Any) -> None:
        """Call `hook` on each plugin by itself: pluggy's own call would end at the first exception.

        A plugin that fails is named in the log and reported to the others through `halscope_job_failed`.
        """
        failed: list[tuple[str, Exception]] = []
        for implementation in reversed(getattr(self._manager.hook, hook).get_hookimpls()):
            wanted = {name: arguments[name] for name in implementation.argnames}
            try:
                implementation.function(**wanted)
            except Exception as error:  # a stranger's code may raise anything, and must not stop others
                log.exception("plugin %s: %s failed", implementation.plugin_name, hook)
                failed.append((implementation.plugin_name, error))
        if hook != "halscope_job_failed":
            for name, failure in failed:
                self.dispatch("halscope_job_failed", job=f"plugin {name}", error=failure)
