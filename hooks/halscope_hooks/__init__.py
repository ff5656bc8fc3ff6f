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
    PermissionRefusedError,
    PluginError,
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
from halscope_hooks._extensions import Exporter, ExportRequest, HostFactory, HostRequest, SpriteGroup
from halscope_hooks._frame import Frame, Layer, Sprite
from halscope_hooks._markers import HOOK_API, PROJECT_NAME, hookimpl, hookspec
from halscope_hooks._origin import Origin, StartEvidence, VramOrigins
from halscope_hooks._patch import MemorySpace, Patch, Write
from halscope_hooks._permissions import PERMISSIONS, Permission
from halscope_hooks._profile import Decoder, GameProfile, PointerTable
from halscope_hooks._protocols import Block, CancelSignal, Codec, Host, HostInfo
from halscope_hooks._session_api import Delivery, JobControl, JobHandle, SessionApi, SubscriptionHandle
from halscope_hooks._snapshot import PpuRegisters, RasterEffects, RomIdentity, Snapshot

__all__ = [
    "HOOK_API",
    "PERMISSIONS",
    "PROJECT_NAME",
    "Attached",
    "Block",
    "CancelSignal",
    "CancelledError",
    "Codec",
    "CodecError",
    "Decoder",
    "Delivery",
    "Detached",
    "Event",
    "ExportRequest",
    "Exporter",
    "FormatError",
    "Frame",
    "FrameDecoded",
    "GameProfile",
    "HalscopeError",
    "Host",
    "HostError",
    "HostFactory",
    "HostInfo",
    "HostRequest",
    "ImageError",
    "InjectError",
    "JobControl",
    "JobFailed",
    "JobHandle",
    "JobProgress",
    "Layer",
    "MemorySpace",
    "Origin",
    "OriginsFound",
    "Patch",
    "PatchError",
    "PatchReady",
    "Permission",
    "PermissionRefusedError",
    "PluginError",
    "PointerTable",
    "PpuRegisters",
    "RasterEffects",
    "RomError",
    "RomIdentity",
    "SessionApi",
    "Snapshot",
    "Sprite",
    "SpriteGroup",
    "StartEvidence",
    "SubscriptionHandle",
    "UsageError",
    "VramOrigins",
    "Write",
    "hookimpl",
    "hookspec",
]
