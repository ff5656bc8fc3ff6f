"""What a plugin provides through the extension hooks: hosts, exporters and sprite grouping."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from halscope_hooks._errors import UsageError
from halscope_hooks._host import Host
from halscope_hooks._patch import Patch


@dataclass(frozen=True, slots=True)
class HostRequest:
    """A request to open a host: a file to run, or an emulator that is already running.

    Args:
        file: A ROM, or another file that the host can play (a recording). For an emulator that is already running, the
            ROM that the user says it runs, or `None`.
        core: The value of `--core`, or `None`.
        address: "HOST:PORT" or a URL, as documented by the host; `None` for the host's default, or if it needs none.
        mapping: The ROM's mapping ("lorom", "hirom" …) as the user named it, for a host that checks the file before it
            runs it; `None` if it is found from the file.
        obsel: The value of $2101 as the user named it, for a host that cannot read this register; `None` if unknown.
        live: Whether the game should run by its own clock, for a host that can do so or be driven; others ignore it.
    """

    file: Path | None = None
    core: str | None = None
    address: str | None = None
    mapping: str | None = None
    obsel: int | None = None
    live: bool = False

    def needed_file(self, host: str) -> Path:
        """Return the file. Raises UsageError, naming the host, if none was given."""
        if self.file is None:
            instead = "" if self.address is None else f", not an address ({self.address})"
            raise UsageError(f"the host {host} runs a file; give the ROM or recording{instead}")
        return self.file

    def needed_address(self, host: str) -> str:
        """Return the address. Raises UsageError, naming the host, if none was given."""
        if self.address is None:
            raise UsageError(f"the host {host} needs the address of a running emulator; give it with --address")
        return self.address


@runtime_checkable
class HostFactory(Protocol):
    """Opens a host: an emulator, or a stand-in for one such as a recording."""

    @property
    def name(self) -> str:
        """Short lower-case name ("libretro"), as used by `--host` and `HostInfo.name`."""

    @property
    def description(self) -> str:
        """One-line description for users."""

    def open(self, request: HostRequest) -> Host:
        """Open the host on the thread that will drive it.

        Raises UsageError, RomError, FormatError or HostError; HostAbsentError if the emulator may still be started.
        """


@dataclass(frozen=True, slots=True)
class FoundEmulator:
    """A running emulator that a host can attach to.

    Args:
        address: Selects this emulator as `HostRequest.address`.
        name: Name and version of the emulator or device.
        game: What it runs, as far as it says so, or an empty string.
        problem: Why the host cannot attach to it now, or an empty string.
    """

    address: str
    name: str
    game: str = ""
    problem: str = ""


@runtime_checkable
class RemoteHostFactory(HostFactory, Protocol):
    """A HostFactory for emulators that run on their own: `halscope attach` accepts these.

    `open` returns within seconds. It raises HostAbsentError while there is nothing to attach to, and is then called
    again.
    """

    @property
    def setup(self) -> str:
        """What the user switches on or starts so that the emulator can be reached, in one or more lines."""

    def find(self, request: HostRequest) -> Sequence[FoundEmulator]:
        """Return the emulators that can be reached now. Raises UsageError or HostError."""


@dataclass(frozen=True, slots=True, eq=False)
class ExportRequest:
    """An edit to be exported as a file.

    Args:
        source: The ROM that the export is for: its image, or with `--headered` the image behind a copier header. The
            user's file may be the other one.
        target: The same bytes with the edit applied.
        copier_header: Size of the copier header at the start of both, in bytes (0 or 512).
        patch: The writes that turn `source` into `target`. Offsets do not count the copier header.
    """

    source: bytes
    target: bytes
    copier_header: int
    patch: Patch


@runtime_checkable
class Exporter(Protocol):
    """An export format for edits. Both methods must be pure and thread-safe."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """File name suffixes that select this format, in lower case with the dot (".bps",)."""

    @property
    def description(self) -> str:
        """One-line description for users ("BPS patch")."""

    def create(self, request: ExportRequest) -> bytes:
        """Return the contents of the exported file. Raises PatchError if the format cannot represent the edit."""

    def apply(self, source: bytes, data: bytes) -> bytes | None:
        """Apply the exported `data` to `source` and return the result.

        Halscope uses this to verify an export: the file is written only if the result equals `ExportRequest.target`.
        Return `None` if the format cannot be applied (an assembler listing); the user is then told that the export was
        not verified.
        """


@dataclass(frozen=True, slots=True)
class SpriteGroup:
    """Sprites that together form one figure.

    Args:
        indices: OAM entries, 0 to 127. At least one, without duplicates.
    """

    indices: tuple[int, ...]
