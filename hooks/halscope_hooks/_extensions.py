"""What a plugin brings in through the extending hooks: hosts, exporters, and its own grouping of sprites."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from halscope_hooks._patch import Patch
from halscope_hooks._protocols import Host


@dataclass(frozen=True, slots=True)
class HostRequest:
    """What a host is asked to open.

    Args:
        file: A ROM, or whatever else the host plays (a recording).
        core: What the user named with `--core`, or `None`.
    """

    file: Path
    core: str | None = None


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
