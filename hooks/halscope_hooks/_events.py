"""Events: what a session tells its subscribers. Each names the hook that says the same to plugins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from halscope_hooks._frame import Frame
from halscope_hooks._origin import VramOrigins
from halscope_hooks._patch import Patch, Write
from halscope_hooks._protocols import HostInfo


@dataclass(frozen=True, slots=True)
class Attached:
    """A host has been attached; no frame of it has come yet.

    Args:
        host: What it is and can do.
    """

    hook: ClassVar[str] = "halscope_attached"
    host: HostInfo


@dataclass(frozen=True, slots=True)
class FrameDecoded:
    """A snapshot has been decoded. A subscriber that is slow gets the newest frame, not every one.

    Args:
        frame: Sprites, palettes and, where they were asked for, layers.
    """

    hook: ClassVar[str] = "halscope_frame_decoded"
    frame: Frame


@dataclass(frozen=True, slots=True)
class OriginsFound:
    """The tiles of a frame's VRAM have been looked up in the ROM; comes right after the frame, or later for the same
    frame where the ROM's index was ready later.

    Args:
        frame: The frame, also where the subscriber did not ask for frames.
        origins: The places of its 2048 tiles.
    """

    hook: ClassVar[str] = "halscope_origins_found"
    frame: Frame
    origins: VramOrigins


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
    """

    hook: ClassVar[str] = "halscope_progress"
    job: str
    done: int
    total: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class JobFailed:
    """Work, a callback or a hook failed; everything else goes on. Never left out.

    Args:
        job: The work's name, or what else failed ("tap …", "subscription …").
        error: What it raised.
        traceback: Its traceback as text; empty where there is none.
        plugin: The plugin whose hook failed, or empty.
    """

    hook: ClassVar[str] = "halscope_job_failed"
    job: str
    error: BaseException
    traceback: str = ""
    plugin: str = ""


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


Event = Attached | FrameDecoded | OriginsFound | PatchReady | JobProgress | JobFailed | Detached
"""Any of them."""
