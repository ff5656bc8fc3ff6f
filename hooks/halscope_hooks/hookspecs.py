"""The hooks. Each says who calls it, on which thread, and what it may return.

In this version everything runs inline: every hook is called on the thread that calls the session.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from halscope_hooks._markers import hookspec

if TYPE_CHECKING:
    from halscope_hooks._frame import Frame
    from halscope_hooks._origin import VramOrigins
    from halscope_hooks._patch import Patch
    from halscope_hooks._protocols import Codec, HostInfo
    from halscope_hooks._snapshot import Snapshot


@hookspec
def halscope_attached(host: HostInfo) -> None:
    """A host has been attached to the session; no snapshot of it has come yet. Inline."""


@hookspec
def halscope_snapshot(snapshot: Snapshot) -> None:
    """A snapshot came in, before it is decoded: recorders and collectors see every one. Inline."""


@hookspec
def halscope_detached(host: HostInfo, reason: str) -> None:
    """The host has gone; nothing is delivered for it after this. Inline."""


@hookspec
def halscope_frame_decoded(frame: Frame) -> None:
    """A snapshot has been decoded into sprites and palettes. Inline."""


@hookspec
def halscope_origins_found(frame: Frame, origins: VramOrigins) -> None:
    """The tiles of a frame's VRAM have been looked up in the ROM. Inline."""


@hookspec
def halscope_patch_ready(patch: Patch) -> None:
    """An edit has been planned, verified and, where the host allows it, written into the running game. Inline."""


@hookspec
def halscope_progress(job: str, done: int, total: int) -> None:
    """Work with the name `job` has got so far (`total` 0: not known). Inline."""


@hookspec
def halscope_job_failed(job: str, error: BaseException) -> None:
    """The work named `job` failed, or a hook of the plugin named there did; everything else goes on. Inline."""


@hookspec
def halscope_codecs() -> Sequence[Codec]:
    """Return the codecs that this plugin adds. Called once, when the application starts."""
    raise NotImplementedError  # a specification: pluggy never calls it
