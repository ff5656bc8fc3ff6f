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
        merges: Pairs of names. On each frame, every figure of the first name is merged with the nearest one of the
            second.
        splits: Names of figures to be taken apart into their sprites.
    """

    merges: tuple[tuple[str, str], ...] = ()
    splits: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All names, each once."""
        return tuple(dict.fromkeys((*(name for pair in self.merges for name in pair), *self.splits)))


class Figure(NamedTuple):
    """A figure on the screen, with its name and its edit sheet."""

    name: str
    group: Metasprite
    sheet: Sheet


class Regrouped(NamedTuple):
    """The figures of a frame, by their first OAM entry, and the wanted names that figures had."""

    figures: list[Figure]
    found: frozenset[str]


def regroup(
    frame: Frame, groups: Sequence[Metasprite], wanted: Regrouping, sheet_of: Callable[[Metasprite], Sheet]
) -> Regrouped:
    """Return the figures of a frame with their sheets, merged and split as wanted.

    Args:
        frame: The frame.
        groups: Its figures by the rules.
        wanted: What the user asks for.
        sheet_of: Builds the sheet of a figure.
    """

    def figure(group: Metasprite) -> Figure:
        sheet = sheet_of(group)
        return Figure(figure_name(sheet), group, sheet)

    figures: list[Figure] = []
    ruled = [*map(figure, groups)]
    for one in ruled:
        if len(one.group.indices) > 1 and any(names_figure(one.name, split) for split in wanted.splits):
            singles = [draw_group(frame, [index]) for index in one.group.indices]
            figures += [figure(single) for single in singles if single.pixels.any()]
        else:
            figures.append(one)
    names = {one.name for one in (*ruled, *figures)}
    found = frozenset(each for each in wanted.names if any(names_figure(name, each) for name in names))
    for first, second in wanted.merges:
        joined: list[Figure] = []  # kept apart until the end, so that one figure is not merged again and again
        for one in [one for one in figures if names_figure(one.name, first)]:
            partners = [other for other in figures if other is not one and names_figure(other.name, second)]
            if not partners or one not in figures:  # it was another one's partner
                continue
            partner = min(partners, key=lambda other: _distance(one.group, other.group))
            joined.append(figure(draw_group(frame, [*one.group.indices, *partner.group.indices])))
            figures = [other for other in figures if other is not one and other is not partner]
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
