"""Finding a moment in a recording: a contact sheet of its frames, and the next frame that shows sprites."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Final

import numpy as np
from halscope_hooks import Frame, UsageError
from numpy.typing import NDArray

from halscope._files import write_atomic
from halscope.app._doubts import doubts
from halscope.app._judged import judged_frame
from halscope.export.pictures import captioned, frame_sheet, png_bytes
from halscope.formats.recording import RecordingReader
from halscope.ppu import decode_frame
from halscope.ppu.compose import compose_screen
from halscope.ppu.grouping import group_sprites
from halscope.rom.image import Rom

SHEET: Final = "frames.png"
MOST_PICTURES: Final = 400
"""Pictures on one sheet: eight in a row of 128 pixels each are a picture of 1,200 by 7,000 pixels."""


def write_moment_sheet(recording: Path, every: int, folder: Path, rom: Rom | None = None) -> Path:
    """Write `frames.png`, a picture of every `every`-th frame with its number, and return its path.

    A frame whose decoded graphics may be wrong (see `doubts`) is outlined, and a line below the pictures says why.

    Args:
        recording: The recording.
        every: Distance of the frames.
        folder: Where to write.
        rom: The recording's ROM, for raster effects with tables in it, or `None`.

    Raises:
        UsageError: The recording cannot be opened, or that would be too many pictures.
        FormatError: It is not a recording, or is damaged.
        HalscopeError: The picture cannot be written.
    """
    with RecordingReader(recording) as reader:
        numbers = range(0, len(reader), every)
        if len(numbers) > MOST_PICTURES:
            least = -(-len(reader) // MOST_PICTURES)
            raise UsageError(
                f"{recording}: {len(numbers)} pictures of {len(reader)} frames do not fit on a sheet; give --every "
                f"{least} or more"
            )
        title = f"{recording.name}: {len(reader)} frames, every {every}th" if every > 1 else recording.name
        pictures: list[tuple[str, NDArray[np.uint8] | None]] = []
        reasons: dict[str, int] = {}
        marked: set[int] = set()
        for number in numbers:
            frame = judged_frame(reader[number], rom)
            marks = [reasons.setdefault(reason, len(reasons) + 1) for reason in doubts(frame)]
            if marks:
                marked.add(len(pictures))
            pictures.append((" ".join([f"frame {number}", *(f"[{mark}]" for mark in marks)]), _picture(frame)))
    image = frame_sheet(pictures, title=title, marked=marked)
    path = folder / SHEET
    write_atomic(path, png_bytes(captioned(image, [f"[{mark}] {reason}" for reason, mark in reasons.items()])))
    return path


def _picture(frame: Frame) -> NDArray[np.uint8] | None:
    """Return the recorded picture of a frame, or a composed one; `None` if its registers are not known."""
    if frame.snapshot.picture is not None:
        return frame.snapshot.picture
    try:
        return compose_screen(frame).rgb
    except UsageError:
        return None


def frame_with_sprites(recording: Path, frame: int) -> int | None:
    """Return the next frame from `frame` on that shows a sprite, or else the last one before it; `None` if none does.

    Raises:
        UsageError: The recording cannot be opened.
        FormatError: It is not a recording, or is damaged.
    """
    with RecordingReader(recording) as reader:
        for number in chain(range(frame, len(reader)), range(min(frame, len(reader)) - 1, -1, -1)):
            if group_sprites(decode_frame(reader[number])):
                return number
    return None
