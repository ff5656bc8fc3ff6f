"""Isolated calls of hook implementations: guarded, timed, counted, and switched off after repeated failures.

Threads: any thread may call. One lock guards the counters; it is never held while a hook runs.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from halscope_hooks import PluginError

from halscope.plugins._describe import describe_error, in_short
from halscope.plugins._third_party import third_party

log: Final = logging.getLogger("halscope.plugins")
trace_log: Final = logging.getLogger("halscope.hooks")

TRACE_VARIABLE: Final = "HALSCOPE_TRACE_HOOKS"
FAILURES_IN_A_ROW: Final = 3
"""After this many failures in a row, the hook is switched off for the plugin."""

LEAST_SECONDS: Final = 0.1
"""Seconds that a hook with a time-out has at least, however long the hooks before it took."""

SLOW_SECONDS: Final = 0.05
"""Three frames: a slower hook on the host's thread is noticeable in the game."""
BEFORE_A_GAME: Final = ("halscope_hosts", "halscope_codecs", "halscope_exporters", "halscope_games")
"""Hooks that collect a plugin's parts before a game runs: a slow one delays no frame."""


@dataclass(frozen=True, slots=True)
class Implementation:
    """One plugin's function for one hook."""

    plugin: str
    hook: str
    function: Callable[..., Any]
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure of a hook, for reports."""

    plugin: str
    hook: str
    error: Exception
    traceback: str


@dataclass(frozen=True, slots=True)
class HookReport:
    """Counters of one plugin's implementation of a hook.

    Args:
        plugin: Id of the plugin.
        hook: Name of the hook.
        calls: Number of calls.
        failures: Number of failures.
        seconds: Total time spent in it.
        slowest: Duration of the longest call, in seconds.
        switched_off: Whether it is no longer called.
    """

    plugin: str
    hook: str
    calls: int
    failures: int
    seconds: float
    slowest: float
    switched_off: bool


@dataclass(slots=True)
class _Count:
    calls: int = 0
    failures: int = 0
    in_a_row: int = 0
    slow: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    off: bool = False


@dataclass(slots=True)
class Dispatcher:
    """Calls implementations for one session.

    Args:
        on_failure: Called with each failure, on the thread where it happened, with no lock held.
    """

    on_failure: Callable[[Failure], None]
    _counts: dict[tuple[str, str], _Count] = field(default_factory=dict)
    # Re-entrant: a signal handler that pumps the session may interrupt a line that holds it.
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _trace: bool = field(default_factory=lambda: os.environ.get(TRACE_VARIABLE, "") not in ("", "0"))

    def call(self, implementation: Implementation, arguments: Mapping[str, Any]) -> tuple[bool, Any]:
        """Call one implementation with the arguments that it declares; return (whether it returned, its result).

        An Exception, or a `sys.exit` of the implementation, is caught, logged with the plugin's name and passed to
        `on_failure`; KeyboardInterrupt propagates. An implementation that is switched off is not called.
        """
        key = (implementation.plugin, implementation.hook)
        with self._lock:
            if self._counts.setdefault(key, _Count()).off:
                return False, None
        wanted = {name: arguments[name] for name in implementation.arguments}
        began = time.perf_counter()
        try:
            with third_party():
                result = implementation.function(**wanted)
        except Exception as error:  # third-party code may raise anything, and must not stop the other plugins
            self._time(key, time.perf_counter() - began)
            self._tell(implementation, wanted, time.perf_counter() - began, "raised", error)
            from halscope.session import forget_frames  # here: a command that runs no game does not load that room

            self.failed(implementation.plugin, implementation.hook, error)
            forget_frames(error)
            return False, None
        seconds = time.perf_counter() - began
        self._time(key, seconds)
        with self._lock:
            self._counts[key].in_a_row = 0
        self._tell(implementation, wanted, seconds, "returned", result)
        return True, result

    def call_apart(self, implementation: Implementation, arguments: Mapping[str, Any], until: float) -> None:
        """Call one implementation on a thread of its own, and wait for it until `until` (`time.monotonic()`).

        If it has not returned by then, that is a failure, and the thread is left behind.
        """
        from halscope.session import new_thread

        thread = new_thread(
            f"halscope plugin {implementation.plugin}: {implementation.hook}", self.call, implementation, arguments
        )
        try:
            thread.start()
        except RuntimeError:  # no more threads, or interpreter exit
            self.call(implementation, arguments)
            return
        began = time.monotonic()
        thread.join(max(until - began, LEAST_SECONDS))
        if thread.is_alive():
            waited = time.monotonic() - began
            message = f"{implementation.hook} has not returned after {waited:.1f} s; its thread is left behind"
            self.failed(implementation.plugin, implementation.hook, PluginError(implementation.plugin, message))

    def failed(self, plugin: str, hook: str, error: Exception) -> None:
        """Count and report a failure; the third in a row switches the hook off."""
        text = "".join(traceback.format_exception(error))
        # Logged as text: a record that kept the exception would keep every frame of its traceback alive.
        log.error("plugin %s: %s failed: %s\n%s", plugin, hook, describe_error(error), text.rstrip())
        with self._lock:
            count = self._counts.setdefault((plugin, hook), _Count())
            count.failures += 1
            count.in_a_row += 1
            now_off = not count.off and count.in_a_row >= FAILURES_IN_A_ROW
            count.off |= now_off
        self.on_failure(Failure(plugin, hook, error, text))
        if now_off:
            last = describe_error(error)
            message = PluginError(
                plugin,
                f"{hook} is switched off after {FAILURES_IN_A_ROW} failures in a row (the last: {last}); "
                f"fix it, or switch it on again with Plugins.enable({plugin!r}, {hook!r})",
            )
            log.error("%s", message)
            self.on_failure(Failure(plugin, hook, message, text))

    def enable(self, plugin: str, hook: str) -> bool:
        """Switch a hook on again. Returns whether it was off."""
        with self._lock:
            count = self._counts.get((plugin, hook))
            was_off = count is not None and count.off
            if count is not None:
                count.off, count.in_a_row = False, 0
        return was_off

    def reports(self) -> tuple[HookReport, ...]:
        """A report for every hook that was called, in the order of the first calls."""
        with self._lock:
            return tuple(
                HookReport(plugin, hook, count.calls, count.failures, count.seconds, count.slowest, count.off)
                for (plugin, hook), count in self._counts.items()
            )

    def _time(self, key: tuple[str, str], seconds: float) -> None:
        with self._lock:
            count = self._counts[key]
            count.calls += 1
            count.seconds += seconds
            count.slowest = max(count.slowest, seconds)
            count.slow += seconds > SLOW_SECONDS
            # Warn on the 1st, 2nd, 4th, 8th … slow call: a hook that is always slow must not flood the log.
            say = seconds > SLOW_SECONDS and count.slow & (count.slow - 1) == 0 and key[1] not in BEFORE_A_GAME
            times = count.slow
        if say:
            log.warning(
                "plugin %s: %s took %.0f ms on thread %s (slow %d times); use session.run for long work",
                *key,
                1000 * seconds,
                threading.current_thread().name,
                times,
            )

    def _tell(
        self, implementation: Implementation, wanted: Mapping[str, Any], seconds: float, outcome: str, value: object
    ) -> None:
        if self._trace:
            trace_log.info(
                "%s: %s(%s) %s %s, %.3f ms, thread %s",
                implementation.plugin,
                implementation.hook,
                ", ".join(f"{name}={in_short(given)}" for name, given in wanted.items()),
                outcome,
                in_short(value),
                1000 * seconds,
                threading.current_thread().name,
            )
