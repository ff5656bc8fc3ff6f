"""Halscope's built-in parts, one plugin per kind, registered through the same hooks as third-party plugins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from halscope_hooks import (
    Codec,
    Exporter,
    ExportRequest,
    FoundEmulator,
    GameProfile,
    Host,
    HostFactory,
    HostRequest,
    hookimpl,
)

from halscope.codecs.hal import HAL
from halscope.codecs.lz import LZ1, LZ2
from halscope.codecs.simcity import SIMCITY
from halscope.export import bps, ips
from halscope.games import profiles
from halscope.rom.image import Rom
from halscope.rom.mapping import parse_mapping


@dataclass(frozen=True, slots=True)
class _Embedded:
    name: str = "embedded"
    description: str = "a libretro core (snes9x or bsnes-mercury) in a process of its own"

    def open(self, request: HostRequest) -> Host:
        from halscope.hosts import embedded

        kind = embedded.LiveEmbeddedHost if request.live else embedded.EmbeddedHost
        return kind(_snes_rom(request, self.name), request.core)


@dataclass(frozen=True, slots=True)
class _Libretro:
    name: str = "libretro"
    description: str = "a libretro core (snes9x or bsnes-mercury) in this process"

    def open(self, request: HostRequest) -> Host:
        from halscope.hosts import libretro

        return libretro.LibretroHost(_snes_rom(request, self.name), request.core)


@dataclass(frozen=True, slots=True)
class _Recording:
    name: str = "recording"
    description: str = "a recording, played back"

    def open(self, request: HostRequest) -> Host:
        from halscope.hosts.recording import ReplayHost

        return ReplayHost(request.needed_file(self.name))


class _Door(Protocol):
    """What each package of a remote host offers by these names."""

    def setup(self) -> str: ...

    def open_request(self, request: HostRequest) -> Host: ...

    def find_request(self, request: HostRequest) -> list[FoundEmulator]: ...


@dataclass(frozen=True, slots=True)
class _Remote:
    """A host for emulators that run on their own; its package is imported when it is used."""

    name: str
    description: str
    door: Callable[[], _Door]

    @property
    def setup(self) -> str:
        return self.door().setup()

    def open(self, request: HostRequest) -> Host:
        return self.door().open_request(request)

    def find(self, request: HostRequest) -> list[FoundEmulator]:
        return self.door().find_request(request)


class _Scripted(_Remote):
    """Mesen runs a script of the host's."""

    __slots__ = ()

    @property
    def script(self) -> Path:
        from halscope.hosts import mesen2

        return mesen2.script_path()


def _mesen2() -> _Door:
    from halscope.hosts import mesen2

    return mesen2


def _retroarch() -> _Door:
    from halscope.hosts import retroarch

    return retroarch


def _nwa() -> _Door:
    from halscope.hosts import nwa

    return nwa


def _usb2snes() -> _Door:
    from halscope.hosts import usb2snes

    return usb2snes


_REMOTE: Final = (
    _Scripted("mesen2", "Mesen 2 and MesenCE, by a script that runs in them", _mesen2),
    _Remote("retroarch", "RetroArch or another libretro frontend that runs Halscope's core", _retroarch),
    _Remote("nwa", "an emulator with Emulator Network Access (bsnes-plus; builds of snes9x, Mesen and BizHawk)", _nwa),
    _Remote("usb2snes", "a real console with an FX Pak Pro (sd2snes), behind QUsb2Snes, SNI or usb2snes", _usb2snes),
)


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


def _snes_rom(request: HostRequest, host: str) -> Path:
    """Return the file to run. A core accepts almost any file, so what is not a SNES ROM is refused here."""
    file = request.needed_file(host)
    Rom.load(file, None if request.mapping is None else parse_mapping(request.mapping))
    return file


class BuiltInHosts:
    """The built-in hosts."""

    @hookimpl
    def halscope_hosts(self) -> list[HostFactory]:
        """libretro cores, in a process of their own and in this one; recordings; emulators that run on their own."""
        return [_Embedded(), _Libretro(), _Recording(), *_REMOTE]


class BuiltInCodecs:
    """The built-in compression formats."""

    @hookimpl
    def halscope_codecs(self) -> list[Codec]:
        """HAL Laboratory's format, Nintendo's LC_LZ1 and LC_LZ2, and SimCity's."""
        return [HAL, LZ1, LZ2, SIMCITY]


class BuiltInExporters:
    """The built-in export formats."""

    @hookimpl
    def halscope_exporters(self) -> list[Exporter]:
        """BPS, IPS, and the patched ROM itself."""
        return [_Bps(), _Ips(), _PatchedCopy()]


class BuiltInGames:
    """The built-in game profiles."""

    @hookimpl
    def halscope_games(self) -> list[GameProfile]:
        """The profiles of `halscope.games`."""
        return list(profiles())


class BuiltIn(BuiltInHosts, BuiltInCodecs, BuiltInExporters, BuiltInGames):
    """All built-in parts as one object: the entry point that Halscope's own `manifest.json` names."""


BUILT_IN = {
    "halscope-hosts": BuiltInHosts(),
    "halscope-codecs": BuiltInCodecs(),
    "halscope-exporters": BuiltInExporters(),
    "halscope-games": BuiltInGames(),
}
"""The built-in plugins by the name under which each is registered."""
