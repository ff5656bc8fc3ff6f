"""The ROM of an emulator that runs on its own: that of the user, or the one that the emulator has loaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePath
from typing import Protocol, runtime_checkable

from halscope_hooks import HalscopeError, Host, RomIdentity

from halscope.app._workspace import Workspace
from halscope.plugins import Plugins
from halscope.rom.image import Rom

Report = Callable[[str], None]


@runtime_checkable
class _HasImage(Protocol):
    """A host that has the running ROM itself, wherever its file is; empty if it has not."""

    rom_image: bytes


class AttachedRom:
    """The ROM of an attached emulator: that of the user, or the file that the emulator names, if it is there, or else
    what the emulator has loaded, such as a file in an archive.

    Args:
        given: The ROM that the user named, or `None`.
        plugins: The plugins.
        report: Called with each line of text for the user.
        mapping: Name of the mapping that the user gave, or `None`. It is used for the user's ROM, however often that is
            built anew, and without `given` for every ROM; so are `profile` and `fresh_index`.
        profile: The user's game file, or `None`.
        fresh_index: Whether the user wants the index built anew.
    """

    def __init__(
        self,
        given: Workspace | None,
        plugins: Plugins,
        report: Report,
        *,
        mapping: str | None = None,
        profile: Path | None = None,
        fresh_index: bool = False,
    ) -> None:
        self.given = given
        self._plugins = plugins
        self._report = report
        self._mapping = mapping
        self._profile = profile
        self._fresh_index = fresh_index
        self._opened: Workspace | None = None
        self._taken_for_given: RomIdentity | None = None
        """The first ROM that was named without a hash: nothing contradicts that it is the user's."""

    def workspace(self, rom: RomIdentity, host: Host) -> Workspace | None:
        """Return the workspace of the ROM that runs on a host, or `None` if its file is unknown."""
        for known in (self.given, self._opened):
            if known is not None and _agrees(rom, known):
                return known
        if self.given is not None and rom.sha256 is None and rom.sha1 is None:
            if self._taken_for_given is None:
                self._taken_for_given = rom
            if rom == self._taken_for_given:
                return self.given
        self._opened = self._from_file(rom) or self._from_memory(rom, host)
        if self.given is not None:
            instead = (
                "nothing is located; give the ROM that runs with --rom"
                if self._opened is None
                else f"tiles are located in {self._opened.rom.name}, and edits are made for it; a patch stays for "
                f"{self.given.rom.name}"
            )
            which = f"SHA-256 {rom.sha256}" if rom.sha256 else f"SHA-1 {rom.sha1}" if rom.sha1 else rom.path
            self._report(
                f"warning: the emulator runs another ROM than {self.given.rom.name} ({which or 'unnamed'}): {instead}"
            )
        return self._opened

    def _from_file(self, rom: RomIdentity) -> Workspace | None:
        if rom.path is None:
            return None
        ours = self.given is None or (self.given.rom.path is not None and Path(rom.path) == self.given.rom.path)
        try:
            workspace = Workspace.open(
                rom.path,
                self._plugins,
                mapping=self._mapping if ours else None,
                profile=self._profile if ours else None,
                fresh_index=self._fresh_index and ours,
            )
        except HalscopeError:
            return None  # an archive, or a path on the emulator's machine, which may be another one
        return None if _agrees(rom, workspace) is False else workspace

    def _from_memory(self, rom: RomIdentity, host: Host) -> Workspace | None:
        if not isinstance(host, _HasImage) or not host.rom_image:
            return None
        name = "the emulator's ROM" if rom.path is None else PurePath(rom.path).name
        try:
            return Workspace(Rom.from_bytes(host.rom_image, name), self._plugins)
        except HalscopeError:
            return None


def _agrees(identity: RomIdentity, workspace: Workspace) -> bool | None:
    """Whether a ROM that an emulator names is this one, by its hash; `None` if it names none."""
    rom = workspace.rom
    for theirs, ours in ((identity.sha256, rom.sha256), (identity.sha1, rom.sha1)):
        if theirs is not None:
            return theirs == ours
    return None
