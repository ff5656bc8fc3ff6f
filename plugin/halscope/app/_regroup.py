"""Figures as the user wants them: two that the rules kept apart merged into one, or one split into its sprites."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from halscope_hooks import Frame

from halscope.app._figure_names import figure_name
from halscope.inject import Sheet
from halscope.ppu.grouping import Metasprite, draw_group


@dataclass(frozen=True, slots=True)
class Regrouping:
    """What `--merge` and `--split` ask for. A name is that of a sheet, or of the folder that it is in.

    Args:
        merges: Groups of two names or more. On each frame, every figure of the first name that is there is merged with
            the nearest one of each other name.
        splits: Names of figures to be taken apart into their sprites.
    """

    merges: tuple[tuple[str, ...], ...] = ()
    splits: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All names, each once."""
        return tuple(dict.fromkeys((*(name for group in self.merges for name in group), *self.splits)))


class Figure(NamedTuple):
    """A figure on the screen, with the name of its edit sheet, the sheet, and the name that it has by the rules."""

    name: str
    group: Metasprite
    sheet: Sheet
    key: str

    def has_name(self, wanted: str) -> bool:
        """Whether a name that a user gives is that of this figure, or of the folder that its sheet is in."""
        return names_figure(self.name, wanted) or names_figure(self.key, wanted)


class Regrouped(NamedTuple):
    """The figures of a frame, by their first OAM entry, and the wanted names that figures had."""

    figures: list[Figure]
    found: frozenset[str]


def regroup(
    frame: Frame,
    groups: Sequence[Metasprite],
    wanted: Regrouping,
    sheet_of: Callable[[Metasprite], Sheet],
    named: Callable[[str], str] = lambda key: key,
) -> Regrouped:
    """Return the figures of a frame with their sheets, merged and split as wanted.

    Args:
        frame: The frame.
        groups: Its figures by the rules.
        wanted: What the user asks for.
        sheet_of: Builds the sheet of a figure.
        named: Returns the name of the sheet that a figure has by the rules' name.
    """

    def figure(group: Metasprite) -> Figure:
        sheet = sheet_of(group)
        key = figure_name(sheet)
        return Figure(named(key), group, sheet, key)

    figures: list[Figure] = []
    ruled = [*map(figure, groups)]
    for one in ruled:
        if len(one.group.indices) > 1 and any(one.has_name(split) for split in wanted.splits):
            singles = [draw_group(frame, [index]) for index in one.group.indices]
            figures += [figure(single) for single in singles if single.pixels.any()]
        else:
            figures.append(one)
    found = frozenset(each for each in wanted.names if any(one.has_name(each) for one in (*ruled, *figures)))
    for names in wanted.merges:
        present = [name for name in names if any(one.has_name(name) for one in figures)]
        joined: list[Figure] = []  # kept apart until the end, so that one figure is not merged again and again
        for one in [one for one in figures if one.has_name(present[0])] if len(present) > 1 else ():
            if one not in figures:  # it was another one's partner
                continue
            parts = [one]
            for name in present[1:]:
                partners = [other for other in figures if other not in parts and other.has_name(name)]
                if partners:
                    parts.append(min(partners, key=lambda other: _distance(one.group, other.group)))
            if len(parts) < 2:
                continue
            whole = figure(draw_group(frame, [index for part in parts for index in part.group.indices]))
            joined += parts if whole.key in wanted.splits else [whole]  # split: its parts stay, and join no other one
            figures = [other for other in figures if other not in parts]
        figures += joined
    return Regrouped(sorted(figures, key=lambda one: one.group.indices[0]), found)


def names_figure(name: str, wanted: str) -> bool:
    """Whether a name that a user gives is that of a sheet, or of the folder that it is in."""
    return wanted.removesuffix(".png") in (name, name.partition("/")[0])


def _distance(one: Metasprite, other: Metasprite) -> int:
    """Return the distance in pixels between the boxes of two figures; 0 if they touch."""
    across = max(one.x, other.x) - min(one.x + one.width, other.x + other.width)
    down = max(one.y, other.y) - min(one.y + one.height, other.y + other.height)
    return max(across, 0) + max(down, 0)
