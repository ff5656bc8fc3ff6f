"""The plugins of one session: loads them, collects what they contribute, and dispatches hooks to them."""

from __future__ import annotations

import logging
import time
import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from halscope_hooks import (
    PERMISSIONS,
    Codec,
    Exporter,
    Frame,
    GameProfile,
    HalscopeError,
    HostFactory,
    Permission,
    PluginError,
    RemoteHostFactory,
    SpriteGroup,
    UsageError,
)

from halscope.plugins._built_in import BUILT_IN
from halscope.plugins._code_digest import code_digest
from halscope.plugins._collection import Contribution, collect
from halscope.plugins._describe import describe_error, place_of
from halscope.plugins._discovery import Candidate, Refusal, in_folders, installed
from halscope.plugins._dispatch import Dispatcher, Failure, HookReport
from halscope.plugins._facade import SessionFacade
from halscope.plugins._guards import GuardedCodec, GuardedExporter, GuardedHostFactory, GuardedRemoteFactory
from halscope.plugins._permissions import Grants
from halscope.plugins._registry import Registry, weak_hooks
from halscope.plugins._third_party import third_party
from halscope.ppu.grouping import Metasprite, draw_group, group_sprites

if TYPE_CHECKING:  # a command that runs no game does not load the room of sessions
    from halscope.session import Session

log: Final = logging.getLogger("halscope.plugins")

_CODEC_NAME: Final = "(?!raw$)[a-z][a-z0-9-]{0,15}"  # "raw" stands for plain bytes in an origin
_NAME: Final = "[a-z][a-z0-9-]{0,63}"
_SUFFIX: Final = r"\.[a-z0-9]{1,15}"
_HOST: Final = "the host itself"

DETACH_SECONDS: Final = 5.0
"""The time that all plugins together have for `halscope_detached`; at interpreter exit it is shorter."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A loaded plugin.

    Args:
        name: Its id.
        version: Its version; empty for an object that was passed in.
        source: Where it comes from.
        asked: The permissions that it requests.
        granted: The permissions that it was granted.
    """

    name: str
    version: str
    source: str
    asked: tuple[Permission, ...]
    granted: frozenset[Permission]


