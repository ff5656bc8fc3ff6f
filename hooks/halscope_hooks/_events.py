"""The events that a session delivers to subscribers. Each names the plugin hook that carries the same data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from halscope_hooks._frame import Changes, Frame
from halscope_hooks._host import HostInfo
from halscope_hooks._origin import VramOrigins
from halscope_hooks._patch import Patch, Write
from halscope_hooks._snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Attached:
    """A host was attached. Delivered before the first frame.

    Args:
        host: Description of the host and its capabilities.
    """

    hook: ClassVar[str] = "halscope_attached"
    host: HostInfo


@dataclass(frozen=True, slots=True)
class HostChanged:
    """The host's `info` changed while attached: another ROM was loaded, for example, or a memory became readable.

    After a ROM change, updates have no origins until the new ROM is indexed. Never dropped.

    Args:
        previous: The old host info.
        host: The new host info.
    """

    hook: ClassVar[str] = "halscope_host_changed"
    previous: HostInfo
    host: HostInfo

    @property
    def rom_changed(self) -> bool:
        """Whether the running ROM is a different one."""
        return self.previous.rom != self.host.rom


@dataclass(frozen=True, slots=True, eq=False)
class Update:
    """A snapshot was decoded and its tiles were looked up in the ROM.

    A slow subscriber receives only the newest update. Its `changes` are then relative to the last update that this
    subscriber received. If the ROM's index becomes ready after a frame, the same frame is delivered again with origins.

    Args:
        frame: The decoded frame: sprites, palettes and, if requested, layers.
        origins: Where the tiles in VRAM come from; `None` until the ROM is indexed.
        changes: Differences from the previous update. A subscriber's first update marks everything as changed.
    """

    hook: ClassVar[str] = "halscope_update"
    frame: Frame
    origins: VramOrigins | None
    changes: Changes

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot that the frame was decoded from."""
        return self.frame.snapshot

    def replacing(self, older: Update) -> Update:
        """Return this update for a subscriber that skipped `older`, with the changes of both."""
        return Update(self.frame, self.origins, self.changes.joined(older.changes))

    def as_first(self) -> Update:
        """Return this update as a subscriber's first one, with everything marked as changed."""
        return Update(self.frame, self.origins, Changes.everything(self.frame))


@dataclass(frozen=True, slots=True)
class Touched:
    """The game read a watched ROM location. Never dropped.

    It is the first read of a watched page in a frame, or with `codec` a decoder's call. A host reports the touches of a
    frame before those of the next one, and those of one frame in the order of the reads.

    Args:
        frame: The host's frame number at the time of the read.
        rom_offset: File offset in the headerless image.
        page: File offset of the first byte of the watched page (a page of the host's memory, or a range), which may be
            negative: a decoder that reads on from the page before touches it there. `None`: the page has 4 KiB and
            begins at a multiple of 4 KiB in the image; a host whose pages do not begin there has to name them.
        codec: Codec of the decoder that was called with a pointer to this location, as a debugger observes it; an empty
            string for the first read of a page.
    """

    hook: ClassVar[str] = "halscope_touched"
    frame: int
    rom_offset: int
    page: int | None = None
    codec: str = ""


@dataclass(frozen=True, slots=True)
class PatchReady:
    """An edit was written into the running game. Never dropped.

    Args:
        patch: The complete edit, relative to the ROM identified by `patch.rom_sha256`.
        written: The writes just made to the game's live memory and running ROM, in order. If the game already contained
            an earlier edit, these writes take it from that edit to `patch`.
    """

    hook: ClassVar[str] = "halscope_patch_ready"
    patch: Patch
    written: tuple[Write, ...] = ()


@dataclass(frozen=True, slots=True)
class JobProgress:
    """Progress of a job. The newest report of a job replaces any that are still queued.

    Args:
        job: Name of the job.
        done: Units completed.
        total: Total units, or 0 if unknown.
        text: Human-readable description of the current step.
        job_id: Id of the job, unique within the process.
    """

    hook: ClassVar[str] = "halscope_progress"
    job: str
    done: int
    total: int
    text: str = ""
    job_id: int = 0


@dataclass(frozen=True, slots=True)
class JobFailed:
    """A job, callback or hook failed; everything else continues. Never dropped.

    Args:
        job: Name of the job, or of whatever else failed ("tap …", "subscription …").
        error: The exception that was raised.
        traceback: The formatted traceback, or an empty string if not available.
        plugin: Id of the plugin whose hook, job or callback failed, or an empty string.
        job_id: Id of the failed job, or `None` if it was not a job that failed.
        count: Number of identical consecutive failures that this event represents.
    """

    hook: ClassVar[str] = "halscope_job_failed"
    job: str
    error: BaseException
    traceback: str = ""
    plugin: str = ""
    job_id: int | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Detached:
    """The host disconnected or the session was closed. Always the last event of a session.

    Args:
        host: Last known info of the host.
        reason: Human-readable reason.
    """

    hook: ClassVar[str] = "halscope_detached"
    host: HostInfo
    reason: str


Event = Attached | HostChanged | Update | Touched | PatchReady | JobProgress | JobFailed | Detached
"""Any event."""
