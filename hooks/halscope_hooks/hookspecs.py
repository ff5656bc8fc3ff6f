"""The hooks, one flat list. Each says what it tells or asks, on which thread it is called, and how it is delivered.

Threads: `host` is the thread that pumps the session (in an inline session, the caller's); `tap` is a thread that stands
before the mailbox (inline: the caller's); `start` is the thread that loads the plugins; `any` is whichever thread asks.
Delivery: `every` loses nothing, in order; `newest` may leave out what a newer one replaced while it waited;
`once` is asked once, when the plugins are loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from halscope_hooks._markers import hookspec

if TYPE_CHECKING:
    from halscope_hooks._extensions import Exporter, HostFactory, SpriteGroup
    from halscope_hooks._frame import Changes, Frame
    from halscope_hooks._host import HostInfo
    from halscope_hooks._origin import VramOrigins
    from halscope_hooks._patch import Patch, Write
    from halscope_hooks._profile import GameProfile
    from halscope_hooks._protocols import Codec
    from halscope_hooks._session_api import SessionApi
    from halscope_hooks._snapshot import Snapshot


@hookspec
def halscope_attached(host: HostInfo, session: SessionApi) -> None:
    """A host was attached; no frame of it has come yet. Thread: host. Delivery: every."""


@hookspec
def halscope_snapshot(snapshot: Snapshot) -> None:
    """A snapshot came in, before it is decoded; recorders and collectors see each. Thread: tap. Delivery: every."""


@hookspec
def halscope_detached(host: HostInfo, reason: str) -> None:
    """The host has gone; nothing is delivered for it after this. Thread: host. Delivery: every."""


@hookspec
def halscope_host_changed(previous: HostInfo, host: HostInfo) -> None:
    """The attached host is another than before, as after another ROM was loaded. Thread: host. Delivery: every."""


@hookspec
def halscope_update(frame: Frame, origins: VramOrigins | None, changes: Changes) -> None:
    """A snapshot was decoded, and its tiles looked up in the ROM. Thread: host. Delivery: newest."""


@hookspec
def halscope_touched(frame: int, rom_offset: int) -> None:
    """The game read a place of its ROM that is watched. Thread: host. Delivery: every."""


@hookspec
def halscope_patch_ready(patch: Patch, written: Sequence[Write]) -> None:
    """An edit, as a patch against its ROM, was `written` into the running game. Thread: host. Delivery: every."""


@hookspec
def halscope_progress(job: str, done: int, total: int, text: str, job_id: int) -> None:
    """Work named `job` has got so far (`total` 0: not known). Thread: host. Delivery: newest."""


@hookspec
def halscope_job_failed(
    job: str, error: BaseException, traceback: str, plugin: str, job_id: int | None, count: int
) -> None:
    """Work failed, or a hook of the plugin `plugin`; `count` equal failures are one. Thread: host. Delivery: every."""


@hookspec
def halscope_hosts() -> Sequence[HostFactory]:
    """Return the emulators that this plugin opens. Thread: start. Delivery: once."""
    raise NotImplementedError  # a specification: pluggy never calls it


@hookspec
def halscope_codecs() -> Sequence[Codec]:
    """Return the compression formats that this plugin adds. Thread: start. Delivery: once."""
    raise NotImplementedError  # a specification: pluggy never calls it


@hookspec
def halscope_exporters() -> Sequence[Exporter]:
    """Return the forms in which this plugin lets an edit leave. Thread: start. Delivery: once."""
    raise NotImplementedError  # a specification: pluggy never calls it


@hookspec
def halscope_games() -> Sequence[GameProfile]:
    """Return what this plugin knows of games. Thread: start. Delivery: once."""
    raise NotImplementedError  # a specification: pluggy never calls it


@hookspec(firstresult=True)
def halscope_group_sprites(frame: Frame) -> Sequence[SpriteGroup] | None:
    """Group a frame's sprites into figures, or return None to leave it to others. Thread: any. Delivery: every."""
    raise NotImplementedError  # a specification: pluggy never calls it
