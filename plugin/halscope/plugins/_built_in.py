"""Halscope's own parts as plugins, one a kind, registered through the hooks that strangers use."""

from __future__ import annotations

from dataclasses import dataclass

from halscope_hooks import Codec, Exporter, ExportRequest, GameProfile, Host, HostFactory, HostRequest, hookimpl

from halscope.codecs.hal import HAL
from halscope.codecs.lz import LZ1, LZ2
from halscope.codecs.simcity import SIMCITY
from halscope.export import bps, ips
from halscope.games import profiles
from halscope.hosts import libretro
from halscope.hosts.recording import ReplayHost
from halscope.rom.image import Rom


@dataclass(frozen=True, slots=True)
class _Libretro:
    name: str = "libretro"
    description: str = "a libretro core: snes9x or bsnes-mercury"

    def open(self, request: HostRequest) -> Host:
        file = request.needed_file(self.name)
        Rom.load(file)  # a core takes almost anything for a ROM: what is none is refused here, with the reason
        return libretro.LibretroHost(file, request.core)


@dataclass(frozen=True, slots=True)
class _Recording:
    name: str = "recording"
    description: str = "a recording, played back"

    def open(self, request: HostRequest) -> Host:
        return ReplayHost(request.needed_file(self.name))


@dataclass(frozen=True, slots=True)
class _Bps:
    suffixes: tuple[str, ...] = (".bps",)
    description: str = "BPS patch"

    def create(self, request: ExportRequest) -> bytes:
        return bps.create(request.source, request.target)

    def apply(self, source: bytes, data: bytes) -> bytes:
        return bps.apply(source, data)


@dataclass(frozen=True, slots=True)
class _Ips:
    suffixes: tuple[str, ...] = (".ips",)
    description: str = "IPS patch"

    def create(self, request: ExportRequest) -> bytes:
        return ips.create(request.source, request.target)

    def apply(self, source: bytes, data: bytes) -> bytes:
        return ips.apply(source, data)


@dataclass(frozen=True, slots=True)
class _PatchedCopy:
    suffixes: tuple[str, ...] = (".sfc", ".smc")
    description: str = "patched copy of the ROM"

    def create(self, request: ExportRequest) -> bytes:
        return request.target

    def apply(self, source: bytes, data: bytes) -> bytes:  # noqa: ARG002 - the copy is the edited file itself
        return data


class BuiltInHosts:
    """The emulators that Halscope opens itself."""

    @hookimpl
    def halscope_hosts(self) -> list[HostFactory]:
        """libretro cores, and recordings."""
        return [_Libretro(), _Recording()]


class BuiltInCodecs:
    """The compression formats that Halscope knows itself."""

    @hookimpl
    def halscope_codecs(self) -> list[Codec]:
        """HAL Laboratory's format, Nintendo's LC_LZ1 and LC_LZ2, and SimCity's."""
        return [HAL, LZ1, LZ2, SIMCITY]


class BuiltInExporters:
    """The forms in which Halscope lets an edit leave."""

    @hookimpl
    def halscope_exporters(self) -> list[Exporter]:
        """BPS, IPS, and the patched ROM itself."""
        return [_Bps(), _Ips(), _PatchedCopy()]


class BuiltInGames:
    """What Halscope knows of games."""

    @hookimpl
    def halscope_games(self) -> list[GameProfile]:
        """The profiles of the room `games`."""
        return list(profiles())


class BuiltIn(BuiltInHosts, BuiltInCodecs, BuiltInExporters, BuiltInGames):
    """All of them as one object, as `manifest.json` names it to a host that loads Halscope."""


BUILT_IN = {
    "halscope-hosts": BuiltInHosts(),
    "halscope-codecs": BuiltInCodecs(),
    "halscope-exporters": BuiltInExporters(),
    "halscope-games": BuiltInGames(),
}
"""By the names that they are registered under."""
