"""The animation of a figure in a recording: its pictures in time, as an animated PNG or GIF."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from halscope_hooks import Frame, UsageError, VramOrigins
from numpy.typing import NDArray

from halscope._files import write_atomic
from halscope.app._doubts import doubts
from halscope.app._figure_names import figure_name
from halscope.app._judged import followed
from halscope.app._regroup import names_figure
from halscope.app._workspace import Workspace
from halscope.export.animation import NTSC_RATE, PAL_RATE, Shown, apng_bytes, gif_bytes
from halscope.formats.recording import RecordingReader
from halscope.inject import sheet_from_metasprite
from halscope.ppu import FrameDecoder
from halscope.ppu.animation import Animations, Picture, Step, Track
from halscope.ppu.cgram import to_rgb

SUFFIXES: Final = (".gif", ".png", ".apng")
_REGION: Final = 0x19
"""Offset of the region in the header ($00:FFD9); these are the ones with 50 fields a second."""
_PAL_REGIONS: Final = frozenset({*range(0x02, 0x0D), 0x11})


@dataclass(frozen=True, slots=True)
class WrittenAnimation:
    """An animation that was written.

    Args:
        path: The file.
        figure: Name of the figure's longest-shown picture.
        pictures: How many different pictures it has.
        frames: How many frames of the console it lasts.
        rate: Frames of the console a second.
        width: Width in pixels.
        height: Height in pixels.
        doubts: What may be wrong with the pictures; empty if they are proven.
    """

    path: Path
    figure: str
    pictures: int
    frames: int
    rate: float
    width: int
    height: int
    doubts: tuple[str, ...]

    def describe(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "file": str(self.path),
            "figure": self.figure,
            "pictures": self.pictures,
            "frames": self.frames,
            "seconds": round(self.frames / self.rate, 3),
            "width": self.width,
            "height": self.height,
        } | ({"doubts": list(self.doubts)} if self.doubts else {})


class _Seen(NamedTuple):
    """What is known of a picture: the name of its sheet, and what may be wrong with it."""

    name: str
    doubts: tuple[str, ...]


def write_animation(workspace: Workspace, recording: Path, wanted: str, output: Path) -> WrittenAnimation:
    """Write what a figure shows in a recording, picture by picture, with exact durations.

    Of several figures of that name it is the one that is shown longest. The pictures are aligned by the figure's
    anchor, so that it stays in its place however it moves, and mirrored as it was, compared with its first picture.

    Args:
        workspace: The ROM.
        recording: The recording.
        wanted: Name of a sheet of the figure (`hal-035d23/32x32-016`), or of the folder that it is in.
        output: The file: a `.gif`, or a `.png` or `.apng`.

    Raises:
        UsageError: The recording cannot be opened, no figure has this name, or a GIF cannot hold its colours.
        FormatError: It is not a recording, or is damaged.
        HalscopeError: The file cannot be written.
    """
    if output.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{output}: an animation is a .gif, or an animated .png (.apng); give one of these names")
    animations, seen = Animations(), dict[int, _Seen]()
    tracker, decoder = workspace.tracker(), FrameDecoder()
    with RecordingReader(recording) as reader:
        for snapshot in reader:
            frame = decoder.decode(followed(snapshot, workspace.rom))
            _follow(workspace, frame, partial(tracker, snapshot.vram), animations, seen)
    tracks = [
        track
        for track in animations.tracks.values()
        if any(names_figure(seen[number].name, wanted) for number in track.pictures)
    ]
    if not tracks:
        raise UsageError(
            f"{recording}: shows no figure {wanted!r}; `halscope replay {recording} --rom ROM --frame N` and `halscope "
            "extract` name the figures of a frame"
        )
    track = max(tracks, key=lambda one: (sum(step.frames for step in one.steps), -one.number))
    shown = drawn(animations, [track])
    rate = console_rate(workspace)
    data = gif_bytes(shown, rate) if output.suffix.lower() == ".gif" else apng_bytes(shown, rate)
    write_atomic(output, data)
    longest = max(track.pictures, key=lambda number: sum(s.frames for s in track.steps if s.picture == number))
    height, width = shown[0].rgba.shape[:2]
    frames = sum(one.frames for one in shown)
    notes = tuple(dict.fromkeys(doubt for number in track.pictures for doubt in seen[number].doubts))
    return WrittenAnimation(output, seen[longest].name, len(track.pictures), frames, rate, width, height, notes)


def console_rate(workspace: Workspace) -> float:
    """Return the frames a second of the console that the ROM is for, by the region in its header."""
    rom = workspace.rom
    is_pal = rom.has_header and int(rom.data[rom.header_offset + _REGION]) in _PAL_REGIONS
    return PAL_RATE if is_pal else NTSC_RATE


def drawn(animations: Animations, tracks: Sequence[Track]) -> list[Shown]:
    """Return what a figure shows, step by step, on canvases of one size.

    Args:
        animations: What has followed it.
        tracks: The figure, in time: more than one if it was lost in between.
    """
    places = animations.places(tracks)
    steps = [step for track in tracks for step in track.steps]
    first = steps[0]
    root = next(number for number, place in places.items() if place == (0, 0))
    anchor = animations.pictures[root].group
    rgba = {number: _rgba(animations.pictures[number]) for number in places}
    boxes = []
    for step in steps:
        x, y = places[step.picture]
        group = animations.pictures[step.picture].group
        across, down = _flipped(step, first)
        boxes.append((anchor.width - x - group.width if across else x, anchor.height - y - group.height if down else y))
    left, top = min(x for x, _ in boxes), min(y for _, y in boxes)
    pictures = [animations.pictures[step.picture].group for step in steps]
    width = max(x + group.width for (x, _), group in zip(boxes, pictures, strict=True)) - left
    height = max(y + group.height for (_, y), group in zip(boxes, pictures, strict=True)) - top
    shown = []
    for step, (x, y) in zip(steps, boxes, strict=True):
        picture = rgba[step.picture]
        across, down = _flipped(step, first)
        picture = picture[:: -1 if down else 1, :: -1 if across else 1]
        canvas = np.zeros((height, width, 4), np.uint8)
        canvas[y - top : y - top + picture.shape[0], x - left : x - left + picture.shape[1]] = picture
        shown.append(Shown(canvas, step.frames))
    return shown


def _follow(
    workspace: Workspace,
    frame: Frame,
    origins: Callable[[], VramOrigins],
    animations: Animations,
    seen: dict[int, _Seen],
) -> None:
    """Follow the figures of the next frame, and name their new pictures."""
    notes: tuple[str, ...] | None = None
    for _, picture in animations.add(frame, workspace.plugins.group_sprites(frame)):
        if picture.number not in seen:
            codecs = workspace.plugins.codecs()
            sheet = sheet_from_metasprite(frame, picture.group, origins(), workspace.rom, codecs)
            notes = doubts(frame) if notes is None else notes
            seen[picture.number] = _Seen(figure_name(sheet), notes)


def _flipped(step: Step, first: Step) -> tuple[bool, bool]:
    return step.hflip != first.hflip, step.vflip != first.vflip


def _rgba(picture: Picture) -> NDArray[np.uint8]:
    """Return uint8[h, w, 4] of a figure's picture in its colours."""
    pixels = picture.group.pixels
    alpha = np.where(pixels, 255, 0).astype(np.uint8)
    return np.dstack([np.where(pixels[:, :, None] > 0, to_rgb(picture.cgram)[pixels], 0).astype(np.uint8), alpha])