class Plugins:
    """The plugins of one session, which always include the built-in ones.

    A plugin that cannot be loaded is reported by name in the log and in `refused`; the others are not affected. The
    constructor collects all contributions once, on the caller's thread.

    Args:
        plugins: Objects with functions marked `hookimpl`. The caller vouches for them: they get every permission.
        folders: Folders with a manifest.json.
        entry_points: Whether to load installed plugins.
        grants: Decides the permissions of plugins with a manifest; by default only those allowed earlier.

    Raises:
        UsageError: A folder has no manifest.json.
        PluginError: An object of `plugins` cannot be registered.
    """

    def __init__(
        self,
        plugins: Iterable[object] = (),
        *,
        folders: Iterable[Path] = (),
        entry_points: bool = False,
        grants: Grants | None = None,
    ) -> None:
        self._registry = Registry()
        # Plugins hold no strong reference back to the session, so a session that is dropped is freed at once.
        self._session = _Link()
        self._dispatcher = Dispatcher(_weakly_called(self._report))
        self._loaded: dict[str, Loaded] = {}
        self._refused: list[Refusal] = []
        for name, part in BUILT_IN.items():
            self._add(part, Loaded(name, "", "built in", (), frozenset()))
        for number, plugin in enumerate(plugins, 1):
            kind = plugin.__name__ if hasattr(plugin, "__name__") else type(plugin).__name__
            name = f"{kind}-{number}"
            self._add(plugin, Loaded(name, "", "handed in", PERMISSIONS, frozenset(PERMISSIONS)))
        grants = Grants() if grants is None else grants
        for found in [*in_folders(folders), *(installed() if entry_points else ())]:
            self._take(found, grants)
        self._collect()

    @property
    def loaded(self) -> tuple[Loaded, ...]:
        """The loaded plugins, the built-in ones first."""
        return tuple(self._loaded.values())

    @property
    def refused(self) -> tuple[Refusal, ...]:
        """The plugins that were found but not loaded, with the reasons."""
        return tuple(self._refused)

    @property
    def hooks(self) -> tuple[HookReport, ...]:
        """Counters of every hook of every plugin."""
        return self._dispatcher.reports()

    def plugin(self, name: str) -> object:
        """The object of this plugin. Raises UsageError if no such plugin is loaded."""
        if name not in self._loaded:
            raise UsageError(f"there is no plugin {name!r}; the plugins are: {', '.join(self._loaded)}")
        return self._registry.plugin(name)

    def codecs(self) -> tuple[Codec, ...]:
        """Every codec, the built-in ones first."""
        return tuple(self._codecs.values())

    def codec(self, name: str) -> Codec:
        """The codec of this name. Raises UsageError if it does not exist."""
        if name not in self._codecs:
            raise UsageError(f"there is no codec {name!r}; the codecs are: {', '.join(self._codecs)}")
        return self._codecs[name]

    def is_built_in(self, codec: Codec) -> bool:
        """Whether this codec is Halscope's own."""
        return not isinstance(codec, GuardedCodec)

    def hosts(self) -> tuple[HostFactory, ...]:
        """Every host that can be opened, the built-in ones first."""
        return tuple(self._hosts.values())

    def host(self, name: str) -> HostFactory:
        """The host of this name. Raises UsageError if it does not exist."""
        if name not in self._hosts:
            raise UsageError(f"there is no host {name!r}; the hosts are: {', '.join(self._hosts)}")
        return self._hosts[name]

    def games(self) -> tuple[GameProfile, ...]:
        """Every game profile; third-party profiles come before the built-in ones, so that they override them."""
        return self._games

    def exporters(self) -> tuple[Exporter, ...]:
        """Every exporter, the built-in ones first."""
        return tuple(dict.fromkeys(self._exporters.values()))

    def exporter(self, output: Path) -> Exporter:
        """The exporter for the file's extension. Raises UsageError if it does not exist."""
        found = self._exporters.get(output.suffix.lower())
        if found is None:
            raise UsageError(f"{output}: unknown file extension; use one of {', '.join(self._exporters)}")
        return found

    def group_sprites(self, frame: Frame) -> tuple[Metasprite, ...]:
        """The metasprites on screen, grouped by the first plugin that returns groups, or else by the built-in rule."""
        for implementation in self._registry.calls("halscope_group_sprites"):
            returned, groups = self._dispatcher.call(implementation, {"frame": frame})
            if not returned or groups is None:
                continue
            try:
                with third_party():
                    return tuple(draw_group(frame, _indices(group, frame)) for group in groups)
            except Exception as error:  # third-party code may return anything
                self._dispatcher.failed(implementation.plugin, implementation.hook, error)
        return group_sprites(frame)

    def hooked(self, hook: str) -> bool:
        """Whether any plugin has this hook. Any thread may ask; it is asked for each frame."""
        return bool(self._registry.calls(hook))

    def dispatch(self, hook: str, /, **arguments: Any) -> None:
        """Call a hook of every plugin. A failure is logged and reported through `halscope_job_failed`; others go on.

        `halscope_attached` gets each plugin's own view of the session, that of `arguments` or of the latest `join`.
        `halscope_detached` has a thread of its own for each plugin, because nothing else could end a session that a
        plugin holds up. Only the host itself is called on this thread.
        """
        from halscope.session import exit_left  # here: a command that runs no game does not load that room

        if (session := arguments.get("session")) is not None:
            self.join(session)
        until = time.monotonic() + min(DETACH_SECONDS, exit_left())
        for implementation in self._registry.calls(hook):
            if hook == "halscope_attached":
                own = arguments | {"session": self.session_for(implementation.plugin)}
                self._dispatcher.call(implementation, own)
            elif hook == "halscope_detached" and self._loaded[implementation.plugin].source != _HOST:
                self._dispatcher.call_apart(implementation, arguments, until)
            else:
                self._dispatcher.call(implementation, arguments)

    def join(self, session: Session) -> None:
        """Set the session that plugins may call, and register its host's hooks, if any. Both are held weakly."""
        self._session.to(session)
        hooks = weak_hooks(session.host)
        name = f"host-{session.host.info.name}"
        if hooks is not None and name not in self._loaded:
            self._add(hooks, Loaded(name, "", _HOST, PERMISSIONS, frozenset(PERMISSIONS)))

    def session_for(self, plugin: str) -> SessionFacade:
        """The session as this plugin may use it. Raises UsageError if no such plugin is loaded."""
        self.plugin(plugin)  # raises UsageError for an unknown plugin
        return SessionFacade(plugin, self._loaded[plugin].granted, self._session)

    def enable(self, plugin: str, hook: str) -> bool:
        """Switch a hook on again that was switched off after failures. Returns whether it was off."""
        return self._dispatcher.enable(plugin, hook)

    def _take(self, found: Candidate | Refusal, grants: Grants) -> None:
        if isinstance(found, Refusal):
            self._refuse(found)
            return
        manifest = found.manifest
        if manifest.id in self._loaded:
            other = self._loaded[manifest.id].source
            self._refuse(found.refusal(f"{found.source}: {other} already has this id; remove one"))
            return
        try:
            with third_party():
                plugin = found.load()
        except Exception as error:  # importing runs third-party code, which may do anything
            log.debug("plugin %s cannot be imported", manifest.id, exc_info=True)
            what = f"{describe_error(error)}{place_of(error)}"
            self._refuse(found.refusal(f"{manifest.entry_point} cannot be imported from {found.source}: {what}"))
            return
        try:
            granted = grants.decide(manifest)
            self._add(plugin, Loaded(manifest.id, manifest.version, found.source, manifest.permissions, granted))
        except PluginError as error:
            self._refuse(found.refusal(error.reason))

    def _refuse(self, refusal: Refusal) -> None:
        log.warning("%s; it is not loaded", refusal)
        self._refused.append(refusal)

    def _add(self, plugin: object, loaded: Loaded) -> None:
        try:
            with third_party():
                self._registry.add(plugin, loaded.name)
        except HalscopeError:
            raise
        except Exception as error:  # inspecting a third-party object runs its code
            raise PluginError(loaded.name, f"its object cannot be inspected: {describe_error(error)}") from error
        self._loaded[loaded.name] = loaded

    def _collect(self) -> None:
        parts = self._registry, self._dispatcher
        codecs: dict[str, Contribution[Codec]] = collect(
            *parts, "halscope_codecs", Codec, lambda codec: (codec.name,), _CODEC_NAME
        )
        self._codecs = {name: self._guarded_codec(name, contribution) for name, contribution in codecs.items()}
        hosts: dict[str, Contribution[HostFactory]] = collect(
            *parts, "halscope_hosts", HostFactory, lambda host: (host.name,), _NAME
        )
        self._hosts = {name: self._guarded_host(name, contribution) for name, contribution in hosts.items()}
        exporters: dict[str, Contribution[Exporter]] = collect(
            *parts, "halscope_exporters", Exporter, lambda one: tuple(one.suffixes), _SUFFIX
        )
        self._exporters = {
            suffix: self._guarded_exporter(suffix, contribution) for suffix, contribution in exporters.items()
        }
        games: dict[str, Contribution[GameProfile]] = collect(
            *parts, "halscope_games", GameProfile, lambda game: (game.id,), _NAME
        )
        foreign_first = sorted(games.values(), key=lambda game: game.plugin in BUILT_IN)
        self._games = tuple(game.part for game in foreign_first)

    def _guarded_codec(self, name: str, contribution: Contribution[Codec]) -> Codec:
        plugin, codec = contribution.plugin, contribution.part
        if plugin in BUILT_IN:
            return codec
        fail = self._fail(plugin, "halscope_codecs")
        version = f"{plugin} {self._loaded[plugin].version}"
        try:
            with third_party():
                version += f" {getattr(codec, 'version', '')} {code_digest(codec)}"
        except Exception as error:  # inspecting a third-party object runs its code
            fail(error)
        return GuardedCodec(codec, name, plugin, version, fail)

    def _guarded_host(self, name: str, contribution: Contribution[HostFactory]) -> HostFactory:
        plugin, host = contribution.plugin, contribution.part
        if plugin in BUILT_IN:
            return host
        fail = self._fail(plugin, "halscope_hosts")
        if isinstance(host, RemoteHostFactory):
            return GuardedRemoteFactory(host, plugin, name, fail)
        return GuardedHostFactory(host, plugin, name, fail)

    def _guarded_exporter(self, suffix: str, contribution: Contribution[Exporter]) -> Exporter:
        plugin, exporter = contribution.plugin, contribution.part
        if plugin in BUILT_IN:
            return exporter
        return GuardedExporter(exporter, plugin, (suffix,), self._fail(plugin, "halscope_exporters"))

    def _fail(self, plugin: str, hook: str) -> Callable[[Exception], None]:
        dispatcher = self._dispatcher
        return lambda error: dispatcher.failed(plugin, hook, error)

    def _report(self, failure: Failure) -> None:
        if failure.hook == "halscope_job_failed":
            return  # already in the log; reporting it again would recurse forever
        job, error, text = f"plugin {failure.plugin}: {failure.hook}", failure.error, failure.traceback
        if (session := self._session()) is not None:
            session.report_failure(job, error, text, failure.plugin)  # the session notifies plugins too
        else:
            self.dispatch("halscope_job_failed", job=job, error=error, traceback=text, plugin=failure.plugin)


class _Link:
    """A weak reference to the session, empty until `to` sets it."""

    def __init__(self) -> None:
        self._reference: Callable[[], Session | None] = lambda: None

    def to(self, session: Session) -> None:
        self._reference = weakref.ref(session)

    def __call__(self) -> Session | None:
        return self._reference()


def _weakly_called(report: Callable[[Failure], None]) -> Callable[[Failure], None]:
    reference = weakref.WeakMethod(report)

    def call(failure: Failure) -> None:
        if (method := reference()) is not None:
            method(failure)

    return call


def _indices(group: SpriteGroup, frame: Frame) -> tuple[int, ...]:
    indices = tuple(group.indices)
    if not indices or len(set(indices)) != len(indices) or any(not 0 <= i < len(frame.sprites) for i in indices):
        raise ValueError(f"a group of {len(frame.sprites)} sprites names {indices}; give each index once, 0 to 127")
    return indices
