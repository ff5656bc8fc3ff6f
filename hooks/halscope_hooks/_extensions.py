"""What a plugin provides through the extension hooks: hosts, exporters and sprite grouping."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from halscope_hooks._errors import UsageError
from halscope_hooks._host import Host
from halscope_hooks._patch import Patch


@dataclass(frozen=True, slots=True)
class HostRequest:
    """A request to open a host: a file to run, or the address of an emulator that is already running.

    Args:
        file: A ROM, or another file that the host can play (a recording); `None` if only an address is given.
        core: The value of `--core`, or `None`.
        address: "HOST:PORT" or a URL, as documented by the host; `None` for the host's default, or if it needs none.
        mapping: The ROM's mapping ("lorom", "hirom" …) as the user named it, for a host that checks the file before it
            runs it; `None` if it is found from the file.

    Raises:
        UsageError: Neither a file nor an address is given. A host that needs a specific one of the two calls
            `needed_file` or `needed_address`.
    """

    file: Path | None = None
    core: str | None = None
    address: str | None = None
    mapping: str | None = None

    def __post_init__(self) -> None:
        if self.file is None and self.address is None:
            raise UsageError("a host is opened by a file or by an address; neither was given")

    def needed_file(self, host: str) -> Path:
        """Return the file. Raises UsageError, naming the host, if none was given."""
        if self.file is None:
            raise UsageError(f"the host {host} runs a file; give the ROM or recording, not an address ({self.address})")
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
        """Open the host on the thread that will drive it. Raises UsageError, RomError, FormatError or HostError."""


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
