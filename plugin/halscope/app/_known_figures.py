"""Figures as the user wants them, for good: names, merges and splits, stored in what is known about a ROM."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Self

from halscope_hooks import Frame, UsageError, VramOrigins

from halscope.app._figure_names import figure_name
from halscope.app._figure_sheet import figure_sheet
from halscope.app._regroup import Figure, Regrouped, Regrouping, regroup
from halscope.ppu.grouping import draw_group

if TYPE_CHECKING:
    from halscope.app._workspace import Workspace
    from halscope.project import Knowledge

_NOT_IN_FILES: Final = re.compile(r"[^\w.+-]+", re.ASCII)
_MOST_LETTERS: Final = 60
_RULED: Final = re.compile(r"\d+x\d+(w\d+)?-[0-9a-f]{3,6}\b|.*strip(-\d+)?$|bg\d")
"""Names that figures, strips and layers have without the user."""


@dataclass(frozen=True, slots=True)
class KnownFigures:
    """What the user has said about figures. A key is the name that `figure_name` makes of a figure's sheet.

    Args:
        names: Names by key, as the user wrote them.
        merges: Groups of keys of figures that are one.
        splits: Keys of figures that are their sprites, of merged figures too.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    merges: tuple[tuple[str, ...], ...] = ()
    splits: tuple[str, ...] = ()

    @classmethod
    def of(cls, known: Knowledge | None) -> Self:
        """Return what is known."""
        if known is None:
            return cls()
        return cls(
            {one.figure: one.name for one in known.names if one.name},
            known.merges,
            tuple(one.figure for one in known.splits if one.is_split),
        )

    def sheet_name(self, key: str) -> str:
        """Return the name of a figure's sheet, without a suffix: `hal-035d23/pip_walks`, or else the key."""
        given = self.names.get(key)
        return key if given is None else f"{key.rpartition('/')[0]}/{file_letters(given)}"

    def regrouping(self, more: Regrouping | None = None) -> Regrouping:
        """Return what is known together with what is asked for now."""
        if more is None:
            return Regrouping(self.merges, self.splits)
        return Regrouping((*more.merges, *self.merges), (*more.splits, *self.splits))


def file_letters(name: str) -> str:
    """Return a name as a file may be called."""
    return _NOT_IN_FILES.sub("_", name.strip())[:_MOST_LETTERS].strip("._-")


def known_figures(
    workspace: Workspace, frame: Frame, origins: VramOrigins, more: Regrouping | None = None
) -> Regrouped:
    """Return the figures of a frame with their names and edit sheets, grouped as the user wants them.

    Args:
        workspace: The ROM.
        frame: The frame.
        origins: Origins of the tiles in its VRAM.
        more: What to merge and to split besides what is known.
    """
    groups = [group for group in workspace.plugins.group_sprites(frame) if group.pixels.any()]
    known = workspace.figures
    wanted = known.regrouping(more)
    return regroup(
        frame, groups, wanted, lambda group: figure_sheet(workspace, frame, group, origins), known.sheet_name
    )


def name_figure(workspace: Workspace, key: str, name: str) -> str:
    """Give a figure a name for good; its sheets are called so from now on. An empty name takes it away.

    Returns:
        The name of its sheet.

    Raises:
        UsageError: The name has no letter that a file name may have, or another figure of the block has it.
        HalscopeError: It cannot be stored.
    """
    letters = file_letters(name)
    if name.strip() and not letters:
        raise UsageError(f"the name {name!r} has no letter or digit that a file may be called by (A to Z, 0 to 9)")
    from halscope.project import is_sheet_name

    if letters and not is_sheet_name(f"{letters}.png"):
        raise UsageError(f"no file may be called {letters!r} on every system; choose another name")
    if letters and _RULED.match(letters):
        raise UsageError(f"{letters!r} is a name that Halscope gives itself; choose another one")
    known = workspace.figures
    for other in known.names:
        same = known.sheet_name(other).lower() == f"{key.rpartition('/')[0]}/{letters}".lower()
        if letters and other != key and same:
            raise UsageError(f"the figure {other} is called {known.names[other]!r} already; choose another name")

    def learn(before: Knowledge) -> Knowledge:
        from halscope.project import FigureName

        return replace(before, names=(*before.names, FigureName(key, name.strip(), datetime.now(UTC))))

    workspace.learn_figures(learn)
    return workspace.figures.sheet_name(key)


def merge_figures(workspace: Workspace, frame: Frame, origins: VramOrigins, figures: Sequence[Figure]) -> None:
    """Have figures be one for good, wherever pictures of theirs like these are on the screen together.

    Args:
        workspace: The ROM.
        frame: A frame that shows them.
        origins: Origins of the tiles in its VRAM.
        figures: The figures.

    Raises:
        UsageError: There are fewer than two.
        HalscopeError: It cannot be stored.
    """
    keys = tuple(dict.fromkeys(one.key for one in figures))
    if len(keys) < 2:
        raise UsageError("two figures with different pictures can be merged; these are one, or two of one kind")
    whole = draw_group(frame, [index for one in figures for index in one.group.indices])
    key = figure_name(figure_sheet(workspace, frame, whole, origins))
    if key in workspace.figures.splits:  # it was one before, and was split
        split_figure(workspace, key, split=False)
    workspace.learn_figures(lambda before: replace(before, merges=(*before.merges, keys)))


def split_figure(workspace: Workspace, key: str, *, split: bool = True) -> None:
    """Have a figure be its sprites for good; a merged one the figures that it was merged of. Or take that back.

    Raises HalscopeError if it cannot be stored.
    """

    def learn(before: Knowledge) -> Knowledge:
        from halscope.project import FigureSplit

        return replace(before, splits=(*before.splits, FigureSplit(key, split, datetime.now(UTC))))

    workspace.learn_figures(learn)


def figure_with(figures: Sequence[Figure], sprite: int) -> Figure | None:
    """Return the figure that a sprite belongs to."""
    return next((one for one in figures if sprite in one.group.indices), None)
