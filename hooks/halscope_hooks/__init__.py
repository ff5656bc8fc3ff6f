"""The contract between Halscope, its hosts and its plugins: hook markers, boundary types and errors.

numpy and pluggy are imported when a name that needs them is first used: a host can read `HOOK_API` in no time.
"""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` alone would cost more than all the rest of this module
if TYPE_CHECKING:
    from halscope_hooks._errors import (
        CancelledError,
        CodecError,
        FormatError,
        HalscopeError,
        HostError,
        HostGoneError,
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
        HostChanged,
        JobFailed,
        JobProgress,
        PatchReady,
        Touched,
        Update,
    )
    from halscope_hooks._extensions import Exporter, ExportRequest, HostFactory, HostRequest, SpriteGroup
    from halscope_hooks._frame import Changes, Frame, Layer, Sprite
    from halscope_hooks._host import (
        CAPABILITIES,
        Capability,
        Driven,
        Host,
        HostInfo,
        Outline,
        Overlay,
        Paced,
        Playable,
        Pushing,
        RomIdentity,
        Stateful,
        Tracing,
        WriteReceipt,
        capabilities_of,
        capability,
    )
    from halscope_hooks._markers import hookimpl, hookspec
    from halscope_hooks._origin import RAW_CODEC, CgramOrigins, Origin, StartEvidence, VramOrigins
    from halscope_hooks._patch import MemorySpace, Patch, Write
    from halscope_hooks._permissions import PERMISSIONS, Permission
    from halscope_hooks._profile import EDGE_RULES, Decoder, EdgeRule, GameProfile, PointerTable
    from halscope_hooks._protocols import Block, Codec
    from halscope_hooks._registers import CpuRegisters, DmaChannel, PpuRegisters
    from halscope_hooks._session_api import Delivery, JobControl, JobHandle, PullHandle, SessionApi, SubscriptionHandle
    from halscope_hooks._snapshot import RASTER_DTYPE, RasterEffects, RasterWrites, Snapshot
    from halscope_hooks._version import HOOK_API, PROJECT_NAME

_MODULES = {
    "CancelledError": "_errors",
    "CodecError": "_errors",
    "FormatError": "_errors",
    "HalscopeError": "_errors",
    "HostError": "_errors",
    "HostGoneError": "_errors",
    "ImageError": "_errors",
    "InjectError": "_errors",
    "PatchError": "_errors",
    "PermissionRefusedError": "_errors",
    "PluginError": "_errors",
    "RomError": "_errors",
    "UsageError": "_errors",
    "Attached": "_events",
    "Detached": "_events",
    "Event": "_events",
    "HostChanged": "_events",
    "JobFailed": "_events",
    "JobProgress": "_events",
    "PatchReady": "_events",
    "Touched": "_events",
    "Update": "_events",
    "ExportRequest": "_extensions",
    "Exporter": "_extensions",
    "HostFactory": "_extensions",
    "HostRequest": "_extensions",
    "SpriteGroup": "_extensions",
    "Changes": "_frame",
    "Frame": "_frame",
    "Layer": "_frame",
    "Sprite": "_frame",
    "CAPABILITIES": "_host",
    "Capability": "_host",
    "Driven": "_host",
    "Host": "_host",
    "HostInfo": "_host",
    "Outline": "_host",
    "Overlay": "_host",
    "Paced": "_host",
    "Playable": "_host",
    "Pushing": "_host",
    "RomIdentity": "_host",
    "Stateful": "_host",
    "Tracing": "_host",
    "WriteReceipt": "_host",
    "capabilities_of": "_host",
    "capability": "_host",
    "hookimpl": "_markers",
    "hookspec": "_markers",
    "RAW_CODEC": "_origin",
    "CgramOrigins": "_origin",
    "Origin": "_origin",
    "StartEvidence": "_origin",
    "VramOrigins": "_origin",
    "MemorySpace": "_patch",
    "Patch": "_patch",
    "Write": "_patch",
    "PERMISSIONS": "_permissions",
    "Permission": "_permissions",
    "EDGE_RULES": "_profile",
    "Decoder": "_profile",
    "EdgeRule": "_profile",
    "GameProfile": "_profile",
    "PointerTable": "_profile",
    "Block": "_protocols",
    "Codec": "_protocols",
    "CpuRegisters": "_registers",
    "DmaChannel": "_registers",
    "PpuRegisters": "_registers",
    "Delivery": "_session_api",
    "JobControl": "_session_api",
    "JobHandle": "_session_api",
    "PullHandle": "_session_api",
    "SessionApi": "_session_api",
    "SubscriptionHandle": "_session_api",
    "RASTER_DTYPE": "_snapshot",
    "RasterEffects": "_snapshot",
    "RasterWrites": "_snapshot",
    "Snapshot": "_snapshot",
    "HOOK_API": "_version",
    "PROJECT_NAME": "_version",
}

__all__ = [
    "CAPABILITIES",
    "EDGE_RULES",
    "HOOK_API",
    "PERMISSIONS",
    "PROJECT_NAME",
    "RASTER_DTYPE",
    "RAW_CODEC",
    "Attached",
    "Block",
    "CancelledError",
    "Capability",
    "CgramOrigins",
    "Changes",
    "Codec",
    "CodecError",
    "CpuRegisters",
    "Decoder",
    "Delivery",
    "Detached",
    "DmaChannel",
    "Driven",
    "EdgeRule",
    "Event",
    "ExportRequest",
    "Exporter",
    "FormatError",
    "Frame",
    "GameProfile",
    "HalscopeError",
    "Host",
    "HostChanged",
    "HostError",
    "HostFactory",
    "HostGoneError",
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
    "Outline",
    "Overlay",
    "Paced",
    "Patch",
    "PatchError",
    "PatchReady",
    "Permission",
    "PermissionRefusedError",
    "Playable",
    "PluginError",
    "PointerTable",
    "PpuRegisters",
    "PullHandle",
    "Pushing",
    "RasterEffects",
    "RasterWrites",
    "RomError",
    "RomIdentity",
    "SessionApi",
    "Snapshot",
    "Sprite",
    "SpriteGroup",
    "StartEvidence",
    "Stateful",
    "SubscriptionHandle",
    "Touched",
    "Tracing",
    "Update",
    "UsageError",
    "VramOrigins",
    "Write",
    "WriteReceipt",
    "capabilities_of",
    "capability",
    "hookimpl",
    "hookspec",
]


def __getattr__(name: str) -> object:
    """Import what is named when it is first asked for."""
    from importlib import import_module

    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
