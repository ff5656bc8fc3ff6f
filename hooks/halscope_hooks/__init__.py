"""The contract between Halscope, its hosts and its plugins: hook markers, boundary types and errors."""

from halscope_hooks._errors import (
    CancelledError,
    CodecError,
    FormatError,
    HalscopeError,
    HostError,
    ImageError,
    InjectError,
    PatchError,
    RomError,
    UsageError,
)
from halscope_hooks._events import (
    Attached,
    Detached,
    Event,
    FrameDecoded,
    JobFailed,
    JobProgress,
    OriginsFound,
    PatchReady,
)
from halscope_hooks._frame import Frame, Layer, Sprite
from halscope_hooks._markers import HOOK_API, PROJECT_NAME, hookimpl, hookspec
from halscope_hooks._origin import Origin, StartEvidence, VramOrigins
from halscope_hooks._patch import MemorySpace, Patch, Write
from halscope_hooks._protocols import Block, Codec, Host, HostInfo
from halscope_hooks._snapshot import PpuRegisters, RasterEffects, RomIdentity, Snapshot

__all__ = [
    "HOOK_API",
    "PROJECT_NAME",
    "Attached",
    "Block",
    "CancelledError",
    "Codec",
    "CodecError",
    "Detached",
    "Event",
    "FormatError",
    "Frame",
    "FrameDecoded",
    "HalscopeError",
    "Host",
    "HostError",
    "HostInfo",
    "ImageError",
    "InjectError",
    "JobFailed",
    "JobProgress",
    "Layer",
    "MemorySpace",
    "Origin",
    "OriginsFound",
    "Patch",
    "PatchError",
    "PatchReady",
    "PpuRegisters",
    "RasterEffects",
    "RomError",
    "RomIdentity",
    "Snapshot",
    "Sprite",
    "StartEvidence",
    "UsageError",
    "VramOrigins",
    "Write",
    "hookimpl",
    "hookspec",
]
