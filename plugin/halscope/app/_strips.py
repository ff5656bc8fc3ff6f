"""Strips: all pictures that a figure shows in a run or a recording, as one edit sheet."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from halscope_hooks import Frame, ImageError, UsageError, VramOrigins

from halscope.app._doubts import doubts
from halscope.app._figure_names import figure_name
from halscope.app._judged import followed
from halscope.app._regroup import names_figure
from halscope.app._workspace import Workspace
from halscope.formats.recording import RecordingReader
from halscope.inject import Sheet, StripPicture, sheet_from_metasprite, sheet_from_strip
from halscope.ppu import FrameDecoder
from halscope.ppu.animation import Animations, Picture, Track
from halscope.ppu.grouping import Metasprite

SETTLED_AFTER: Final = 120
"""Frames without a new picture after which a strip is written."""


STREAMED_WITHIN: Final = 2
"""Frames that a game takes at most to stream a picture into VRAM."""


class Strip(NamedTuple):
    """A strip to be written.

    Args:
        name: Path in the folder, without a suffix.
        sheet: The sheet.
        pictures: How many pictures it has.
    """

    name: str
    sheet: Sheet
    pictures: int


class _Taken(NamedTuple):
    """A picture that was collected: its sheet and the OBJ palettes that this has."""

    sheet: Sheet
    palettes: tuple[int, ...]


class Strips:
    """Collects the pictures of some figures, frame by frame.

    A figure is wanted if any of its pictures has a wanted name; then all of its pictures are taken, also those whose
    own sheets would have other names: of streamed tiles each has another.

    Args:
        workspace: The ROM.
        wanted: Names of sheets, or of the folders that they are in.
        there: Returns the strips of this name that exist already; a picture whose tiles they hold is in no new strip.
    """

    def __init__(
        self, workspace: Workspace, wanted: Sequence[str], there: Callable[[str], Sequence[Sheet]] = lambda _: ()
    ) -> None:
        self.workspace = workspace
        self.wanted = tuple(dict.fromkeys(name.removesuffix(".png") for name in wanted))
        self._there = {name: {place for sheet in there(name) for place in places_of(sheet)} for name in self.wanted}
        self.animations = Animations()
        """All figures that are followed."""
        self._taken: dict[int, _Taken | None] = {}
        self._names: dict[int, set[str]] = {}  # of each picture: a mirrored one has another name
        self._named: set[tuple[int, bool, bool]] = set()  # pictures, and the flips in which they were seen
        self._tracks: dict[str, dict[int, Track]] = {name: {} for name in self.wanted}
        self._covered: dict[str, set[int]] = {name: set() for name in self.wanted}

    @property
    def unseen(self) -> list[str]:
        """The wanted names that no figure has had."""
        return [name for name in self.wanted if not self._tracks[name]]

    def tracks_of(self, name: str) -> list[Track]:
        """Return the figures that had a wanted name, as they were followed."""
        return [*self._tracks[name].values()]

    def doubts_of(self, name: str) -> tuple[str, ...]:
        """Return what may be wrong with the pictures of a wanted name, each reason once."""
        taken = (self._taken[number] for track in self.tracks_of(name) for number in track.pictures)
        return tuple(dict.fromkeys(doubt for one in taken if one is not None for doubt in one.sheet.doubts))

    def pictures_of(self, name: str) -> list[Picture]:
        """Return the pictures that these figures showed, in the order of appearance, editable or not."""
        numbers = dict.fromkeys(number for track in self.tracks_of(name) for number in track.pictures)
        return [self.animations.pictures[number] for number in sorted(numbers)]

    def all_of(self, name: str) -> Strip:
        """Return all pictures of a wanted name so far as one strip, whether or not they are settled.

        Raises:
            UsageError: None of them has a tile whose place in the ROM is known.
            ImageError: They do not fit in one sheet.
        """
        followed = self.tracks_of(name)
        numbers = dict.fromkeys(number for track in followed for number in track.pictures)
        taken = {number: one for number in numbers if (one := self._taken[number]) is not None}
        for number in _half_streamed(taken, followed):
            del taken[number]
        if not taken:
            raise UsageError(f"{name}: none of its tiles is in the ROM, so it cannot be edited")
        return self._strip(name, taken, followed)

    def _strip(self, name: str, taken: Mapping[int, _Taken], followed: Sequence[Track]) -> Strip:
        places = self.animations.places(followed)
        pictures = [StripPicture(*taken[number], *places[number]) for number in taken]
        title = f"{name}: {len(pictures)} picture{'s' * (len(pictures) != 1)}"
        return Strip(strip_name(name), sheet_from_strip(pictures, title=title), len(pictures))

    def add(self, frame: Frame, origins: Callable[[], VramOrigins], edited: Collection[bytes] = ()) -> None:
        """Follow the figures of the next frame.

        Args:
            frame: The frame.
            origins: Returns the origins of its tiles; called only where there is a new picture.
            edited: Tiles that edits have made: pictures with any of them are left out, as the ROM lacks them.
        """
        new = self.animations.add(frame, self.workspace.plugins.group_sprites(frame))
        notes: tuple[str, ...] | None = None
        for track, picture in new:
            step = track.steps[-1]
            look = picture.number, step.hflip, step.vflip
            if look not in self._named:
                self._named.add(look)
                self._names.setdefault(picture.number, set()).add(figure_name(self._sheet(frame, track.group, origins)))
            if picture.number not in self._taken:
                sheet = self._sheet(frame, picture.group, origins)
                usable = any(cell.origin is not None for cell in sheet.cells)
                usable = usable and not any(cell.tile in edited for cell in sheet.cells)
                if usable:
                    notes = doubts(frame) if notes is None else notes
                    sheet = replace(sheet, doubts=notes)
                self._taken[picture.number] = _Taken(sheet, picture.group.palettes) if usable else None
        if new:
            self._follow_named()
        kept = {number for tracks in self._tracks.values() for number in tracks}
        lost = [track for track in self.animations.lost(frame.snapshot.frame) if track.number not in kept]
        if lost:
            self.animations.forget(lost)
            there = self.animations.pictures
            self._taken = {number: taken for number, taken in self._taken.items() if number in there}
            self._names = {number: names for number, names in self._names.items() if number in there}
            self._named = {look for look in self._named if look[0] in there}

    def follow(self, name: str, track: Track) -> None:
        """Follow a figure under a wanted name, whatever names its pictures have."""
        self._tracks[name][track.number] = track

    def _follow_named(self) -> None:
        """Follow all figures of which a picture has a wanted name."""
        for name in self.wanted:
            named = self._names.items()
            shown = {number for number, names in named if any(names_figure(one, name) for one in names)}
            for track in self.animations.tracks.values():
                if not shown.isdisjoint(track.pictures):
                    self.follow(name, track)

    def _sheet(self, frame: Frame, group: Metasprite, origins: Callable[[], VramOrigins]) -> Sheet:
        return sheet_from_metasprite(frame, group, origins(), self.workspace.rom, self.workspace.plugins.codecs())

    def settled(self, frame: int | None) -> Iterator[Strip]:
        """Yield the strips of the figures that have shown new pictures, and then none for two seconds.

        A picture is in one strip only: what a figure shows later is a strip of its own.

        Args:
            frame: Number of the frame; `None` at the end, where nothing is waited for.

        Raises:
            ImageError: The pictures do not fit in one sheet; they are not yielded again.
        """
        for name, tracks in self._tracks.items():
            followed = [*tracks.values()]
            if not followed:
                continue
            if frame is not None and max(track.changed for track in followed) > frame - SETTLED_AFTER:
                continue
            fresh = [
                number
                for number in dict.fromkeys(number for track in followed for number in track.pictures)
                if number not in self._covered[name]
            ]
            taken = {
                number: one
                for number in fresh
                if (one := self._taken[number]) is not None and not places_of(one.sheet) <= self._there[name]
            }
            for number in _half_streamed(taken, followed):
                del taken[number]
            if not taken:
                self._covered[name].update(fresh)
                continue
            try:
                strip = self._strip(name, taken, followed)
            except ImageError:
                self._covered[name].update(fresh)
                raise
            yield strip
            self._covered[name].update(fresh)  # not if it could not be written: a full disk may get room


def _half_streamed(taken: Mapping[int, _Taken], tracks: Sequence[Track]) -> list[int]:
    """Return the pictures that were only seen while the game streamed one picture over another.

    They are never seen for longer than two frames, and all of their tiles are those of other pictures.
    """
    longest = dict.fromkeys(taken, 0)
    for track in tracks:
        for step in track.steps:
            if step.picture in longest:
                longest[step.picture] = max(longest[step.picture], step.frames)
    kept = {number: places_of(one.sheet) for number, one in taken.items()}
    dropped = []
    for number in sorted(taken, key=lambda number: (longest[number], -number)):
        others = {place for other, places in kept.items() if other != number for place in places}
        if longest[number] <= STREAMED_WITHIN and kept[number] <= others:
            dropped.append(number)
            del kept[number]
    return dropped


def strip_name(wanted: str) -> str:
    """Return the name of the strip of a figure, without a suffix: `hal-035d23/strip`, `hal-035d23/32x32-016-strip`."""
    return f"{wanted}-strip" if "/" in wanted else f"{wanted}/strip"


def places_of(sheet: Sheet) -> set[tuple[str, int, int, str]]:
    """Return the places of a sheet's tiles in the ROM: codec, block offset, byte offset and transform."""
    origins = (cell.origin for cell in sheet.cells if cell.origin is not None)
    return {(one.codec, one.block_offset, one.byte_offset, one.transform) for one in origins}


def recorded_strips(workspace: Workspace, recording: Path, wanted: Sequence[str]) -> list[Strip]:
    """Return the strips of figures in a whole recording.

    Args:
        workspace: The ROM.
        recording: The recording.
        wanted: Names of sheets, or of the folders that they are in.

    Raises:
        UsageError: The recording cannot be opened, or no figure has one of the names.
        FormatError: It is not a recording, or is damaged.
        ImageError: The pictures of a figure do not fit in one sheet.
    """
    strips = Strips(workspace, wanted)
    tracker, decoder = workspace.tracker(), FrameDecoder()
    with RecordingReader(recording) as reader:
        for snapshot in reader:
            frame = decoder.decode(followed(snapshot, workspace.rom))
            strips.add(frame, partial(tracker, snapshot.vram))
    if strips.unseen:
        raise UsageError(
            f"{recording}: shows no figure {strips.unseen[0]!r}; `extract --recording {recording} --frame N` names the "
            "figures of a frame"
        )
    return [*strips.settled(None)]
