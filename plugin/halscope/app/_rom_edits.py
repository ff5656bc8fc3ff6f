"""The edits in a running game, for each ROM that the emulator has run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from halscope_hooks import Patch, WriteReceipt

from halscope.app._workspace import RunningRom, Workspace
from halscope.inject import EditPlan, Moved, RoomPlan, apply_patch, edited_colours, edited_origins
from halscope.project import EditList


class Unanswered(NamedTuple):
    """Edits whose write the emulator has not answered in time: it is not known whether the game contains them."""

    edits: EditList
    plan: EditPlan
    room: RoomPlan
    patch: Patch
    receipt: WriteReceipt


@dataclass(slots=True, eq=False)
class RomEdits:
    """The edits of one ROM.

    Args:
        workspace: The ROM.
        edits: The edits that the running game contains.
        plan: Their plan; `None` while the game contains the original.
        patch: Their patch, likewise.
        room: The room of the plan.
        moved: Where blocks have been put since the game began, or in its project before: they stay there.
        missing: Edits that the game lost when it was reloaded, to be written again.
        given_up: Whether writing them again failed. They stay the user's edits, and the patch holds them.
        unanswered: The last write, if it is not known whether the game contains it.
    """

    workspace: Workspace
    edits: EditList
    plan: EditPlan | None = None
    patch: Patch | None = None
    room: RoomPlan = field(default_factory=RoomPlan)
    moved: tuple[Moved, ...] = ()
    missing: EditList | None = None
    given_up: bool = False
    unanswered: Unanswered | None = None
    shown: set[str] = field(default_factory=set)
    """Names of the sheets that were written for its metasprites."""
    palettes: set[str] = field(default_factory=set)
    """Names of the palette files that were written for its colours."""
    looks: set[bytes] = field(default_factory=set)
    """Looks of the figures that need no sheet any more, while the game contains this plan; see `figure_look`."""

    @property
    def kept(self) -> EditList:
        """The user's edits, whether the game contains them at present or not."""
        return self.edits if self.missing is None else self.missing

    def begin(self, edits: EditList, moved: tuple[Moved, ...]) -> None:
        """Begin with these edits, which the game does not contain yet, and where their blocks were put before."""
        self.moved = moved
        if edits.edits:
            self.missing = edits
        else:
            self.edits = edits  # their history

    def put(self, edits: EditList, plan: EditPlan, room: RoomPlan, patch: Patch) -> None:
        """Note that the running game now contains these edits."""
        self.edits, self.plan, self.patch, self.missing, self.unanswered = edits, plan, patch, None, None
        self.room, self.moved = room, room.remembered(self.moved)
        rom = self.workspace.rom
        image = np.frombuffer(apply_patch(rom, patch), np.uint8) if patch.rom else None
        places = {move.key: move.new for move in room.moves}
        contained = None if image is None else replace(rom, data=image, moved=places)
        self.workspace.running = RunningRom(contained, edited_origins(plan), edited_colours(plan))
        self.looks.clear()  # a figure may hold an edited tile now, or none any more

    def take_answer(self) -> Unanswered | None:
        """Return the write that was not answered in time, if the emulator has now made it or refused it."""
        late = self.unanswered
        if late is None or not late.receipt.done:
            return None
        self.unanswered = None
        if late.receipt.error is None:
            self.put(late.edits, late.plan, late.room, late.patch)
        return late

    def loaded_anew(self) -> None:
        """Note that the game was reloaded and contains the original ROM."""
        if self.kept.edits:
            self.missing, self.given_up = self.kept, False
            self.edits = EditList(self.workspace.rom.sha256)
        self.plan, self.patch, self.room = None, None, RoomPlan()  # without edits, their history stays
        self.workspace.running = RunningRom()
        self.unanswered = None
        self.looks.clear()


@dataclass(slots=True, eq=False)
class EditsByRom:
    """The edits of every ROM that has run, and which ROM runs now.

    Args:
        first: The ROM that the user named; the patch written at the end is for this one.
    """

    first: RomEdits
    now: RomEdits | None = None
    others: dict[str, RomEdits] = field(default_factory=dict)

    @classmethod
    def of(cls, workspace: Workspace) -> EditsByRom:
        """Return an empty list of edits for a game that runs this ROM."""
        first = RomEdits(workspace, EditList(workspace.rom.sha256))
        return cls(first, first)

    def follow(self, workspace: Workspace | None) -> None:
        """Switch to the ROM that was loaded, which may be the same one; `None` if it is unknown."""
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
        """The edited ROMs other than the first."""
        return [one for one in self.others.values() if one.kept.edits]
