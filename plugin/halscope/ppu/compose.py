"""The picture that the console shows: layers and sprites in hardware order, windows, colour math, brightness."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, get_args

import numpy as np
from halscope_hooks import Frame, UsageError
from numpy.typing import NDArray

import halscope._codec as _codec
from halscope.ppu import registers

Style = Literal["console", "snes9x 1.54", "snes9x"]
"""Whose rounding a picture has: the console's and the bsnes family's, or that of snes9x up to 1.54 or later."""

STYLES: Final[tuple[Style, ...]] = get_args(Style)
_ASSUMED: Final = {
    "obsel": "sprites: OBSEL ($2101) is not known",
    "oamadd": "OAMADD ($2102) is not known: sprite 0 is assumed to be the first",
    "tmw": "windows: TMW is not known",
    "tsw": "windows: TSW is not known",
    "cgwsel": "colour math: CGWSEL is not known",
    "cgadsub": "colour math: CGADSUB is not known",
    "setini": "SETINI ($2133) is not known: assumed to be 224 lines, no interlace",
}


@dataclass(frozen=True, slots=True, eq=False)
class Screen:
    """The picture composed from a snapshot.

    The height is 224, or 239 with overscan; an interlaced picture has twice as many rows, those of field 0 first of
    each pair. The width is 256, or 512 if any row is in hi-res: mode 5 or 6, or pseudo hi-res. There the even columns
    are the subscreen's and the odd ones the main screen's; the pixels of the other rows are doubled.

    Args:
        rgb: uint8[height, width, 3].
        owner: int16[height, width], OAM index of the sprite visible there, or -1.
        ignored: Effects of the snapshot that the picture does not reproduce, as text.
        colours: uint16[height, width], BGR555 before INIDISP's brightness.
        brightness: uint8[height], INIDISP's brightness of each row, 0 to 15; 0 in forced blank.
        range_over: bool[lines], lines with more than 32 sprites: those further back are missing.
        time_over: bool[lines], lines with more than 34 slivers of 8 pixels: those in *front* are missing.
    """

    rgb: NDArray[np.uint8]
    owner: NDArray[np.int16]
    ignored: tuple[str, ...]
    colours: NDArray[np.uint16] = field(repr=False)
    brightness: NDArray[np.uint8] = field(repr=False)
    range_over: NDArray[np.bool_] = field(repr=False)
    time_over: NDArray[np.bool_] = field(repr=False)


def compose_screen(frame: Frame, *, style: Style = "console") -> Screen:
    """Return the screen, each line with the registers and the palette that it had (`Snapshot.raster`).

    Where the cores differ, this follows bsnes-mercury-accuracy, except that mosaic in hi-res counts whole pixels from
    the even half, as in snes9x, Mesen 2 and later versions of bsnes. A sprite with y = 0 begins on the picture's first
    line; the frontmost sprite is the first in (rotated) OAM order regardless of its priority bits; 32 sprites are taken
    from the front, then 34 slivers from the back; a sprite at x = -256 counts towards both limits although it is not
    visible. With half-height sprites (SETINI, $2133, bit 1) each field shows rows `2 * (line - y) + field`.

    Args:
        frame: The frame.
        style: How brightness and halved colour math round, see `compare_picture`. On the console INIDISP dims in steps
            of (n + 1) / 16, the lowest being 1 / 64, as measured by the authors of bsnes and ares (fullsnes has the
            same steps, and black).

    Raises:
        UsageError: A required register (INIDISP, BGMODE, TM or one of a displayed layer) is not known.
    """
    snapshot = frame.snapshot
    (
        colours,
        rgb,
        owner,
        brightness,
        range_over,
        time_over,
        missing,
        assumed,
        late_colours,
        field_assumed,
        late_obsel,
    ) = _codec.snes_compose(
        snapshot.vram,
        snapshot.cgram,
        snapshot.oam,
        registers.values(snapshot.ppu),
        registers.raster_bytes(snapshot),
        snapshot.field,
        STYLES.index(style),
    )
    if missing:
        raise UsageError(registers.not_known(missing))
    ignored = [_ASSUMED[name] for name in assumed]
    if late_colours:
        ignored.append("HDMA writes colours below the first line: what they were above is not known")
    if late_obsel:
        ignored.append(
            "HDMA writes OBSEL ($2101) while a line's sprites are fetched: some may look as on the line above"
        )
    if field_assumed:
        ignored.append("interlace (SETINI, $2133): the field is not known, field 0 is assumed")
    if snapshot.raster is None and snapshot.raster_effects == "some":
        ignored.append("raster effects: registers changed while the picture was drawn")
    return Screen(rgb, owner, tuple(ignored), colours, brightness, range_over.view(np.bool_), time_over.view(np.bool_))
