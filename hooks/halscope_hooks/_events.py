"""Events: what a session tells its subscribers. Each names the hook that says the same to plugins."""

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
    """A host has been attached; no frame of it has come yet.

    Args:
        host: What it is and can do.
    """

    hook: ClassVar[str] = "halscope_attached"
    host: HostInfo


@dataclass(frozen=True, slots=True)
class HostChanged:
    """What the host is or can do has changed while it is attached: another ROM was loaded, a memory became readable.

    Origins are looked up no more where the ROM changed, until they can be looked up in the new one. Never left out.

    Args:
        previous: What the host was.
        host: What it is now.
    """

    hook: ClassVar[str] = "halscope_host_changed"
    previous: HostInfo
    host: HostInfo

    @property
    def rom_changed(self) -> bool:
        """Whether another ROM runs."""
        return self.previous.rom != self.host.rom


@dataclass(frozen=True, slots=True, eq=False)
class Update:
    """A snapshot has been decoded, and its tiles looked up in the ROM.

    A subscriber that is slow gets the newest update, not every one; its `changes` then count from the last one that
    this subscriber got. Where the ROM's index becomes ready after a frame, the frame comes once more, with its origins.

    Args:
        frame: Sprites, palettes and, where they were asked for, layers.
        origins: Where the tiles of its VRAM come from; `None` while that is not known.
        changes: What differs from the update before; everything in a subscriber's first one.
    """

    hook: ClassVar[str] = "halscope_update"
    frame: Frame
    origins: VramOrigins | None
    changes: Changes

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot that this was made from."""
        return self.frame.snapshot

    def replacing(self, older: Update) -> Update:
        """This update for a subscriber that did not get the one before it."""
        return Update(self.frame, self.origins, self.changes.joined(older.changes))

    def as_first(self) -> Update:
        """This update for a subscriber that got none before it."""
        return Update(self.frame, self.origins, Changes.everything(self.frame))


@dataclass(frozen=True, slots=True)
class Touched:
    """The game read a place of its ROM that is watched. Never left out.

    Args:
        frame: The host's number of the frame in which it was read.
        rom_offset: File offset in the headerless image.
    """

    hook: ClassVar[str] = "halscope_touched"
    frame: int
    rom_offset: int


@dataclass(frozen=True, slots=True)
class PatchReady:
    """A patch has been written into the running game. Never left out.

    Args:
        patch: The whole edit, against the ROM that its hash names.
        written: What was written into the running game just now, its live memory and its running ROM, in order. Where
            the game already holds an earlier edit, these writes lead from that one to `patch`.
    """

    hook: ClassVar[str] = "halscope_patch_ready"
    patch: Patch
    written: tuple[Write, ...] = ()


@dataclass(frozen=True, slots=True)
class JobProgress:
    """Work has got so far; the newest of a job replaces the ones that still wait.

    Args:
        job: The work's name.
        done: Units done.
        total: Units in all; 0: not known.
        text: What is being done, for a person.
        job_id: Id of the job; unique in the process.
    """

    hook: ClassVar[str] = "halscope_progress"
    job: str
    done: int
    total: int
    text: str = ""
    job_id: int = 0


@dataclass(frozen=True, slots=True)
class JobFailed:
    """Work, a callback or a hook failed; everything else goes on. Never left out.

    Args:
        job: The work's name, or what else failed ("tap …", "subscription …").
        error: What it raised.
        traceback: Its traceback as text; empty where there is none.
        plugin: The plugin whose hook failed, or empty.
        job_id: Id of the job that failed; `None` where what failed was no job.
        count: How many equal failures in a row this stands for.
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
    """The host has gone or the session was closed: the last event of a session.

    Args:
        host: What it was.
        reason: Why.
    """

    hook: ClassVar[str] = "halscope_detached"
    host: HostInfo
    reason: str


Event = Attached | HostChanged | Update | Touched | PatchReady | JobProgress | JobFailed | Detached
"""Any of them."""
