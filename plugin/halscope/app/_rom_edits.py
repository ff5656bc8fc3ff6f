"""The edits that a running game holds, for each ROM that has run in it."""

from __future__ import annotations

from dataclasses import dataclass, field

from halscope_hooks import Patch

from halscope.app._workspace import Workspace
from halscope.inject import EditPlan
from halscope.project import EditList


@dataclass(slots=True, eq=False)
class RomEdits:
    """The edits of one ROM.

    Args:
        workspace: The ROM.
        edits: The edits that the running game holds.
        plan: Their plan; `None` while the game holds the original.
        patch: Their patch, likewise.
        missing: Edits that the game does not hold, because it was loaded anew; they are written into it again.
    """

    workspace: Workspace
    edits: EditList
    plan: EditPlan | None = None
    patch: Patch | None = None
    missing: EditList | None = None
    shown: set[str] = field(default_factory=set)
    """Names of the sheets that were written for its figures."""

    @property
    def kept(self) -> EditList:
        """The edits that a person has made, whether the game holds them now or not."""
        return self.edits if self.missing is None else self.missing

    def loaded_anew(self) -> None:
        """The game was loaded again, and holds the original ROM."""
        if self.kept.edits:
            self.missing = self.kept
        self.edits, self.plan, self.patch = EditList(self.workspace.rom.sha256), None, None


@dataclass(slots=True, eq=False)
class EditsByRom:
    """The edits of every ROM that has run, and which of them runs now.

    Args:
        first: The ROM that the person has named; what is written as a patch at the end is of this one.
    """

    first: RomEdits
    now: RomEdits | None = None
    others: dict[str, RomEdits] = field(default_factory=dict)

    @classmethod
    def of(cls, workspace: Workspace) -> EditsByRom:
        """The edits of a game that runs this ROM, none yet."""
        first = RomEdits(workspace, EditList(workspace.rom.sha256))
        return cls(first, first)

    def follow(self, workspace: Workspace | None) -> None:
        """Another ROM runs, or the same one was loaded anew; `None`: one that is not known."""
        if workspace is None:
            self.now = None
            return
        key = workspace.rom.sha256
        if key == self.first.workspace.rom.sha256:
            self.now = self.first
        else:
            self.now = self.others.setdefault(key, RomEdits(workspace, EditList(key)))
        self.now.loaded_anew()

    def unwritten(self) -> list[RomEdits]:
        """ROMs other than the first that were edited."""
        return [one for one in self.others.values() if one.kept.edits]
