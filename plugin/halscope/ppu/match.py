"""Whether the picture that is composed from a frame is the one that the emulator drew."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from halscope_hooks import Frame, Snapshot, UsageError
from numpy.typing import NDArray

from halscope.ppu.compose import compose_screen
from halscope.ppu.registers import known

_INIDISP: Final = 0x00  # as RasterWrites counts registers
_FULL: Final = 15
_MOST_LINES: Final = 239


def with_match(frame: Frame) -> Frame:
    """Return the frame with `matches`. It takes as long as composing the screen.

    `matches` stays `None` if the snapshot has no picture, if the screen cannot be composed because a register is not
    known, or if it differs but the parts of the snapshot are of different ages. A frame that was compared already is
    returned as it is.
    """
    if frame.matches is not None:
        return frame
    wrong = differing_pixels(frame)
    if wrong is None or (wrong.any() and frame.snapshot.ages):
        return frame
    return replace(frame, matches=not wrong.any())


def differing_pixels(frame: Frame) -> NDArray[np.bool_] | None:
    """Return bool[height, width], the pixels in which the composed screen differs from the emulator's picture.

    Compared are the console's own 5 bits a channel. Brightness below the full one (INIDISP, $2100, bits 0 to 3) is
    rounded differently by each emulator, so one step more or less is the same there. If one picture has twice as many
    rows or columns as the other, the other's are doubled; pictures of any other size differ in every pixel.

    Returns:
        `None` if there is nothing to compare; see `with_match`.
    """
    snapshot = frame.snapshot
    picture = snapshot.picture
    if picture is None:
        return None
    try:
        rgb = compose_screen(frame).rgb
    except UsageError:
        return None
    ours, theirs = _same_size(rgb, picture), _same_size(picture, rgb)
    if ours.shape != theirs.shape:
        return np.ones(picture.shape[:2], np.bool_)
    steps = np.abs((ours >> 3).astype(np.int8) - (theirs >> 3).astype(np.int8)).max(axis=2)
    allowed = _rounding(snapshot, len(rgb)).repeat(len(ours) // len(rgb))
    wrong: NDArray[np.bool_] = steps > allowed[:, None]
    return wrong


def _same_size(picture: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the picture with its rows and columns doubled where the other has twice as many."""
    for axis in (0, 1):
        if picture.shape[axis] * 2 == other.shape[axis]:
            picture = picture.repeat(2, axis=axis)
    return picture


def _rounding(snapshot: Snapshot, rows: int) -> NDArray[np.int8]:
    """Return int8[rows]: 1 where the brightness is between black and full, else 0."""
    lines = rows if rows <= _MOST_LINES else rows // 2  # the rows of an interlaced picture come in pairs
    brightness = np.full(lines, known(snapshot.ppu.inidisp) & 0x8F, np.uint8)
    raster = snapshot.raster
    if raster is not None:
        for line, value in raster[raster["register"] == _INIDISP][["line", "value"]].tolist():
            brightness[line:] = value & 0x8F
    return ((brightness > 0) & (brightness < _FULL)).astype(np.int8).repeat(rows // lines)
