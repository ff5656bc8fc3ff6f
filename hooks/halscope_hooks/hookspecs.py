"""The hooks, in one flat list. Each docstring states the thread that calls the hook and its delivery.

Thread: `host` is the thread that pumps the session (the caller's, in an inline session); `tap` is a thread that runs
ahead of the mailbox (inline: the caller's); `start` is the thread that loads the plugins; `own` is a thread of the
plugin's own, which is left behind if the hook does not return within five seconds; `any` can be any thread.
Delivery: `every` is in order and drops nothing; `newest` drops a pending event when a newer one arrives; `once` is
called once, when the plugins are loaded.
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
    """A host was attached; called before its first frame. Thread: host. Delivery: every."""


@hookspec
def halscope_snapshot(snapshot: Snapshot) -> None:
    """A snapshot was received and not decoded yet; recorders and collectors see all. Thread: tap. Delivery: every."""


@hookspec
def halscope_detached(host: HostInfo, reason: str) -> None:
    """The host was detached; no more calls follow for it. Thread: own. Delivery: every."""


@hookspec
def halscope_host_changed(previous: HostInfo, host: HostInfo) -> None:
    """The attached host's info changed, for example because another ROM was loaded. Thread: host. Delivery: every."""


@hookspec
def halscope_update(frame: Frame, origins: VramOrigins | None, changes: Changes) -> None:
    """A snapshot was decoded and its tiles were looked up in the ROM. Thread: host. Delivery: newest."""


@hookspec
def halscope_touched(frame: int, rom_offset: int, page: int | None, codec: str) -> None:
    """The game read a watched ROM location (see `Touched`). Thread: host. Delivery: every."""


@hookspec
def halscope_patch_ready(patch: Patch, written: Sequence[Write]) -> None:
    """An edit (`patch`, relative to its ROM) was written into the running game. Thread: host. Delivery: every."""


@hookspec
def halscope_progress(job: str, done: int, total: int, text: str, job_id: int) -> None:
    """The job named `job` made progress (`total` 0: unknown). Thread: host. Delivery: newest."""


@hookspec
def halscope_job_failed(
    job: str, error: BaseException, traceback: str, plugin: str, job_id: int | None, count: int
) -> None:
    """A job, or a hook of `plugin`, failed `count` times in a row in the same way. Thread: host. Delivery: every."""


@hookspec
def halscope_hosts() -> Sequence[HostFactory]:
    """Return factories for the hosts that this plugin provides. Thread: start. Delivery: once."""
    raise NotImplementedError  # a specification: pluggy never calls it


@hookspec
def halscope_codecs() -> Sequence[Codec]:
    """Return the codecs that this plugin provides. Thread: start. Delivery: once."""
    raise NotImplementedError  # a specification: pluggy never calls it


@hookspec
def halscope_exporters() -> Sequence[Exporter]:
    """Return the export formats that this plugin provides. Thread: start. Delivery: once."""
    raise NotImplementedError  # a specification: pluggy never calls it


@hookspec
def halscope_games() -> Sequence[GameProfile]:
    """Return the game profiles that this plugin provides. Thread: start. Delivery: once."""
    raise NotImplementedError  # a specification: pluggy never calls it


@hookspec(firstresult=True)
def halscope_group_sprites(frame: Frame) -> Sequence[SpriteGroup] | None:
    """Group a frame's sprites into figures, or return None to defer to other plugins. Thread: any. Delivery: every."""
    raise NotImplementedError  # a specification: pluggy never calls it
