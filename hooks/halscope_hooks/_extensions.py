"""What a plugin brings in through the extending hooks: hosts, exporters, and its own grouping of sprites."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from halscope_hooks._errors import UsageError
from halscope_hooks._host import Host
from halscope_hooks._patch import Patch


@dataclass(frozen=True, slots=True)
class HostRequest:
    """What a host is asked to open: a file that it runs, or the address of an emulator that runs already.

    Args:
        file: A ROM, or whatever else the host plays (a recording); `None` where only an address is given.
        core: What the user named with `--core`, or `None`.
        address: "HOST:PORT" or a URL, as the host documents it; `None`: the host's own default, or no address.

    Raises:
        UsageError: Neither is given. A host that needs the other one says so with `needed_file` or `needed_address`.
    """

    file: Path | None = None
    core: str | None = None
    address: str | None = None

    def __post_init__(self) -> None:
        if self.file is None and self.address is None:
            raise UsageError("a host is opened by a file or by an address; neither was given")

    def needed_file(self, host: str) -> Path:
        """The file. Raises UsageError, which names the host, where there is none."""
        if self.file is None:
            raise UsageError(f"the host {host} runs a file; give the ROM or recording, not an address ({self.address})")
        return self.file

    def needed_address(self, host: str) -> str:
        """The address. Raises UsageError, which names the host, where there is none."""
        if self.address is None:
            raise UsageError(f"the host {host} needs the address of a running emulator; give it with --address")
        return self.address


@runtime_checkable
class HostFactory(Protocol):
    """Opens an emulator, or something that stands for one."""

    @property
    def name(self) -> str:
        """Short lower-case name, what `--host` takes and `HostInfo.name` says ("libretro")."""

    @property
    def description(self) -> str:
        """One line for a person."""

    def open(self, request: HostRequest) -> Host:
        """Open it, on the thread that will drive it. Raises UsageError, RomError, FormatError or HostError."""


@dataclass(frozen=True, slots=True, eq=False)
class ExportRequest:
    """An edit that leaves as a file.

    Args:
        source: The ROM's file as it is on disk, its copier header included.
        target: The same file with the edit in it.
        copier_header: Bytes that stand in both before the image (0 or 512).
        patch: The writes that lead from the one to the other; offsets count without the copier header.
    """

    source: bytes
    target: bytes
    copier_header: int
    patch: Patch


@runtime_checkable
class Exporter(Protocol):
    """A form in which an edit leaves. Both methods are pure and may be called from any thread."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The endings, in lower case with their dot, by which a file's name asks for this form (".bps",)."""

    @property
    def description(self) -> str:
        """One line for a person ("BPS patch")."""

    def create(self, request: ExportRequest) -> bytes:
        """The file's bytes. Raises PatchError where the form cannot say this edit."""

    def apply(self, source: bytes, data: bytes) -> bytes | None:
        """The edited ROM file that `data` makes of `source`; nothing is written before this equals the target.

        `None` where the form cannot be read back (a listing for an assembler): then nothing is proven, and it is said.
        """


@dataclass(frozen=True, slots=True)
class SpriteGroup:
    """Sprites that belong together as one figure.

    Args:
        indices: OAM entries, 0 to 127, at least one, none twice.
    """

    indices: tuple[int, ...]
