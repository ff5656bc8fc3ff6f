"""A project as a value: the ROM that its edits start from, the ROMs before it, and the edits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal, Self

from halscope_hooks import UsageError

from halscope.inject import Moved
from halscope.project._edit_list import Edit, EditList
from halscope.project._sheet_names import is_sheet_name, same_file
from halscope.rom.image import Rom


@dataclass(frozen=True, slots=True)
class RomBase:
    """A ROM that edits start from. The image itself is never part of a project.

    Args:
        sha256: SHA-256 of the headerless image, lower-case hex.
        crc32: Its CRC32, 8 lower-case hex digits.
        title: Title from its header, for users.
        size: Its size in bytes.
    """

    sha256: str
    crc32: str
    title: str
    size: int

    @classmethod
    def of(cls, rom: Rom) -> Self:
        """Return what a project says of this ROM."""
        title = "".join(letter if letter.isprintable() else "?" for letter in rom.title)
        return cls(rom.sha256, rom.crc32, title, int(rom.data.size))


LeftState = Literal["there", "lost"]
"""`there`: the ROM has the edited tiles already. `lost`: it has neither them nor the tiles before the edit."""


@dataclass(frozen=True, slots=True)
class LeftEdit:
    """An edit that the project's ROM has no place for. It is kept, and returns once a ROM has its tiles again.

    Args:
        edit: The edit, as of the ROM that its sheet names.
        reason: Why it could not be carried over, for users.
        state: What the ROM has in its place.
    """

    edit: Edit
    reason: str
    state: LeftState = "lost"


@dataclass(frozen=True, slots=True)
class ProjectState:
    """What a project's file holds. Immutable.

    Args:
        base: The ROM that the edits start from.
        edits: The edits, and the steps that can be undone. Their names are those of the sheets in the project.
        lineage: The ROMs that the edits started from before, oldest first; each once.
        left: Edits of the ROMs before that this one has no place for.
        moved: Where blocks have been put that have outgrown their places in this ROM. They stay there, so that a patch
            does not move them again, and the same edits with the same history give the same bytes.

    Raises:
        UsageError: The fields contradict each other, an edit's name is not that of a sheet in a project, or two names
            are the same file on some system.
    """

    base: RomBase
    edits: EditList
    lineage: tuple[RomBase, ...] = ()
    left: tuple[LeftEdit, ...] = field(default=(), repr=False)
    moved: tuple[Moved, ...] = ()

    def __post_init__(self) -> None:
        if self.edits.rom_sha256 != self.base.sha256:
            raise UsageError("project: its edits belong to another ROM than its own")
        if len({rom.sha256 for rom in self.lineage}) != len(self.lineage):
            raise UsageError("project: a ROM is in its lineage twice")
        names: dict[str, str] = {}
        for edit in self.versions():
            other = names.setdefault(same_file(edit.name), edit.name)
            if other != edit.name:
                raise UsageError(
                    f"project: the sheets {other!r} and {edit.name!r} are the same file where case or the form of "
                    "accents does not count; rename one"
                )
            if not is_sheet_name(edit.name):
                raise UsageError(f"project: {edit.name!r} is not the name of a sheet in a project")
        if any(not 1 <= left.edit.id < self.edits.next_id for left in self.left):
            raise UsageError(f"project: an edit's id is not between 1 and {self.edits.next_id - 1}")
        if len({one.key for one in self.moved}) != len(self.moved):
            raise UsageError("project: a block was moved to two places")

    def versions(self) -> Iterable[Edit]:
        """Return every version of every edit, also of those that are undone or left, each once, oldest first."""
        kept = [edit for state in self.edits.states for edit in state]
        return dict.fromkeys([*kept, *(left.edit for left in self.left)])

    def knows(self, sha256: str) -> bool:
        """Whether this is the hash of the project's ROM, or of one that it started from before."""
        return sha256 == self.base.sha256 or any(rom.sha256 == sha256 for rom in self.lineage)

    def with_edits(self, edits: EditList, moved: tuple[Moved, ...] | None = None) -> Self:
        """Return the project with other edits of the same ROM. An edit that returns with its id is no longer left.

        Args:
            edits: The edits.
            moved: Where their blocks have been put, and those of edits before; `None` if nothing new was put anywhere.

        Raises:
            UsageError: They belong to another ROM.
        """
        ids = {edit.id for edit in edits.edits}
        left = tuple(one for one in self.left if one.edit.id not in ids)
        return replace(self, edits=edits, left=left, moved=self.moved if moved is None else moved)


def new_project(rom: Rom) -> ProjectState:
    """Return a project without edits."""
    return ProjectState(RomBase.of(rom), EditList(rom.sha256))
